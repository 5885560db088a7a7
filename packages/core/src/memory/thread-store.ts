import type { Failure, Mark, Message } from "../protocol/index.ts";
import type { FactStore } from "./fact-store.ts";

/** Names a thread. Both parts are free text: a store encodes them, so no two pairs can collide. */
export interface ThreadKey {
  /** Whose threads these are; `default` for the user of this machine. */
  readonly namespace: string;
  readonly id: string;
}

export interface ThreadInfo extends ThreadKey {
  /** The first user message, one line, cut; or what the user named it. */
  readonly title: string;
  /** The folder it was started in; absent for threads without one. */
  readonly folder?: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly updatedAt: string;
  /** The sequence number of the newest row: rows are numbered from 1 without gaps. */
  readonly seq: number;
  /** Where it was forked from: its rows up to `seq` are copies of that thread's. */
  readonly parent?: { readonly id: string; readonly seq: number };
}

/** What a log is made of. A message has a `role`, a mark a `type`. */
export type Item = Message | Mark;

/** One row of a thread's log. A row that cannot be read stays in its place and is never overwritten. */
export type Row =
  | { readonly seq: number; readonly message: Message }
  | { readonly seq: number; readonly mark: Mark }
  | { readonly seq: number; readonly corrupt: string; readonly raw: string };

export interface AppendOptions {
  /** The newest sequence number the writer knows: another writer since then makes this a conflict. */
  readonly expect?: number;
  /** Names the operation: the same `op` again, among the thread's last 256, stores nothing and answers as the first time. */
  readonly op?: string;
  /** Used when this append creates the thread; without it the first user message gives the title. */
  readonly title?: string;
  readonly folder?: string;
  /** A conversation that was held elsewhere: what the thread is given in place of this moment. */
  readonly imported?: Imported;
}

/** What a thread brings along: an append that stores its rows leaves it as old as it was. */
export interface Imported {
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly parent?: ThreadInfo["parent"];
}

export type AppendOutcome =
  | { readonly kind: "appended"; readonly seq: number }
  /** Nothing was stored: the thread has grown since `expect`. */
  | { readonly kind: "conflict"; readonly seq: number };

export interface ThreadQuery {
  readonly folder?: string;
  /** From the last page's `next`. */
  readonly cursor?: string;
  readonly limit?: number;
}

export type Erasure =
  | { readonly namespace: string; readonly thread?: undefined }
  | { readonly namespace: string; readonly thread: string; readonly expect?: number };

export type ForkOutcome =
  | { readonly kind: "forked"; readonly info: ThreadInfo }
  /** There is no thread to fork, or it has no row with that number. */
  | { readonly kind: "missing" }
  /** Nothing was made: a thread has that id already. */
  | { readonly kind: "taken" };

/**
 * A store that cannot be used. Thrown by every method, never for "not found". Codes: `usage` (a URL or cursor nobody
 * can use), `store_unavailable` (unreachable, refused, closed), `store_full`, `store_read_only`, `store_corrupt`
 * (damaged, not ours, or written by a newer Chingu).
 */
export class StoreError extends Error {
  readonly failure: Failure;
  constructor(failure: Failure, options?: ErrorOptions) {
    super(failure.message, options);
    this.name = "StoreError";
    this.failure = failure;
  }
}

/**
 * The log of every thread: append-only, ordered, durable when `append` resolves.
 *
 * `append` stores all items or none, is idempotent by `op`, and gives consecutive numbers whatever the number of
 * writers. No items store nothing and create nothing. An append that fails has left the write either whole or
 * absent; repeating it with the same `op` is always safe. An item that is neither message nor mark is a bug and throws as one.
 */
export interface ThreadStore {
  /** For display, without secrets: `sqlite:~/…/chingu.db`, `redis://host:6379/0`. */
  readonly url: string;
  append(thread: ThreadKey, items: readonly Item[], options?: AppendOptions): Promise<AppendOutcome>;
  /** Rows with `after < seq < before`, oldest first; with `limit`, the newest of them. An unknown thread is empty. */
  read(
    thread: ThreadKey,
    query?: { readonly after?: number; readonly before?: number; readonly limit?: number },
  ): Promise<readonly Row[]>;
  info(thread: ThreadKey): Promise<ThreadInfo | undefined>;
  /** False where there is no such thread. An empty title gives back the one from the first user message. */
  rename(thread: ThreadKey, title: string): Promise<boolean>;
  /**
   * A new thread under `id` with copies of this one's rows from 1 to `seq` and of its saved texts, whole or not at all.
   * From then on neither knows the other: erasing one leaves the other complete.
   */
  fork(thread: ThreadKey, seq: number, id: string): Promise<ForkOutcome>;
  /**
   * Erases a thread with its rows, operations, texts and thread-scoped facts, or with `thread` left out everything of
   * the namespace, so that no key and no byte of the file holds it; answers how many threads there were. Forks stay.
   * A thread that is not as long as `expect` says stays too.
   */
  erase(what: Erasure): Promise<number>;
  /** The long-term facts of a namespace. */
  facts(namespace: string): FactStore;
  /** What endangers what is kept here, one sentence and the way out each: a server that evicts, or keeps nothing on disk. */
  warnings(): Promise<readonly Failure[]>;
  /** Newest first. */
  threads(
    namespace: string,
    query?: ThreadQuery,
  ): Promise<{ readonly threads: readonly ThreadInfo[]; readonly next?: string }>;
  /**
   * Keeps a long text (a tool's whole output, rule 23) once per thread, whatever the number of times it is saved, and
   * answers its name, `sha256:…`. It lives and dies with its thread.
   */
  saveText(thread: ThreadKey, text: string): Promise<string>;
  /** The text saved under that name in this thread; undefined when there is none. */
  readText(thread: ThreadKey, name: string): Promise<string | undefined>;
  close(): Promise<void>;
}
