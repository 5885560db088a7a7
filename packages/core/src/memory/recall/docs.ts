import type { Message } from "../../protocol/index.ts";

/** A message as the index knows it. */
export interface Doc {
  readonly id: number;
  /** The number of its thread in the index. */
  readonly thread: number;
  readonly seq: number;
  /** In tokens. */
  readonly length: number;
  readonly role: Message["role"];
  /** In ms since the epoch, to the second. */
  readonly at: number;
}

/** How many documents share a chunk. A place in it must fit into 16 bits. */
export const chunkSize = 4096;

/** A record is six 32-bit words, so that the records of many documents are one array that is read at once. */
export const recordWords = 6;
// The document before it in its thread is kept plus one, so that 0 says that there is none.
const words = { thread: 0, seq: 1, before: 2, length: 3, role: 4, at: 5 } as const;

const roles: readonly Message["role"][] = ["user", "assistant", "tool"];

export function encodeDoc(doc: Omit<Doc, "id">, before: number | undefined): Uint32Array {
  const record = new Uint32Array(recordWords);
  record[words.thread] = doc.thread;
  record[words.seq] = doc.seq;
  record[words.before] = before === undefined ? 0 : before + 1;
  record[words.length] = doc.length;
  record[words.role] = roles.indexOf(doc.role);
  record[words.at] = Math.min(0xffffffff, Math.max(0, Math.trunc(doc.at / 1000) || 0));
  return record;
}

/** The records of all documents, in order. Erased ones have the thread 0. */
export interface Docs {
  readonly count: number;
  readonly thread: (id: number) => number;
  /** The message before it in its thread; -1 where there is none. */
  readonly before: (id: number) => number;
  readonly length: (id: number) => number;
  readonly doc: (id: number) => Doc;
}

export function readDocs(records: Uint32Array): Docs {
  return {
    count: records.length / recordWords,
    thread: (id) => records[id * recordWords + words.thread] ?? 0,
    before: (id) => (records[id * recordWords + words.before] ?? 0) - 1,
    length: (id) => records[id * recordWords + words.length] ?? 0,
    doc: (id) => {
      const [thread = 0, seq = 0, , length = 0, role = 0, at = 0] = records.subarray(id * recordWords);
      return { id, thread, seq, length, role: roles[role] ?? "user", at: at * 1000 };
    },
  };
}
