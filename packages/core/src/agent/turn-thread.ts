import type { Conversation, Placed } from "../memory/conversation.ts";
import type { Summary, UnstampedEvent } from "../protocol/index.ts";
import type { ApprovalThread } from "./approve-calls.ts";
import { sourcesOf, type TurnProgress } from "./turn-end.ts";
import { createWriter, inTime, readThread, type WriterDeps } from "./turn-log.ts";

/** A thread that can be compacted. */
export interface CompactThread {
  conversation(): Conversation;
  /** Reads what others have stored meanwhile. Where that leaves out what is known here, what is known here stays. */
  reload(signal: AbortSignal): Promise<Conversation>;
  /** Stores a summary behind the newest row known; false where somebody has stored something since. */
  keepSummary(summary: Summary, signal: AbortSignal): Promise<boolean>;
}

/** The thread as the turn sees it: what was there, and what the turn has stored since. */
export interface TurnThread extends ApprovalThread, CompactThread {
  readonly threadId: string;
}

export async function openThread(
  deps: WriterDeps,
  turnId: string,
  progress: TurnProgress,
  signal: AbortSignal,
): Promise<TurnThread> {
  const { store, claim } = createWriter(deps, turnId, signal);
  const { memory } = deps;
  const open = await openCompactThread(deps, signal);
  const messages = open.conversation().messages.map(({ message }) => message);
  progress.sources.push(...messages.flatMap(sourcesOf));
  const take = (placed: Placed): UnstampedEvent => {
    open.add(placed);
    messages.push(placed.message);
    progress.sources.push(...sourcesOf(placed.message));
    return { type: "message", message: placed.message };
  };
  return {
    ...open,
    threadId: memory.threadId,
    messages,
    async reload(stop) {
      const known = new Set(messages.map(({ id }) => id));
      const now = await open.reload(stop);
      const all = now.messages.map(({ message }) => message);
      messages.length = 0;
      for (const message of all) messages.push(message);
      progress.sources.push(...all.filter(({ id }) => !known.has(id)).flatMap(sourcesOf));
      return now;
    },
    keep: async (message) => take(await store(message)),
    async claim(message, op) {
      const stored = await claim(message, op);
      return stored && take(stored);
    },
  };
}

/** How long one read or write of the store may take, in ms. */
const storeMs = 10_000;

/** A thread outside of a turn, or below one. Rejects with a `StoreError` when the store cannot be used. */
export async function openCompactThread(
  { memory }: Pick<WriterDeps, "memory">,
  signal: AbortSignal,
): Promise<CompactThread & { readonly add: (placed: Placed) => void }> {
  let known = await readThread(memory, signal);
  let placed: Placed[] = [...known.messages];
  const conversation = (): Conversation => ({ ...known, messages: placed });
  return {
    conversation,
    add(one) {
      placed.push(one);
      known = { ...known, seq: Math.max(known.seq, one.seq) };
    },
    async reload(stop) {
      const now = await readThread(memory, stop);
      const newest = placed.at(-1)?.message.id;
      if (newest === undefined || now.messages.some(({ message }) => message.id === newest)) {
        known = now;
        placed = [...now.messages];
      }
      return conversation();
    },
    async keepSummary(summary, stop) {
      const seq = await inTime(memory.mark(summary, known.seq), "storing a summary", storeMs, stop);
      if (seq === undefined) return false;
      known = { ...known, summaries: [...known.summaries, summary], unsummarised: false, seq };
      return true;
    },
  };
}
