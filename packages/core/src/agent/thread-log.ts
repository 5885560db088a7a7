import { type Conversation, conversationOf } from "../memory/conversation.ts";
import type { AppendOptions, Row, ThreadKey, ThreadStore } from "../memory/thread-store.ts";
import type { ThreadLog } from "./turn-log.ts";

/** A thread as it is to be read now: rewinds applied, its summaries known. Rows that cannot be read are passed over. */
export type ReadThread = (key: ThreadKey) => Promise<Conversation>;

const threadsKept = 16;

interface Known {
  readonly conversation: Conversation;
  /** What stood in the newest row when it was last read. */
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
    const [witness, ...added] = known ? await store.read(key, { after: known.conversation.seq - 1 }) : [];
    const unchanged = known && witness && identityOf(witness) === known.newest;
    const rows = unchanged ? added : await store.read(key);
    const conversation = conversationAfter(rows, unchanged ? known.conversation : undefined);
    const last = rows.at(-1) ?? (unchanged ? witness : undefined);
    threads.delete(name);
    if (last) threads.set(name, { conversation, newest: identityOf(last) });
    for (const oldest of threads.keys()) if (threads.size > threadsKept) threads.delete(oldest);
    return conversation;
  };
}

function conversationAfter(rows: readonly Row[], before: Conversation | undefined): Conversation {
  return before && rows.length === 0 ? before : conversationOf(rows, before);
}

function identityOf(row: Row): string {
  if ("message" in row) return row.message.id;
  return "mark" in row ? row.mark.id : row.raw;
}

/**
 * The log of one thread in a store. `created` is what a new thread is given. `alive` are the threads that have rows as
 * far as the caller knows.
 */
export function openThreadLog(
  store: ThreadStore,
  read: ReadThread,
  key: ThreadKey,
  { alive, ...created }: Pick<AppendOptions, "title" | "folder"> & { readonly alive: Set<string> },
): ThreadLog {
  return {
    threadId: key.id,
    async load() {
      const conversation = await read(key);
      if (conversation.seq > 0) alive.add(key.id);
      else if (alive.delete(key.id)) return { ...conversation, erased: true };
      return conversation;
    },
    async append(message, op) {
      const { seq } = await store.append(key, [message], { op, ...created });
      alive.add(key.id);
      return seq;
    },
    mark: async (mark, expect) => {
      const outcome = await store.append(key, [mark], { expect, op: `mark:${mark.id}` });
      return outcome.kind === "appended" ? outcome.seq : undefined;
    },
    saveText: (text) => store.saveText(key, text),
  };
}
