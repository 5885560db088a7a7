import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openThreadStore, type StoreEnvironment } from "../../../packages/core/src/memory/open.ts";
import { openSqliteDatabase } from "../../../packages/core/src/memory/sqlite/database.ts";
import { StoreError, type ThreadStore } from "../../../packages/core/src/memory/thread-store.ts";
import { factStoreContract } from "./fact-store.contract.ts";
import { idsOf, message, messages } from "./messages.ts";
import { type SearchableBackend, threadChangesContract } from "./thread-changes.contract.ts";
import { damagedRowContract, type SharedBackend, threadStoreContract } from "./thread-store.contract.ts";

const never = new AbortController().signal;
const clock = { now: () => Date.now() };

const startBackend = async (environment: StoreEnvironment): Promise<SharedBackend & SearchableBackend> => {
  const folder = mkdtempSync(join(tmpdir(), "chingu-sqlite-"));
  const path = join(folder, "chingu.db");
  return {
    open: () => openThreadStore(`sqlite:${path}`, environment, never),
    async spoil({ namespace, id }, seq, raw) {
      const database = new DatabaseSync(path);
      database
        .prepare(
          "update message set body = ? where seq = ? and thread = (select id from thread where ns = ? and name = ?)",
        )
        .run(raw, seq, namespace, id);
      database.close();
    },
    placesWith: async (words) => readdirSync(folder).filter((file) => readFileSync(join(folder, file)).includes(words)),
    stop: async () => rmSync(folder, { recursive: true }),
  };
};
threadStoreContract("SQLite", startBackend);
threadChangesContract("SQLite", startBackend);
factStoreContract("SQLite", startBackend);
damagedRowContract("SQLite", startBackend);

