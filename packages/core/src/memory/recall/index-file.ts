import { mkdir, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { DatabaseSync } from "node:sqlite";

/** An open index. `memory` lives as long as the process. */
export interface IndexFile {
  readonly database: DatabaseSync;
  readonly path: string | "memory";
}

// "chgi": whatever else lies under that name is not an index of ours.
const applicationId = 0x63686769;

/** Raised whenever tokens or layout change: an index of another version is built anew. */
const version = 1;

// Documents are numbered from 0 and lie in chunks: `docs` holds one record each (docs.ts), and `posting.docs` for one
// term pairs of 16-bit numbers, the document's place in the chunk and how often the term occurs there.
const layout = `
  create table thread (
    id integer primary key, name text not null unique, title text not null, folder text, created text not null,
    seq integer not null, last integer not null
  ) strict;
  create table chunk (id integer primary key, docs blob not null) strict;
  create table posting (
    chunk integer not null, term text not null, docs blob not null, primary key (chunk, term)
  ) strict, without rowid;
  create table vector (
    doc integer primary key, model text not null, hash text not null, data blob not null
  ) strict;
  create index vector_by_hash on vector (hash);
`;

/**
 * Opens the index at `path`, for its owner alone. One that is missing, damaged, or of another version is made anew,
 * empty: everything in it can be read from the store again.
 */
export async function openIndexFile(path: string | "memory"): Promise<IndexFile> {
  if (path !== "memory") {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    // SQLite gives its -wal and -shm files the mode of the file they belong to.
    await (await open(path, "a", 0o600)).close();
  }
  try {
    return await openAt(path);
  } catch (error) {
    if (path === "memory" || !isUseless(error)) throw error;
    await removeIndexFile(path);
    return openIndexFile(path);
  }
}

/** Takes the index away with all its bytes. */
export async function removeIndexFile(path: string): Promise<void> {
  await Promise.all(["", "-wal", "-shm"].map((end) => rm(`${path}${end}`, { force: true })));
}

async function openAt(path: string | "memory"): Promise<IndexFile> {
  // Loaded when there is something to look for: most runs never are asked.
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(path === "memory" ? ":memory:" : path, { timeout: 2_000 });
  try {
    database.exec(`
      pragma journal_mode = wal; pragma synchronous = normal; pragma secure_delete = on; pragma temp_store = memory;
    `);
    transaction(database, () => {
      const found = Number(database.prepare("pragma user_version").get()?.["user_version"]);
      const owner = Number(database.prepare("pragma application_id").get()?.["application_id"]);
      const empty = database.prepare("select 1 from sqlite_schema").get() === undefined;
      if (!empty && (found !== version || owner !== applicationId)) throw new OtherLayoutError();
      if (empty) {
        database.exec(`${layout} pragma application_id = ${applicationId}; pragma user_version = ${version};`);
      }
    });
    return { database, path };
  } catch (error) {
    database.close();
    throw error;
  }
}

class OtherLayoutError extends Error {}

const sqliteCorrupt = 11;
const sqliteNotADatabase = 26;

/** Whether an error means that the file has to be built anew: it is damaged, or nothing this version can read. */
export function isUseless(error: unknown): boolean {
  if (error instanceof OtherLayoutError) return true;
  return isSqliteError(error) && [sqliteCorrupt, sqliteNotADatabase].includes(error.errcode & 0xff);
}

/** Whether an error is SQLite's: a file that is damaged, full, locked or read-only. */
export function isSqliteError(error: unknown): error is Error & { readonly errcode: number } {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number";
}

/** Runs `work` whole or not at all, with the file to itself. */
export function transaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec("begin immediate");
  try {
    const result = work();
    database.exec("commit");
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec("rollback");
    throw error;
  }
}
