import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createMemoryStore } from "../../../../packages/core/src/memory/memory-store.ts";
import type { ThreadStore } from "../../../../packages/core/src/memory/thread-store.ts";
import { chatter, clock, namespace, patient, recallOver, said } from "./support.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "chingu-index-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A store that keeps nothing, but says that it does: its index is a file. */
function kept(): ThreadStore {
  return { ...createMemoryStore({ clock }), url: "sqlite:~/kept.db" };
}

const only = async () => {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".db"));
  expect(names).toHaveLength(1);
  return join(folder, names[0] ?? "");
};

/** All that lies in the folder, as bytes. */
const bytes = async () =>
  Buffer.concat(await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name)))));

test("the index is its owner's alone, and a second search reads no row again", async () => {
  const store = kept();
  {
    await using first = await recallOver({ one: ["the kraken wakes"] }, { store, folder });
    expect(await first.find("kraken")).toEqual(["the kraken wakes"]);
  }
  expect((await stat(await only())).mode & 0o777).toBe(0o600);
  expect((await stat(folder)).mode & 0o077).toBe(0);

  const reads: unknown[] = [];
  const watched: ThreadStore = {
    ...store,
    read: (key, query) => {
      reads.push(query);
      return store.read(key, query);
    },
  };
  await using second = await recallOver({}, { store: watched, folder });
  await second.recall.sync(patient());
  expect(reads).toEqual([]);
  await second.say("one", "the kraken sleeps");
  await second.recall.sync(patient());
  expect(reads).toEqual([{ after: 1, before: 3 }]);
  expect(await second.find("kraken")).toEqual(["the kraken wakes", "the kraken sleeps"]);
});

test.each([
  ["damaged", (path: string) => writeFile(path, "this is no database, however long one looks at it".repeat(100))],
  ["empty", (path: string) => writeFile(path, "")],
  ["missing", (path: string) => rm(path)],
  [
    "of another version",
    async (path: string) => {
      const database = new DatabaseSync(path);
      database.exec("pragma user_version = 999");
      database.close();
    },
  ],
  [
    "damaged behind its head",
    async (path: string) => {
      const whole = await readFile(path);
      await writeFile(path, whole.fill(0xa5, 4096, whole.length));
    },
  ],
])("an index that is %s is built anew", async (_, harm) => {
  const store = kept();
  {
    await using first = await recallOver({ one: ["the kraken wakes"] }, { store, folder });
    await chatter(store, 60);
    await first.recall.sync(patient());
  }
  await harm(await only());
  await using second = await recallOver({}, { store, folder });
  expect(await second.find("kraken")).toEqual(["the kraken wakes"]);
});

test("where the index cannot be kept, the search works and says so once", async () => {
  await writeFile(join(folder, "file"), "");
  await using memory = await recallOver(
    { one: ["the kraken wakes"] },
    { store: kept(), folder: join(folder, "file", "index") },
  );
  const first = await memory.search("kraken");
  expect(first.passages).toHaveLength(1);
  expect(first.notices.map(({ code }) => code)).toEqual(["index_unwritable"]);
  expect((await memory.search("kraken")).notices).toEqual([]);
});

test("the words of a store that keeps nothing are not written to disk", async () => {
  await using memory = await recallOver({ one: ["the kraken wakes"] }, { folder });
  expect(await memory.find("kraken")).toHaveLength(1);
  expect(await readdir(folder)).toEqual([]);
});

test("two programs may index the same threads at the same time", async () => {
  const store = kept();
  await chatter(store, 1_000);
  await using one = await recallOver({ a: ["the kraken wakes"] }, { store, folder });
  await using other = await recallOver({}, { store, folder });
  await Promise.all([one.recall.sync(patient()), other.recall.sync(patient())]);
  for (let round = 0; round < 5; round++) {
    await one.say(`b${round}`, `the kraken has arm ${round}`);
    await Promise.all([one.recall.sync(patient()), other.recall.sync(patient())]);
  }
  expect(await one.find("kraken", { limit: 20 })).toHaveLength(6);
  expect((await other.find("kraken", { limit: 20 })).toSorted()).toEqual(
    (await one.find("kraken", { limit: 20 })).toSorted(),
  );
});

test("an erased thread leaves no byte in the index, and the others stay found", async () => {
  const store = kept();
  await chatter(store, 300);
  await using memory = await recallOver(
    { secret: ["the password is heliotrope9000", "비밀번호는 해바라기밭"], other: ["heliotrope is a flower"] },
    { store, folder },
  );
  expect(await memory.find("heliotrope9000")).toContain("the password is heliotrope9000");
  expect((await bytes()).includes("heliotrope9000")).toBe(true);
  await store.erase({ namespace, thread: "secret" });
  await memory.recall.forget("secret");
  const left = await bytes();
  for (const trace of ["heliotrope9000", "9000", "밭", "비밀", '"secret"'])
    expect([trace, left.includes(trace)]).toEqual([trace, false]);
  expect(await memory.find("heliotrope")).toEqual(["heliotrope is a flower"]);
  expect(await memory.find("garden")).not.toEqual([]);
});

test("a thread that another program erased, or that was begun anew under its name, is forgotten", async () => {
  const store = kept();
  let time = clock.now();
  const ticking = { ...createMemoryStore({ clock: { now: () => (time += 1000) } }), url: store.url };
  await using memory = await recallOver({ one: ["the first kraken", "and its arms"] }, { store: ticking, folder });
  expect(await memory.find("kraken")).toEqual(["the first kraken", "and its arms"]);
  await ticking.erase({ namespace, thread: "one" });
  await memory.say("one", said("the second kraken"), said("and its eyes"), said("and its teeth"));
  expect((await memory.find("kraken"))[0]).toBe("the second kraken");
  expect(await memory.find("arms")).toEqual([]);
  await ticking.erase({ namespace, thread: "one" });
  expect(await memory.find("kraken")).toEqual([]);
  await memory.recall.sync(patient());
  expect((await bytes()).includes("kraken")).toBe(false);
});

test("when a namespace is erased its index holds no word any more", async () => {
  const store = kept();
  await chatter(store, 200);
  await using memory = await recallOver({ one: ["the kraken wakes"] }, { store, folder });
  expect(await memory.find("kraken")).toHaveLength(1);
  await store.erase({ namespace });
  await memory.recall.sync(patient());
  expect(await memory.find("kraken")).toEqual([]);
  const left = await bytes();
  for (const trace of ["kraken", "garden", "chatter"]) expect([trace, left.includes(trace)]).toEqual([trace, false]);
});

test("what cannot be read in the store does not keep the rest from being found", async () => {
  const store = kept();
  await using memory = await recallOver(
    { one: ["the kraken wakes", "something", "the kraken sleeps"] },
    { store, folder },
  );
  const torn: ThreadStore = {
    ...store,
    read: async (key, query) =>
      (await store.read(key, query)).map((row) => (row.seq === 1 ? { seq: 1, corrupt: "not JSON", raw: "{" } : row)),
  };
  await using other = await recallOver({}, { store: torn, folder: join(folder, "other") });
  expect(await other.find("kraken")).toContain("the kraken sleeps");
  expect(await memory.find("kraken")).toContain("the kraken wakes");
});
