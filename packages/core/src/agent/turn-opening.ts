import type { Failure } from "../protocol/index.ts";
import { inTime } from "./turn-log.ts";

/** Instructions that may change from turn to turn, and what a person should know of them: a file that was cut. */
export interface SystemText {
  readonly text: string;
  readonly notices?: readonly Failure[];
}

export type SystemSource = () => Promise<SystemText>;

interface Opening {
  readonly system: string;
  readonly preface?: string | undefined;
  readonly notices: readonly Failure[];
}

const openingMs = 10_000;

/** Reads what heads every request of a turn, once. Rejects with a `StoreError` when the store cannot be used. */
export async function openTurn(
  { preface }: { readonly preface?: () => Promise<string | undefined> },
  { system }: { readonly system: string | SystemSource },
  signal: AbortSignal,
): Promise<Opening> {
  if (typeof system === "string" && !preface) return { system, notices: [] };
  const read = async (): Promise<SystemText> => (typeof system === "string" ? { text: system } : system());
  const [{ text, notices = [] }, quoted] = await Promise.all([
    inTime(read(), "reading the instructions", openingMs, signal),
    preface && inTime(preface(), "reading the facts", openingMs, signal),
  ]);
  return { system: text, preface: quoted, notices };
}
