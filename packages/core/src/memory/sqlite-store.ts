import { mkdir, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { Clock } from "../protocol/index.ts";
import {
  closedError,
  decodeCursor,
  decodeRow,
  decodeText,
  encodeCursor,
  encodeMessage,
  encodeText,
  escapeText,
  pageSize,
  rememberedOps,
  titleOf,
  toThreadInfo,
  unescapeText,
} from "./rows.ts";
import { explainSqliteError, isBusy, notOurs, writtenByNewer } from "./sqlite-errors.ts";
import type { ThreadStore } from "./thread-store.ts";

export interface SqliteOptions {
  /** Absolute. The file and its folder are made when missing, for their owner alone. */
  readonly path: string;
  /** For display. */
  readonly url: string;
  readonly clock: Clock;
}

// "chng": says that a database is ours, so that a mistyped path never grows our tables in another program's file.
const applicationId = 0x63686e67;

// One entry per version of the layout; an entry is never changed once released.
const migrations = [
  `
  create table thread (
    id integer primary key, ns text not null, name text not null, seq integer not null,
    created integer not null, updated integer not null, title text not null, folder text,
    unique (ns, name)
  ) strict;
  create index thread_by_update on thread (ns, updated, name);
  create table message (
    id integer primary key, thread integer not null references thread, seq integer not null,
    at text not null, role text not null, body text not null,
    unique (thread, seq)
  ) strict;
  create table op (
    thread integer not null references thread, seq integer not null, op text not null,
    primary key (thread, seq), unique (thread, op)
  ) strict, without rowid;
  create table text (
    ns text not null, thread_name text not null, name text not null, body text not null,
    primary key (ns, thread_name, name)
  ) strict;
  `,
];

/** Another process holds the write lock for a millisecond at a time; a wait this long means that it hangs. */
const busy = { blockMs: 100, pauseMs: 25, tries: 40 };

const headerSchema = z.object({
  id: z.number(),
  name: z.string(),
  seq: z.number(),
  created: z.number(),
  updated: z.number(),
  title: z.string(),
  folder: z
    .string()
    .nullable()
    .transform((folder) => (folder === null ? undefined : unescapeText(folder))),
});
const rowSchema = z.object({ seq: z.number(), body: z.string() });
const textSchema = z.object({ body: z.string() });
const seqSchema = z.object({ seq: z.number() });

/**
 * The embedded store: one file, safe for several processes. An append is on disk (in the operating system's hands)
 * when it resolves, so a killed process loses nothing. A file that is damaged or not ours is refused and left as it is.
 */
export async function openSqliteStore(options: SqliteOptions, signal: AbortSignal): Promise<ThreadStore> {
  const { url, clock } = options;
  let closed = false;
  const database = await openDatabase(options, signal);

  /** Runs `work` whole or not at all. Waits for other writers without stopping this process meanwhile. */
  const attempt = async <T>(work: () => T): Promise<T> => {
    for (let tried = 1; ; tried++) {
      if (closed) throw closedError(url);
      try {
        return work();
      } catch (error) {
        if (!isBusy(error) || tried === busy.tries) throw explainSqliteError(error, url);
        await delay(busy.pauseMs);
      }
    }
  };

  const sql = {
    find: database.prepare("select * from thread where ns = ? and name = ?"),
    answered: database.prepare("select seq from op where thread = ? and op = ?"),
    create: database.prepare(
      "insert into thread (ns, name, seq, created, updated, title, folder) values (?, ?, 0, ?, ?, ?, ?)",
    ),
    grow: database.prepare("update thread set seq = ?, updated = max(updated, ?) where id = ?"),
    insert: database.prepare("insert into message (thread, seq, at, role, body) values (?, ?, ?, ?, ?)"),
    remember: database.prepare("insert into op (thread, seq, op) values (?, ?, ?)"),
    forget: database.prepare(
      `delete from op where thread = ?1
       and seq <= (select seq from op where thread = ?1 order by seq desc limit 1 offset ${rememberedOps})`,
    ),
    read: database.prepare(
      `select seq, body from message where thread = (select id from thread where ns = ? and name = ?)
       and seq > ? and seq < ? order by seq desc limit ?`,
    ),
    threads: database.prepare(
      `select * from thread where ns = ?1 and (?2 is null or folder = ?2)
       and (?3 is null or (updated, name) < (?3, ?4)) order by updated desc, name desc limit ?5`,
    ),
    saveText: database.prepare("insert or ignore into text (ns, thread_name, name, body) values (?, ?, ?, ?)"),
    readText: database.prepare("select body from text where ns = ? and thread_name = ? and name = ?"),
  };
  const find = (namespace: string, name: string) => {
    const found = sql.find.get(namespace, name);
    return found && headerSchema.parse(found);
  };

  return {
    url,

    async append(key, messages, { expect, op, title, folder } = {}) {
      const bodies = messages.map(encodeMessage);
      const namespace = escapeText(key.namespace);
      const name = escapeText(key.id);
      return attempt(() =>
        inTransaction(database, () => {
          const thread = find(namespace, name);
          const answered = thread && op !== undefined && sql.answered.get(thread.id, escapeText(op));
          if (answered) return { kind: "appended", seq: seqSchema.parse(answered).seq };
          const seq = thread?.seq ?? 0;
          if (expect !== undefined && expect !== seq) return { kind: "conflict", seq };
          if (messages.length === 0) return { kind: "appended", seq };

          const now = clock.now();
          const home = folder === undefined ? null : escapeText(folder);
          const id =
            thread?.id ?? sql.create.run(namespace, name, now, now, titleOf(title, messages), home).lastInsertRowid;
          for (const [index, message] of messages.entries()) {
            const at = escapeText(message.at);
            sql.insert.run(id, seq + index + 1, at, message.role, bodies[index] ?? "");
          }
          const newest = seq + messages.length;
          sql.grow.run(newest, now, id);
          if (op !== undefined) {
            sql.remember.run(id, newest, escapeText(op));
            sql.forget.run(id);
          }
          return { kind: "appended", seq: newest };
        }),
      );
    },

    async read(key, { after = 0, before = Number.MAX_SAFE_INTEGER, limit = -1 } = {}) {
      const found = await attempt(() =>
        sql.read.all(escapeText(key.namespace), escapeText(key.id), after, before, limit),
      );
      return found
        .map((row) => rowSchema.parse(row))
        .map(({ seq, body }) => decodeRow(seq, body))
        .reverse();
    },

    async info(key) {
      const header = await attempt(() => find(escapeText(key.namespace), escapeText(key.id)));
      return header && toThreadInfo(key.namespace, key.id, header);
    },

    async threads(namespace, { folder, cursor, limit } = {}) {
      const from = cursor === undefined ? undefined : decodeCursor(cursor);
      const size = pageSize(limit);
      const home = folder === undefined ? null : escapeText(folder);
      const found = await attempt(() =>
        sql.threads.all(escapeText(namespace), home, from?.updated ?? null, from?.name ?? null, size + 1),
      );
      const headers = found.slice(0, size).map((row) => headerSchema.parse(row));
      const last = headers.at(-1);
      return {
        threads: headers.map((header) => toThreadInfo(namespace, unescapeText(header.name), header)),
        ...(last && found.length > size ? { next: encodeCursor(last) } : {}),
      };
    },

    async saveText(key, text) {
      const { name, body } = encodeText(text);
      await attempt(() => sql.saveText.run(escapeText(key.namespace), escapeText(key.id), name, body));
      return name;
    },

    async readText(key, name) {
      const found = await attempt(() => sql.readText.get(escapeText(key.namespace), escapeText(key.id), name));
      return found && decodeText(name, textSchema.parse(found).body, url);
    },

    async close() {
      if (closed) return;
      closed = true;
      database.close();
    },
  };
}

/** Makes a folder and those above it. Node's own recursive `mkdir` never ends below /proc, where nothing can be made. */
async function makeFolder(path: string): Promise<void> {
  if (await stat(path).catch(() => undefined)) return;
  if (dirname(path) !== path) await makeFolder(dirname(path));
  await mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
}

async function openDatabase({ path, url }: SqliteOptions, signal: AbortSignal): Promise<DatabaseSync> {
  try {
    await makeFolder(dirname(path));
    await (await open(path, "a", 0o600)).close();
  } catch (error) {
    throw explainSqliteError(error, url);
  }
  for (let tried = 1; ; tried++) {
    signal.throwIfAborted();
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(path, { timeout: busy.blockMs });
      prepareDatabase(database, url);
      return database;
    } catch (error) {
      database?.close();
      if (!isBusy(error) || tried === busy.tries) throw explainSqliteError(error, url);
      await delay(busy.pauseMs, undefined, { signal });
    }
  }
}

/** Brings the file to the newest layout. Writes nothing into a database that is another program's or a newer Chingu's. */
function prepareDatabase(database: DatabaseSync, url: string): void {
  const pragma = (name: string) =>
    z.record(z.string(), z.number()).parse(database.prepare(`pragma ${name}`).get())[name];
  const tables = database.prepare("select 1 from sqlite_schema limit 1").get();
  if (tables && pragma("application_id") !== applicationId) throw notOurs(url);
  const version = pragma("user_version") ?? 0;
  if (version > migrations.length) throw writtenByNewer(url);
  database.exec("pragma journal_mode = wal; pragma synchronous = normal");
  if (version === migrations.length) return;
  inTransaction(database, () => {
    // Read again under the lock: another process may have been first.
    for (const migration of migrations.slice(pragma("user_version"))) database.exec(migration);
    database.exec(`pragma application_id = ${applicationId}; pragma user_version = ${migrations.length}`);
  });
}

function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec("begin immediate");
  try {
    const result = work();
    database.exec("commit");
    return result;
  } catch (error) {
    // SQLite rolls back by itself after some errors; a second rollback would hide the first error.
    if (database.isTransaction) database.exec("rollback");
    throw error;
  }
}
