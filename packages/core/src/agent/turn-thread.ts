import type { Message, UnstampedEvent } from "../protocol/index.ts";
import type { ApprovalThread } from "./approve-calls.ts";
import { sourcesOf, type TurnProgress } from "./turn-end.ts";
import { createWriter, readThread, type WriterDeps } from "./turn-log.ts";

/** The thread as the turn sees it: what was there, and what the turn has stored since. */
export type TurnThread = ApprovalThread;

export async function openThread(
  deps: WriterDeps,
  turnId: string,
  progress: TurnProgress,
  signal: AbortSignal,
): Promise<TurnThread> {
  const { store, claim } = createWriter(deps, turnId, signal);
  const messages = [...(await readThread(deps.memory, signal))];
  progress.sources.push(...messages.flatMap(sourcesOf));
  const take = (stored: Message): UnstampedEvent => {
    messages.push(stored);
    progress.sources.push(...sourcesOf(stored));
    return { type: "message", message: stored };
  };
  return {
    messages,
    keep: async (message) => take(await store(message)),
    async claim(message, op) {
      const stored = await claim(message, op);
      return stored && take(stored);
    },
  };
}
