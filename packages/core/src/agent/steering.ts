import type { Attachment, Part, UnstampedEvent } from "../protocol/index.ts";
import { toValidUnicode } from "../text/index.ts";
import type { TurnThread } from "./turn-thread.ts";

/** Input that joins a running turn before its next step (rule 19). */
export interface Steering {
  /** What was accepted since the last time; it is the turn's to store. */
  take(): readonly string[];
  /** From now on input is for the next turn. */
  close(): void;
}

/** Input for a running turn. What was accepted is taken exactly once; after a stop nothing is accepted (rule 19). */
export function createSteering(stop: AbortSignal): Steering & { readonly steer: (text: string) => boolean } {
  let accepted: string[] = [];
  let open = true;
  return {
    steer(text) {
      if (!open || stop.aborted) return false;
      accepted.push(text);
      return true;
    },
    take() {
      const taken = accepted;
      accepted = [];
      return taken;
    },
    close() {
      open = false;
    },
  };
}

/** Stores what the user says. */
export function hear(
  thread: TurnThread,
  text: string,
  attachments: readonly Attachment[] = [],
): Promise<UnstampedEvent> {
  const said: Part = { type: "text", text };
  const parts = [said, ...attachments].map((part) =>
    part.type === "text" ? { ...part, text: toValidUnicode(part.text.normalize("NFC")) } : part,
  );
  return thread.keep({ role: "user", parts });
}

/** Stores what was said since the last time; tells whether something was. */
export async function* hearSteering(
  { steering }: { readonly steering?: Steering },
  thread: TurnThread,
): AsyncGenerator<UnstampedEvent, boolean> {
  const said = steering?.take() ?? [];
  for (const text of said) yield await hear(thread, text);
  return said.length > 0;
}
