import type { AppendOptions, Row, ThreadKey, ThreadStore } from "../memory/thread-store.ts";
import type { Message } from "../protocol/index.ts";
import type { ThreadLog } from "./turn-log.ts";

/** Every readable message of a thread, oldest first; rows that cannot be read are passed over. */
export type ReadThread = (key: ThreadKey) => Promise<readonly Message[]>;

const threadsKept = 16;

interface Known {
  readonly messages: readonly Message[];
  /** The newest row when it was last read, and the message that stood there. */
  readonly seq: number;
  readonly newest: string;
}

/**
 * Reads threads of one store again and again: from the second time on only the rows behind the newest one known. That
 * row is read with them, as a witness that the thread is still the same; where it is not, all is read anew.
 */
export function createThreadReader(store: ThreadStore): ReadThread {
  const threads = new Map<string, Known>();
  return async (key) => {
    const name = JSON.stringify([key.namespace, key.id]);
    const known = threads.get(name);
    const [witness, ...added] = known ? await store.read(key, { after: known.seq - 1 }) : [];
    const unchanged = known && witness && "message" in witness && witness.message.id === known.newest;
    const rows = unchanged ? added : await store.read(key);
    const messages = unchanged ? [...known.messages, ...messagesOf(rows)] : messagesOf(rows);
    const last = rows.at(-1) ?? (unchanged ? witness : undefined);
    threads.delete(name);
    if (last && "message" in last) threads.set(name, { messages, seq: last.seq, newest: last.message.id });
    for (const oldest of threads.keys()) if (threads.size > threadsKept) threads.delete(oldest);
    return messages;
  };
}

function messagesOf(rows: readonly Row[]): Message[] {
  return rows.flatMap((row) => ("message" in row ? [row.message] : []));
}

/** The log of one thread in a store. `created` is what a new thread is given. */
export function openThreadLog(
  store: ThreadStore,
  read: ReadThread,
  key: ThreadKey,
  created: Pick<AppendOptions, "title" | "folder">,
): ThreadLog {
  return {
    threadId: key.id,
    load: () => read(key),
    append: async (message, op) => {
      await store.append(key, [message], { op, ...created });
    },
    saveText: (text) => store.saveText(key, text),
  };
}
