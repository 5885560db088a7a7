import type { DatabaseSync } from "node:sqlite";
import { setImmediate as breathe } from "node:timers/promises";
import { tokensOf } from "../../text/index.ts";
import { allThreads } from "../all-threads.ts";
import type { Row, ThreadInfo, ThreadStore } from "../thread-store.ts";
import { transaction } from "./index-file.ts";
import type { NewDoc, PostingTables } from "./postings.ts";
import { searchableText } from "./texts.ts";

/** A thread as far as the index knows it. `seq` is the newest row read, `last` the newest document, -1 for none. */
export interface KnownThread {
  readonly id: number;
  readonly name: string;
  readonly title: string;
  readonly folder: string | undefined;
  readonly created: string;
  readonly seq: number;
  readonly last: number;
}

export interface ThreadTable {
  readonly all: () => KnownThread[];
  readonly get: (id: number) => KnownThread | undefined;
  readonly find: (name: string) => KnownThread | undefined;
  /** The threads that were started in a folder. */
  readonly inFolder: (folder: string) => ReadonlySet<number>;
  readonly save: (thread: Omit<KnownThread, "id">) => KnownThread;
  readonly remove: (id: number) => void;
}

export function openThreadTable(database: DatabaseSync): ThreadTable {
  const sql = {
    all: database.prepare("select * from thread"),
    get: database.prepare("select * from thread where id = ?"),
    find: database.prepare("select * from thread where name = ?"),
    inFolder: database.prepare("select id from thread where folder = ?"),
    save: database.prepare(
      `insert into thread (name, title, folder, created, seq, last) values (?, ?, ?, ?, ?, ?)
       on conflict (name) do update set title = excluded.title, folder = excluded.folder, created = excluded.created,
       seq = excluded.seq, last = excluded.last returning *`,
    ),
    remove: database.prepare("delete from thread where id = ?"),
  };
  return {
    all: () => sql.all.all().map(readThread),
    get: (id) => {
      const row = sql.get.get(id);
      return row && readThread(row);
    },
    inFolder: (folder) => new Set(sql.inFolder.all(folder).map(({ id }) => Number(id))),
    find: (name) => {
      const row = sql.find.get(JSON.stringify(name));
      return row && readThread(row);
    },
    save: ({ name, title, folder, created, seq, last }) => {
      const row = sql.save.get(JSON.stringify(name), title, folder ?? null, created, seq, last);
      if (!row) throw new Error("an upsert gave no row");
      return readThread(row);
    },
    remove: (id) => void sql.remove.run(id),
  };
}

// Names are any strings: JSON keeps NULs and lone surrogates apart, which SQLite's text would not.
function readThread(row: Record<string, unknown>): KnownThread {
  const folder = row["folder"];
  return {
    id: Number(row["id"]),
    name: String(JSON.parse(String(row["name"]))),
    title: String(row["title"]),
    folder: typeof folder === "string" ? folder : undefined,
    created: String(row["created"]),
    seq: Number(row["seq"]),
    last: Number(row["last"]),
  };
}

export interface SyncDeps {
  readonly store: ThreadStore;
  readonly namespace: string;
  readonly database: DatabaseSync;
  readonly threads: ThreadTable;
  readonly postings: PostingTables;
}

/** How many threads without anything new, from the newest on, say that there is nothing new behind them. */
const unchangedEnough = 40;

/** Rows in one transaction: enough to share its cost, few enough that nobody notices the pause. */
const batchRows = 256;

/**
 * Brings the index up to date with the store: new rows are added, threads that are gone or were begun anew are erased.
 * Every batch is whole by itself, so that being stopped costs nothing, and of two processes that index the same rows one
 * passes them over. With `newest` it looks at the threads that were spoken in last and leaves the erased ones for later:
 * what it costs does not grow with what there is. Rejects with the store's error and with the signal's reason.
 */
export async function syncIndex(
  deps: SyncDeps,
  signal: AbortSignal,
  { newest = false }: { readonly newest?: boolean } = {},
): Promise<void> {
  const { store, namespace, database, threads } = deps;
  const gone = new Set(newest ? [] : threads.all().map(({ name }) => name));
  let unchanged = 0;
  let waiting: Pending[] = [];
  let rows = 0;
  const write = async () => {
    addBatch(deps, waiting);
    waiting = [];
    rows = 0;
    await breathe();
    signal.throwIfAborted();
  };
  for await (const info of allThreads(store, namespace)) {
    signal.throwIfAborted();
    const thread = threads.find(info.id);
    gone.delete(info.id);
    const anew = thread !== undefined && (thread.created !== info.createdAt || thread.seq > info.seq);
    if (anew) forgetThreads(deps, [info.id]);
    let after = anew ? 0 : (thread?.seq ?? 0);
    if (thread && !anew && thread.seq === info.seq) {
      if (thread.title !== info.title) transaction(database, () => threads.save({ ...thread, title: info.title }));
      if (newest && ++unchanged === unchangedEnough) break;
      continue;
    }
    unchanged = 0;
    while (after < info.seq) {
      const until = Math.min(info.seq, after + batchRows - rows);
      const found = await store.read({ namespace, id: info.id }, { after, before: until + 1 });
      waiting.push({ info, after, until, rows: found });
      rows += until - after;
      after = until;
      if (rows >= batchRows) await write();
    }
  }
  if (waiting.length > 0) await write();
  if (gone.size > 0) forgetThreads(deps, [...gone]);
}

interface Pending {
  readonly info: ThreadInfo;
  /** The rows behind this one, up to `until`. */
  readonly after: number;
  readonly until: number;
  readonly rows: readonly Row[];
}

function addBatch({ database, threads, postings }: SyncDeps, batch: readonly Pending[]): void {
  const prepared = batch.map((pending) => ({ ...pending, texts: pending.rows.flatMap(prepare) }));
  transaction(database, () => {
    const docs: NewDoc[] = [];
    const first = postings.next();
    for (const { info, after, until, texts } of prepared) {
      const { id: name, title, folder, createdAt: created } = info;
      const found = threads.find(name);
      // Another process was quicker.
      if ((found?.seq ?? 0) !== after) continue;
      const thread = found ?? threads.save({ name, title, folder, created, seq: 0, last: -1 });
      let last = thread.last;
      for (const text of texts) {
        docs.push({ ...text, thread: thread.id, before: last < 0 ? undefined : last });
        last = first + docs.length - 1;
      }
      threads.save({ name, title, folder, created, seq: until, last });
    }
    postings.add(docs);
  });
}

function prepare(row: Row): Omit<NewDoc, "thread" | "before">[] {
  if (!("message" in row)) return [];
  const { role, at } = row.message;
  const tokens = tokensOf(searchableText(row.message));
  return tokens.length === 0 ? [] : [{ seq: row.seq, role, at: Date.parse(at) || 0, tokens }];
}

/** Erases every trace of threads from the index file, its log included. */
export function forgetThreads({ database, threads, postings }: SyncDeps, names: readonly string[]): void {
  transaction(database, () => {
    const ids = new Set(names.flatMap((name) => threads.find(name)?.id ?? []));
    if (ids.size === 0) return;
    postings.erase(ids);
    for (const id of ids) threads.remove(id);
  });
  // What was deleted is overwritten in the file, and would still stand in its log.
  database.exec("pragma wal_checkpoint(truncate)");
}
