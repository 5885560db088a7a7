import { z } from "zod";
import { StoreError } from "../thread-store.ts";

const elsewhere = "or set CHINGU_MEMORY_URL to another place (sqlite:PATH, redis://HOST:PORT)";

const sqliteErrorSchema = z.object({ code: z.literal("ERR_SQLITE_ERROR"), errcode: z.number(), message: z.string() });
const systemErrorSchema = z.object({ code: z.string(), syscall: z.string(), message: z.string() });

/** Whether another connection holds the file just now. */
export function isBusy(error: unknown): boolean {
  const primary = primaryCode(error);
  return primary === 5 || primary === 6;
}

export function isCorrupt(error: unknown): boolean {
  return primaryCode(error) === 11;
}

export function isReadOnly(error: unknown): boolean {
  return primaryCode(error) === 8;
}

/** The low byte of SQLite's code says what happened; the rest says where. */
function primaryCode(error: unknown): number | undefined {
  const parsed = sqliteErrorSchema.safeParse(error);
  return parsed.success ? parsed.data.errcode & 0xff : undefined;
}

/** What a person can do about an error of SQLite or of the file system. Other errors are bugs and come back as they are. */
export function explainSqliteError(error: unknown, url: string): unknown {
  if (error instanceof StoreError) return error;
  const system = systemErrorSchema.safeParse(error);
  if (system.success) return explainSystemError(system.data, url, error);
  const reason = error instanceof Error ? error.message : String(error);
  const fail = (code: string, message: string, hint: string) =>
    new StoreError({ code, message, hint }, { cause: error });
  switch (primaryCode(error)) {
    case undefined:
      return error;
    case 5: // BUSY
    case 6: // LOCKED
      return lockedForLong(url, error);
    case 8: // READONLY
    case 3: // PERM
    case 23: // AUTH
      return fail(
        "store_read_only",
        `The memory file ${url} cannot be written (${reason}).`,
        `Make the file and its folder writable for you, ${elsewhere}.`,
      );
    case 13: // FULL
      return fail(
        "store_full",
        `The disk of the memory file ${url} is full.`,
        `Free some space and try again, ${elsewhere}. What was stored before is safe.`,
      );
    case 11: // CORRUPT
    case 26: // NOTADB
      return damaged(url, reason, error);
    default: // IOERR, CANTOPEN and the rest
      return fail(
        "store_unavailable",
        `The memory file ${url} cannot be used (${reason}).`,
        `Check that the folder exists and that the disk works, ${elsewhere}.`,
      );
  }
}

function explainSystemError(error: { code: string; message: string }, url: string, cause: unknown): StoreError {
  const code =
    error.code === "ENOSPC" || error.code === "EDQUOT"
      ? "store_full"
      : ["EACCES", "EPERM", "EROFS"].includes(error.code)
        ? "store_read_only"
        : "store_unavailable";
  const message = `The memory file ${url} cannot be opened (${error.message}).`;
  return new StoreError({ code, message, hint: `Make its folder writable for you, ${elsewhere}.` }, { cause });
}

// A damaged file is not moved away by us: after a mistyped path it might be something else of the user's, and an
// assistant that starts empty over words that can still be recovered loses them in silence.
export function damaged(url: string, reason: string, cause?: unknown): StoreError {
  const message = `The memory file ${url} is damaged or not a database (${reason}). It was left as it is.`;
  const hint = `To start afresh, rename it together with its -wal and -shm files (\`sqlite3 FILE .recover\` may save its words), ${elsewhere}.`;
  return new StoreError({ code: "store_corrupt", message, hint }, { cause });
}

export function lockedForLong(url: string, cause?: unknown): StoreError {
  const message = `The memory file ${url} has been locked by another process for seconds.`;
  const hint = "Close the program that holds it, then try again.";
  return new StoreError({ code: "store_unavailable", message, hint }, { cause });
}

export function notOurs(url: string): StoreError {
  const message = `The database ${url} belongs to another program. It was left as it is.`;
  return new StoreError({ code: "store_corrupt", message, hint: "Set CHINGU_MEMORY_URL to a file of its own." });
}

export function writtenByNewer(url: string): StoreError {
  const message = `The memory file ${url} was written by a newer Chingu. It was left as it is.`;
  return new StoreError({ code: "store_corrupt", message, hint: "Update Chingu, or set CHINGU_MEMORY_URL elsewhere." });
}
