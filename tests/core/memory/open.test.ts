import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openThreadStore } from "../../../packages/core/src/memory/open.ts";

const environment = { clock: { now: () => 0 }, makeId: () => "id", home: "/home/jina" };
const open = (url: string, signal = new AbortController().signal) => openThreadStore(url, environment, signal);

test("a URL that names no store is a usage error that lists the accepted forms and quotes no password", async () => {
  for (const url of ["http://:hunter2@host", "hunter2", "", ":", "postgres://u:hunter2@h/db", "C:\\hunter2"]) {
    const error = await open(url).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "StoreError", failure: { code: "usage" } });
    expect(JSON.stringify(error)).toMatch(/redis:.*rediss:.*sqlite:PATH.*memory:/);
    expect(JSON.stringify(error)).not.toContain("hunter2");
  }
});

test("a Redis URL that cannot be read is a usage error that quotes no password", async () => {
  const urls = [
    "redis://",
    "redis://:hunter2#@h",
    "redis://:hunter2@h:99999",
    "redis://:%hunter2@h",
    "redis://:hunter2/@h",
  ];
  for (const url of [...urls, "redis://h/x", "redis://h/1/2", "redis://h?password=hunter2"]) {
    const error = await open(url).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ failure: { code: "usage", hint: expect.stringContaining("redis://HOST:PORT") } });
    expect(JSON.stringify(error)).not.toContain("hunter2");
  }
});

test("a sqlite: URL without a file is a usage error", async () => {
  for (const url of ["sqlite:", "sqlite://", "sqlite:a\u0000b"]) {
    await expect(open(url)).rejects.toMatchObject({ failure: { code: "usage" } });
  }
});

test("a sqlite: URL with a way to write that does not exist is a usage error that names those that do", async () => {
  const opening = open("sqlite:a.db?synchronous=off");
  await expect(opening).rejects.toMatchObject({ failure: { code: "usage", hint: /synchronous=full/ } });
});

test("a sqlite: path is absolute, from the working folder, or from the home folder", async () => {
  const folder = mkdtempSync(join(tmpdir(), "chingu-open-"));
  const signal = new AbortController().signal;
  for (const [url, shown] of [
    [`sqlite:${folder}/a.db`, "sqlite:~/a.db"],
    [`SQLITE://${folder}/b.db`, "sqlite:~/b.db"],
    ["sqlite:~/sub/c.db", "sqlite:~/sub/c.db"],
    [" sqlite:~/:memory: ", "sqlite:~/:memory:"],
    ["sqlite:~/sub/d.db?synchronous=full", "sqlite:~/sub/d.db"],
    ["sqlite:~/what?.db?synchronous=normal", "sqlite:~/what?.db"],
  ] as const) {
    const store = await openThreadStore(url, { ...environment, home: folder }, signal);
    expect(store.url).toBe(shown);
    await store.close();
    expect(existsSync(join(folder, shown.slice("sqlite:~/".length)))).toBe(true);
  }
  rmSync(folder, { recursive: true });
});

test("without a home folder ~ is a usage error, and full paths are shown as they are", async () => {
  const signal = new AbortController().signal;
  const homeless = { ...environment, home: "" };
  const opening = openThreadStore("sqlite:~/a.db", homeless, signal);
  await expect(opening).rejects.toMatchObject({ failure: { code: "usage" } });
  const folder = mkdtempSync(join(tmpdir(), "chingu-open-"));
  const store = await openThreadStore(`sqlite:${folder}/a.db`, homeless, signal);
  expect(store.url).toBe(`sqlite:${folder}/a.db`);
  await store.close();
  rmSync(folder, { recursive: true });
});

test("nothing is opened for a caller who has given up", async () => {
  await expect(open("memory:", AbortSignal.abort(new Error("enough")))).rejects.toThrow("enough");
});
