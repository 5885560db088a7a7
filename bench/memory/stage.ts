import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openThreadStore } from "../../packages/core/src/memory/open.ts";
import type { ThreadStore } from "../../packages/core/src/memory/thread-store.ts";
import type { Message } from "../../packages/core/src/protocol/index.ts";
import { type Line, median } from "../line.ts";

/** One question and the figures that answer it. */
export interface Case {
  readonly name: string;
  readonly measure: (stage: Stage) => Promise<Line[]>;
}

/** What a case runs on: a folder of its own, and how much time there is. */
export interface Stage extends AsyncDisposable {
  readonly folder: string;
  readonly rounds: number;
  readonly quick: boolean;
  open(url: string): Promise<ThreadStore>;
  defer(undo: () => unknown): void;
}

export const namespace = "bench";
const never = new AbortController().signal;

export async function openStage(options: { readonly rounds: number; readonly quick: boolean }): Promise<Stage> {
  const cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "chingu-bench-"));
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  return {
    ...options,
    folder,
    async open(url) {
      const environment = { clock: { now: Date.now }, makeId: () => crypto.randomUUID(), home: "" };
      const store = await openThreadStore(url, environment, never);
      cleanup.defer(() => store.close());
      return store;
    },
    defer: (undo) => cleanup.defer(async () => void (await undo())),
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
}

/** Puts `count` messages into a thread, many at a time. Answers how many bytes of JSON they are. */
export async function fill(store: ThreadStore, id: string, count: number, make: (n: number) => Message) {
  let bytes = 0;
  for (let from = 0; from < count; from += 500) {
    const messages = Array.from({ length: Math.min(500, count - from) }, (_, n) => make(from + n));
    for (const message of messages) bytes += Buffer.byteLength(JSON.stringify(message));
    await store.append({ namespace, id }, messages);
  }
  return bytes;
}

export interface Compared {
  readonly name: string;
  readonly target: number;
  /** Operations of each side in a round. */
  readonly times: number;
  readonly ours: (n: number) => unknown;
  readonly floor: (n: number) => unknown;
}

/**
 * The p50 of two operations in µs, the median of the rounds. They take turns one by one, so that whatever else the
 * machine does falls on both; the first tenth of a round is not counted.
 */
export async function compare({ rounds }: Stage, { name, target, times, ours, floor }: Compared): Promise<Line> {
  const mine: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const took = { ours: [] as number[], floor: [] as number[] };
    for (let n = 0; n < times; n++) {
      for (const side of n % 2 ? (["ours", "floor"] as const) : (["floor", "ours"] as const)) {
        const started = performance.now();
        await (side === "ours" ? ours : floor)(round * times + n);
        if (n >= times / 10) took[side].push(1000 * (performance.now() - started));
      }
    }
    mine.push(median(took.ours));
    theirs.push(median(took.floor));
  }
  const cost = { ours: median(mine), floor: median(theirs) };
  return { case: name, unit: "µs", ...cost, ratio: cost.ours / cost.floor, target, rounds };
}
