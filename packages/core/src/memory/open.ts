import { join, resolve } from "node:path";
import type { Clock, MakeId } from "../protocol/index.ts";
import { StoreError, type ThreadStore } from "./thread-store.ts";

export interface StoreEnvironment {
  readonly clock: Clock;
  /**
   * Names appends that their caller did not name, so that they can be sent again. Never twice the same, in no process
   * that shares the store: an append under a known name stores nothing.
   */
  readonly makeId: MakeId;
  /** The user's home folder: what `~` stands for; empty when there is none. */
  readonly home: string;
}

const forms = "redis://HOST:PORT/DB, rediss://HOST:PORT/DB, sqlite:PATH or memory:";

/**
 * Opens the store a URL names and checks that it can be used; close it when done.
 *
 * Throws a StoreError: `usage` for a URL that names no store, otherwise why this one cannot be used, for Redis within
 * two seconds. No message shows a password. Throws the signal's reason when aborted.
 */
export async function openThreadStore(
  url: string,
  environment: StoreEnvironment,
  signal: AbortSignal,
): Promise<ThreadStore> {
  signal.throwIfAborted();
  const scheme = /^([a-z]+):/i.exec(url.trim())?.[1]?.toLowerCase();
  const rest = url.trim().slice((scheme?.length ?? 0) + 1);
  const { clock, makeId, home } = environment;
  // Each store is loaded when it is asked for: most runs need one, and never two.
  switch (scheme) {
    case "memory": {
      const { createMemoryStore } = await import("./memory-store.ts");
      return createMemoryStore({ clock });
    }
    case "sqlite": {
      const { file, synchronous } = parseSqlite(rest);
      const path = expandPath(file, home);
      const { openSqliteStore } = await import("./sqlite/store.ts");
      return openSqliteStore({ path, url: `sqlite:${collapsePath(path, home)}`, clock, synchronous }, signal);
    }
    case "redis":
    case "rediss": {
      const { openRedisStore } = await import("./redis/store.ts");
      return openRedisStore({ url: url.trim(), clock, makeId }, signal);
    }
    default: {
      // The rest of the text may hold a password.
      const given = scheme ? `a URL with ${scheme}:` : "a URL without a known scheme";
      throw new StoreError({
        code: "usage",
        message: `No store can be opened from ${given}.`,
        hint: `Name the store as ${forms}, or name none (CHINGU_MEMORY_URL, --memory) to use the embedded one.`,
      });
    }
  }
}

/** A question mark may also be a part of the file's name. */
function parseSqlite(text: string): { readonly file: string; readonly synchronous: "normal" | "full" } {
  const [, file = text, synchronous = "normal"] = /^(.*)\?synchronous=(.*)$/.exec(text) ?? [];
  if (synchronous === "normal" || synchronous === "full") return { file, synchronous };
  const message = `The sqlite: URL asks for a way to write that does not exist (synchronous=${synchronous}).`;
  const hint = "Write sqlite:PATH?synchronous=full to wait for the disk with every append, or sqlite:PATH.";
  throw new StoreError({ code: "usage", message, hint });
}

function expandPath(text: string, home: string): string {
  const path = text.startsWith("//") ? text.slice(2) : text;
  if (path === "" || path.includes("\u0000")) {
    const hint = "Write sqlite:PATH, for example sqlite:~/chingu.db.";
    throw new StoreError({ code: "usage", message: "The sqlite: URL names no file.", hint });
  }
  if (!path.startsWith("~/")) return resolve(path);
  if (home === "") {
    const hint = "Write the path in full, or set HOME.";
    throw new StoreError({ code: "usage", message: `There is no home folder to put ${text} into.`, hint });
  }
  return join(home, path.slice(1));
}

function collapsePath(path: string, home: string): string {
  return home !== "" && path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}
