import type { Conversation, Placed } from "../memory/conversation.ts";
import { StoreError } from "../memory/thread-store.ts";
import type { Clock, MakeId, Mark, Message } from "../protocol/index.ts";
import { TimeoutError, within } from "./wait.ts";

/** The thread a turn speaks in, as the loop needs it. Every method rejects with a `StoreError` when the store cannot be used. */
export interface ThreadLog {
  readonly threadId: string;
  /** The thread as it is to be read now. */
  load(): Promise<Conversation>;
  /** Durable when it resolves, with the number of the row; the same `op` twice stores once. */
  append(message: Message, op: string): Promise<number>;
  /** Stores a mark behind the row `expect`; undefined, and nothing stored, where the thread has grown since. */
  mark(mark: Mark, expect: number): Promise<number | undefined>;
  /** Keeps a long text beside the thread and answers its name. */
  saveText(text: string): Promise<string>;
}

/** What of a message the loop decides; the rest is stamped when it is stored. */
export type NewMessage = Pick<Message, "role" | "parts"> &
  Partial<Pick<Message, "state" | "model" | "usage" | "finishReason">>;

/** How long one read or write of the store may take, in ms. */
const storeMs = 10_000;
/** The same for a write after the turn was stopped: what was said is stored all the same (rule 20). */
const lastWriteMs = 3_000;

export interface WriterDeps {
  readonly memory: ThreadLog;
  readonly clock: Clock;
  readonly ids: MakeId;
}

export async function readThread(log: ThreadLog, signal: AbortSignal): Promise<Conversation> {
  return inTime(log.load(), "reading the thread", storeMs, signal);
}

/**
 * Stores the messages of one turn, each under `turnId:n`, so that a write that was sent twice is kept once (rule 26).
 * A write is never given up because the turn was stopped; it then runs against its own, shorter deadline.
 */
export function createWriter({ memory, clock, ids }: WriterDeps, turnId: string, signal: AbortSignal): MessageWriter {
  let written = 0;
  const stamp = (message: NewMessage): Message => ({
    state: "complete",
    ...message,
    id: ids(),
    turnId,
    at: new Date(clock.now()).toISOString(),
  });
  const append = (message: Message, op: string) =>
    inTime(memory.append(message, op), "storing a message", signal.aborted ? lastWriteMs : storeMs, unstoppable);
  return {
    async store(message) {
      const stored = stamp(message);
      const seq = await append(stored, `${turnId}:${written}`);
      written++;
      return { seq, message: stored };
    },
    async claim(message, op) {
      const claimed = stamp(message);
      await append(claimed, op);
      const { messages } = await readThread(memory, unstoppable);
      return messages.find(({ message: { id } }) => id === claimed.id);
    },
  };
}

export interface MessageWriter {
  readonly store: (message: NewMessage) => Promise<Placed>;
  /** Stores a message under a name of its own; undefined when another writer had taken the name before. */
  readonly claim: (message: NewMessage, op: string) => Promise<Placed | undefined>;
}

const unstoppable = new AbortController().signal;

/** What a store promised, or a `StoreError` when it took too long. */
export async function inTime<T>(promise: Promise<T>, what: string, ms: number, signal: AbortSignal): Promise<T> {
  try {
    return await within(promise, what, ms, signal);
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    throw new StoreError({
      code: "store_unavailable",
      message: error.message,
      hint: "look at the store with `chingu doctor`",
    });
  }
}