describe("the SQLite file", () => {
  const thread = { namespace: "default", id: "t" };
  let folder: string;
  let path: string;
  const opened: ThreadStore[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "chingu-sqlite-"));
    path = join(folder, "data", "chingu.db");
  });
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
    rmSync(folder, { recursive: true });
  });

  const open = async (url = `sqlite:${path}`) => {
    const store = await openThreadStore(url, { clock, makeId: () => "id", home: folder }, never);
    opened.push(store);
    return store;
  };
  const failureOf = async (use: Promise<unknown>) => {
    const error = await use.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(StoreError);
    return (error as StoreError).failure;
  };
  /** Another process that appends until it is told to stop; resolves to the numbers it was promised. */
  const startWriter = (count: number, who: string) => {
    const child = spawn(process.execPath, [
      join(import.meta.dirname, "writer.ts"),
      `sqlite:${path}`,
      String(count),
      who,
    ]);
    const acked: number[] = [];
    const errors: string[] = [];
    child.stderr.on("data", (text) => errors.push(String(text)));
    const lines = createInterface(child.stdout).on("line", (line) => acked.push(Number(line)));
    return { child, acked, lines, errors, exited: once(child, "exit") };
  };

  test("is made with its folder for its owner alone, and outlives the store that wrote it", async () => {
    const store = await open("sqlite:~/data/chingu.db");
    expect(store.url).toBe("sqlite:~/data/chingu.db");
    await store.append(thread, messages(2, "x"));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(`${path}-wal`).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, "data")).mode & 0o777).toBe(0o700);
    await store.close();
    expect(await (await open()).read(thread)).toHaveLength(2);
  });

  test("waits for the disk with every append only where it was asked to", async () => {
    for (const [synchronous, level] of [
      ["normal", 1],
      ["full", 2],
    ] as const) {
      const database = await openSqliteDatabase({ path, url: path, clock, synchronous }, never);
      expect(database.prepare("pragma synchronous").get()).toEqual({ synchronous: level });
      database.close();
    }
  });

  test("that is garbage is refused with the way out and left as it is", async () => {
    path = join(folder, "notes.txt");
    writeFileSync(path, "내 일기: ".repeat(1000));
    const failure = await failureOf(open());
    expect(failure).toMatchObject({ code: "store_corrupt", message: expect.stringContaining("notes.txt") });
    expect(failure.hint).toContain("rename it");
    expect(readFileSync(path, "utf8")).toBe("내 일기: ".repeat(1000));
  });

  test("of another program is refused and gets no table of ours", async () => {
    path = join(folder, "other.db");
    const other = new DatabaseSync(path);
    other.exec("create table mine (x)");
    other.close();
    const before = readFileSync(path);
    expect(await failureOf(open())).toMatchObject({ code: "store_corrupt", message: /another program/ });
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test("of a newer Chingu is refused and left as it is", async () => {
    await (await open()).close();
    const newer = new DatabaseSync(path);
    newer.exec("pragma user_version = 99");
    newer.close();
    expect(await failureOf(open())).toMatchObject({ code: "store_corrupt", message: /newer Chingu/ });
  });

  const overwrite = (change: (bytes: Buffer) => void) => {
    const bytes = readFileSync(path);
    change(bytes);
    writeFileSync(path, bytes);
  };

  test("with a few bad bytes loses the row they are in, not the others", async () => {
    const store = await open();
    for (let n = 0; n < 50; n++) await store.append(thread, [message(`m${n}`, "긴 글 ".repeat(500))]);
    await store.close();
    overwrite((bytes) => bytes.fill(0, bytes.indexOf('{"id":"m25"'), bytes.indexOf('{"id":"m25"') + 8));

    const rows = await (await open()).read(thread);
    expect(rows.flatMap((row) => ("corrupt" in row ? [row.seq] : []))).toEqual([26]);
    expect(rows).toHaveLength(50);
  });

  const fill = async () => {
    const store = await open();
    for (let n = 0; n < 50; n++) await store.append(thread, [message(`m${n}`, "긴 글 ".repeat(500))]);
    await store.close();
  };

  test("with a damaged page loses the rows on it, says which, and reads the others", async () => {
    await fill();
    overwrite((bytes) => {
      const size = bytes.readUInt16BE(16);
      const page = Math.floor(bytes.indexOf('{"id":"m25"') / size) * size;
      bytes.fill(0xa5, page, page + size);
    });
    const reopened = await open();
    const rows = await reopened.read(thread);
    expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
    expect(rows[25]).toMatchObject({ corrupt: expect.stringContaining("damaged") });
    expect(idsOf([rows[0], rows[49]].flatMap((row) => row ?? []))).toEqual(["m0", "m49"]);
    expect(await reopened.warnings()).toMatchObject([{ code: "store_corrupt", message: /damaged/, hint: /recover/ }]);
  });

  test("with damaged pages everywhere is reported when they are met, never taken for an empty thread", async () => {
    await fill();
    overwrite((bytes) => bytes.fill(0xa5, bytes.length - 60 * bytes.readUInt16BE(16)));
    const failure = await failureOf(open().then((reopened) => reopened.read(thread)));
    expect(failure).toMatchObject({ code: "store_corrupt", message: /damaged/, hint: /recover/ });
  });

  test("that was cut off gives what is left, says what is not, and takes nothing more", async () => {
    await fill();
    truncateSync(path, Math.floor(statSync(path).size * 0.6));
    const before = readFileSync(path);

    const reopened = await open();
    expect(await reopened.info(thread)).toMatchObject({ seq: 50 });
    expect(idsOf(await reopened.read(thread, { before: 6 }))).toEqual(["m0", "m1", "m2", "m3", "m4"]);
    const rows = await reopened.read(thread);
    expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
    expect(rows.filter((row) => "message" in row).length).toBeGreaterThan(20);
    expect(await reopened.read(thread, { limit: 2 })).toMatchObject([{ seq: 49 }, { seq: 50, corrupt: /damaged/ }]);
    expect(await reopened.warnings()).toMatchObject([{ code: "store_corrupt", message: /damaged/ }]);
    const appending = reopened.append(thread, messages(1, "x"));
    expect(await failureOf(appending)).toMatchObject({ code: "store_corrupt", hint: /recover/ });
    await reopened.close();
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test("of the first layout gets the new tables, and keeps every word", async () => {
    await (await open()).append(thread, messages(2, "old"));
    for (const store of opened.splice(0)) await store.close();
    const older = new DatabaseSync(path);
    older.exec("drop table fact; alter table thread drop column parent; alter table thread drop column parent_seq");
    older.exec("pragma user_version = 1");
    older.close();
    const store = await open();
    expect(idsOf(await store.read(thread))).toEqual(["old-0", "old-1"]);
    expect(await store.fork(thread, 1, "f")).toMatchObject({ kind: "forked" });
    expect(await store.facts("default").list()).toEqual([]);
  });

  test("in a folder that cannot be written says so", async () => {
    const locked = mkdtempSync(join(folder, "locked-"));
    chmodSync(locked, 0o555);
    chmodSync(folder, 0o755);
    path = join(locked, "chingu.db");
    const root = process.geteuid?.() === 0;
    // Modes do not bind root: for a moment this process is nobody.
    if (root) process.seteuid?.(65534);
    try {
      expect(await failureOf(open())).toMatchObject({ code: "store_read_only", hint: /writable/ });
    } finally {
      if (root) process.seteuid?.(0);
    }
  });

  test("in a place that is no folder says so", async () => {
    writeFileSync(join(folder, "file"), "");
    path = join(folder, "file", "chingu.db");
    expect(await failureOf(open())).toMatchObject({ code: "store_unavailable", message: /not a directory/ });
  });

  test("locked by another program for a moment is waited for, while this process goes on", async () => {
    const store = await open();
    const other = new DatabaseSync(path);
    other.exec("begin immediate");
    let stored = false;
    const append = store.append(thread, messages(1, "x")).then(() => {
      stored = true;
    });
    for (let n = 0; n < 5; n++) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(stored).toBe(false);
    other.exec("rollback");
    other.close();
    await append;
    expect(await store.read(thread)).toHaveLength(1);
  });

  test("locked by another program for good is a failure that names the file, and stores nothing", async () => {
    const store = await open();
    const other = new DatabaseSync(path);
    other.exec("begin immediate");
    expect(await failureOf(store.append(thread, messages(1, "x"), { op: "a" }))).toMatchObject({
      code: "store_unavailable",
      message: expect.stringContaining("locked by another process"),
    });
    other.exec("rollback");
    other.close();
    expect(await store.read(thread)).toEqual([]);
    expect(await store.append(thread, messages(1, "x"), { op: "a" })).toEqual({ kind: "appended", seq: 1 });
  });

  test("takes two processes that open and write it at once, and loses nothing", async () => {
    const writers = [startWriter(200, "a"), startWriter(200, "b")];
    await Promise.all(writers.map(({ exited }) => exited));
    expect(writers.map(({ errors }) => errors.join(""))).toEqual(["", ""]);
    const rows = await (await open()).read(thread);
    expect(writers.flatMap(({ acked }) => acked).sort((a, b) => a - b)).toEqual(rows.map(({ seq }) => seq));
    expect(rows).toHaveLength(400);
    expect(new Set(idsOf(rows)).size).toBe(400);
  });

  test("keeps every append that was acknowledged before kill -9, each once", async () => {
    const killed: number[] = [];
    for (let round = 0; round < 3; round++) {
      const { child, acked, lines, exited } = startWriter(100_000, `r${round}`);
      await new Promise<void>((resolve) => {
        lines.on("line", () => {
          if (acked.length >= 50 + round * 37) resolve();
        });
      });
      child.kill("SIGKILL");
      await exited;
      killed.push(...acked);
    }
    const rows = await (await open()).read(thread);
    expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, index) => index + 1));
    expect(new Set(idsOf(rows)).size).toBe(rows.length);
    expect(killed.filter((seq) => !rows[seq - 1])).toEqual([]);
    expect(rows.length).toBeGreaterThanOrEqual(killed.length);
  });
});
