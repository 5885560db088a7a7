import { mkdir, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { Clock } from "../../protocol/index.ts";
import { closedError } from "../rows.ts";
import { StoreError } from "../thread-store.ts";
import { explainSqliteError, isBusy, isCorrupt, isReadOnly, lockedForLong, notOurs, writtenByNewer } from "./errors.ts";

export interface SqliteOptions {
  /** Absolute. The file and its folder are made when missing, for their owner alone. */
  readonly path: string;
  /** For display. */
  readonly url: string;
  readonly clock: Clock;
  /** `full` waits for the disk with every append: a power cut then loses nothing either. */
  readonly synchronous: "normal" | "full";
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
  // A mark is a row of `message` whose role is its type.
  `
  alter table thread add column parent text;
  alter table thread add column parent_seq integer;
  create table fact (
    id integer primary key, ns text not null, name text not null, thread_name text, body text not null,
    unique (ns, name)
  ) strict;
  create index fact_by_thread on fact (ns, thread_name) where thread_name is not null;
  `,
];

/** Another process holds the write lock for a millisecond at a time; a wait this long means that it hangs. */
const busy = { blockMs: 100, pauseMs: 25, tries: 40 };

/** An open file of ours. */
export interface SqliteDatabase {
  readonly prepare: DatabaseSync["prepare"];
  /** Runs `work` whole or not at all. Waits for other writers without stopping this process meanwhile. */
  attempt<T>(work: () => T): Promise<T>;
  /** The same, in one transaction that no other writer comes between. */
  transact<T>(work: () => T): Promise<T>;
  /**
   * Rewrites the file and empties its log, so that what was deleted stands in neither. `secure_delete` alone leaves
   * copies behind where SQLite moved rows between pages.
   */
  scrub(): Promise<void>;
  close(): void;
}

/** Opens the file, made and brought to the newest layout where needed. Throws a StoreError, and what `signal` says. */
export async function openSqliteDatabase(options: SqliteOptions, signal: AbortSignal): Promise<SqliteDatabase> {
  const { url } = options;
  let closed = false;
  const { database, damage } = await openDatabase(options, signal);

  const attempt = async <T>(work: () => T): Promise<T> => {
    for (let tried = 1; ; tried++) {
      if (closed) throw closedError(url);
      try {
        return work();
      } catch (error) {
        if (isReadOnly(error) && damage) throw damage;
        if (!isBusy(error) || tried === busy.tries) throw explainSqliteError(error, url);
        await delay(busy.pauseMs);
      }
    }
  };

  return {
    prepare: (sql) => database.prepare(sql),
    attempt,
    transact: (work) => attempt(() => inTransaction(database, work)),
    async scrub() {
      await attempt(() => database.exec("vacuum"));
      for (let tried = 1; ; tried++) {
        const checkpoint = await attempt(() => database.prepare("pragma wal_checkpoint(truncate)").get());
        // A reader in another process keeps the log alive for as long as it reads.
        if (z.object({ busy: z.number() }).parse(checkpoint).busy === 0) return;
        if (tried === busy.tries) throw lockedForLong(url);
        await delay(busy.pauseMs);
      }
    },
    close() {
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

interface Opened {
  readonly database: DatabaseSync;
  /** What is wrong with a file that was opened for reading alone. */
  readonly damage?: StoreError;
}

async function openDatabase({ path, url, synchronous }: SqliteOptions, signal: AbortSignal): Promise<Opened> {
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
      prepareDatabase(database, url, synchronous);
      return { database };
    } catch (error) {
      database?.close();
      const damage = explainSqliteError(error, url);
      const rest = isCorrupt(error) ? openDamaged(path) : undefined;
      if (rest && damage instanceof StoreError) return { database: rest, damage };
      if (!isBusy(error) || tried === busy.tries) throw explainSqliteError(error, url);
      await delay(busy.pauseMs, undefined, { signal });
    }
  }
}

/**
 * Opens what is left of a file of ours that was cut off: its words may be read and carried elsewhere, and nothing is
 * written. Undefined where not even the threads' names can be read.
 */
function openDamaged(path: string): DatabaseSync | undefined {
  const database = new DatabaseSync(path, { timeout: busy.blockMs, defensive: false });
  try {
    // With the first, SQLite goes by the length that the file has instead of the one it should have.
    database.exec("pragma writable_schema = on; pragma query_only = on");
    const ours = pragmaOf(database, "application_id") === applicationId;
    if (ours && pragmaOf(database, "user_version") === migrations.length) {
      database.prepare("select count(*) from thread").get();
      return database;
    }
  } catch {
    // It is reported as damaged either way.
  }
  database.close();
  return undefined;
}

function pragmaOf(database: DatabaseSync, name: string): number | undefined {
  return z.record(z.string(), z.number()).parse(database.prepare(`pragma ${name}`).get())[name];
}

/** Brings the file to the newest layout. Writes nothing into a database that is another program's or a newer Chingu's. */
function prepareDatabase(database: DatabaseSync, url: string, synchronous: SqliteOptions["synchronous"]): void {
  const pragma = (name: string) => pragmaOf(database, name);
  const tables = database.prepare("select 1 from sqlite_schema limit 1").get();
  if (tables && pragma("application_id") !== applicationId) throw notOurs(url);
  const version = pragma("user_version") ?? 0;
  if (version > migrations.length) throw writtenByNewer(url);
  // What is deleted is overwritten, in case that the file is never scrubbed.
  database.exec(`pragma journal_mode = wal; pragma synchronous = ${synchronous}; pragma secure_delete = on`);
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
