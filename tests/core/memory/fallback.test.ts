import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { currentFacts } from "../../../packages/core/src/memory/facts/fact-view.ts";
import { createFacts } from "../../../packages/core/src/memory/facts/facts.ts";
import { type FallbackNotice, openWithFallback } from "../../../packages/core/src/memory/fallback.ts";
import { createMemoryStore } from "../../../packages/core/src/memory/memory-store.ts";
import { mergeStores } from "../../../packages/core/src/memory/merge.ts";
import { openThreadStore } from "../../../packages/core/src/memory/open.ts";
import type { ThreadStore } from "../../../packages/core/src/memory/thread-store.ts";
import { freePort, startRedis, type TemporaryRedis } from "../../kit/redis.ts";
import { factIn } from "./facts.ts";
import { idsOf, message, messages } from "./messages.ts";

const never = new AbortController().signal;
const namespace = "default";
const thread = { namespace, id: "t" };
const at = "2026-01-02T03:04:05.006Z";

let folder: string;
let ids = 0;
const time = { now: Date.UTC(2026, 0, 2) };
const clock = { now: () => time.now };
const environment = { clock, makeId: () => `id-${ids++}`, home: "/nowhere" };
const cleanups: (() => Promise<void>)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chingu-fallback-"));
});
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
  rmSync(folder, { recursive: true });
});

const spareFile = () => join(folder, "unsent.db");
const serve = async (): Promise<TemporaryRedis> => {
  const server = await startRedis({ args: ["--appendfsync", "always"] });
  cleanups.push(() => server.stop());
  return server;
};
const open = async (url: string, beginWithSpare = true) => {
  const notices: FallbackNotice[] = [];
  const store = await openWithFallback({
    openStore: () => openThreadStore(url, environment, never),
    openSpare: () => openThreadStore(`sqlite:${spareFile()}`, environment, never),
    spareExists: async () => existsSync(spareFile()),
    ...{ namespace, clock, beginWithSpare, onNotice: (notice: FallbackNotice) => notices.push(notice) },
  });
  cleanups.push(() => store.close());
  return { store, kinds: () => notices.map(({ kind }) => kind), notices };
};
const wait = () => {
  time.now += 60_000;
};

describe("a store that cannot be reached at the start", () => {
  test("is an error unless the spare was asked for, and nothing is kept", async () => {
    const opening = open(`redis://127.0.0.1:${await freePort()}`, false);
    await expect(opening).rejects.toMatchObject({ failure: { code: "store_unavailable" } });
    expect(readdirSync(folder)).toEqual([]);
  });

  test("is replaced by the spare, in which threads can be read, gone on with and erased", async () => {
    const { store, kinds, notices } = await open(`redis://127.0.0.1:${await freePort()}`);
    expect(notices).toMatchObject([{ kind: "started", failure: { code: "store_unavailable" }, spare: /unsent\.db$/ }]);
    await store.append(thread, messages(2, "a"), { title: "사과" });
    expect(await store.append(thread, messages(1, "b"), { expect: 1 })).toEqual({ kind: "conflict", seq: 2 });
    expect(idsOf(await store.read(thread))).toEqual(["a-0", "a-1"]);
    expect((await store.threads(namespace)).threads).toMatchObject([{ id: "t", title: "사과" }]);
    expect(await store.warnings()).toMatchObject([{ code: "store_unavailable" }]);
    expect(await store.erase({ namespace, thread: "t" })).toBe(1);
    expect(await store.read(thread)).toEqual([]);
    expect(kinds()).toEqual(["started"]);
  });

  test("gets all that was said at the next start, once, and the spare keeps nothing of it", async () => {
    const server = await serve();
    await server.kill();
    const away = await open(server.url);
    const saved = await away.store.saveText(thread, "긴 출력");
    const call = { ...message("call", `see ${saved}`) };
    await away.store.append(thread, [...messages(2, "수박서리"), call], { title: "밭", folder: "/home/a", op: "one" });
    await away.store.append({ ...thread, id: "u" }, messages(1, "c"));
    await away.store.facts(namespace).put(factIn({ kind: "user" }, "f", "수박서리"));
    await away.store.close();
    await server.restart();

    for (let start = 0; start < 2; start++) {
      const { store, notices } = await open(server.url);
      expect(notices).toEqual(start === 0 ? [{ kind: "merged", threads: 2, facts: 1, spare: expect.any(String) }] : []);
      expect(idsOf(await store.read(thread))).toEqual(["수박서리-0", "수박서리-1", "call"]);
      expect(await store.info(thread)).toMatchObject({ title: "밭", folder: "/home/a" });
      expect(await store.readText(thread, saved)).toBe("긴 출력");
      expect((await store.facts(namespace).list()).map(({ id }) => id)).toEqual(["f"]);
      expect((await store.threads(namespace)).threads).toHaveLength(2);
      await store.close();
    }
    for (const file of readdirSync(folder)) expect(readFileSync(join(folder, file)).includes("수박서리")).toBe(false);
  });

  test("is used as soon as it is back, with what was said meanwhile", async () => {
    const server = await serve();
    await server.kill();
    const { store, kinds } = await open(server.url);
    await store.append(thread, messages(1, "a"));
    await server.restart();
    await store.append(thread, messages(1, "b"));
    wait();
    await store.append(thread, messages(1, "c"));
    expect(kinds()).toEqual(["started", "merged"]);
    const direct = await openThreadStore(server.url, environment, never);
    cleanups.push(() => direct.close());
    expect(idsOf(await direct.read(thread))).toEqual(["a-0", "b-0", "c-0"]);
    expect(idsOf(await store.read(thread))).toEqual(["a-0", "b-0", "c-0"]);
  });
});

describe("a store that gets lost", () => {
  test("while a turn runs loses no word of it: the rest is kept in the spare and follows at the next start", async () => {
    const server = await serve();
    const { store, notices, kinds } = await open(server.url, false);
    await store.append(thread, messages(1, "before"), { op: "turn:1" });
    expect(existsSync(spareFile())).toBe(false);
    await server.kill();
    await store.append(thread, messages(1, "a"), { op: "turn:2" });
    await store.append(thread, messages(1, "b"), { op: "turn:3" });
    expect(notices).toMatchObject([{ kind: "kept", failure: { code: "store_unavailable" }, spare: /unsent/ }]);
    // The history lies elsewhere: what is here must not pass for all of it.
    await expect(store.read(thread)).rejects.toMatchObject({ failure: { code: "store_unavailable" } });
    await expect(store.append(thread, messages(1, "x"), { expect: 1 })).rejects.toMatchObject({ name: "StoreError" });
    await store.close();
    await server.restart();

    const next = await open(server.url, false);
    expect(next.notices).toEqual([{ kind: "merged", threads: 1, facts: 0, spare: expect.any(String) }]);
    expect(idsOf(await next.store.read(thread))).toEqual(["before-0", "a-0", "b-0"]);
    expect(kinds()).toEqual(["kept"]);
  });

  test("and comes back in the same run gets what was kept before anything newer", async () => {
    const server = await serve();
    const { store, kinds } = await open(server.url, false);
    await store.append(thread, messages(1, "a"));
    await server.kill();
    await store.append(thread, messages(1, "b"));
    await server.restart();
    // Still held to be lost; the order stays all the same.
    await store.append(thread, messages(1, "c"));
    expect(idsOf(await store.read(thread))).toEqual(["a-0", "b-0", "c-0"]);
    await store.append(thread, messages(1, "d"), { expect: 3 });
    expect(idsOf(await store.read(thread))).toEqual(["a-0", "b-0", "c-0", "d-0"]);
    expect(kinds()).toEqual(["kept", "merged"]);
  });
});

describe("a merge", () => {
  const two = () => [createMemoryStore({ clock }), createMemoryStore({ clock })] as const;
  const rowsOf = async (store: ThreadStore) => idsOf(await store.read(thread));

  test("behind rows that came meanwhile keeps marks and sources on the rows they were made for", async () => {
    const [from, to] = two();
    await to.append(thread, messages(5, "old"));
    await from.append(thread, messages(3, "new"));
    const numbers = { tokensBefore: 9, tokensAfter: 1 };
    await from.append(thread, [
      { type: "summary", id: "s", at, from: 1, to: 2, text: "x", model: "m", ...numbers },
      { type: "rewind", id: "r", at, to: 3 },
    ]);
    const fact = factIn({ kind: "thread", thread: "t" }, "f", "x");
    await from.facts(namespace).put({ ...fact, source: [{ thread: "t", seq: 3, role: "user" }] });
    expect(await mergeStores(from, to, { namespace, now: time.now })).toEqual({ threads: 1, facts: 1 });
    const rows = await to.read(thread, { after: 8 });
    expect(rows).toMatchObject([{ mark: { from: 6, to: 7 } }, { mark: { to: 8 } }]);
    expect(await to.facts(namespace).get("f")).toMatchObject({ fact: { source: [{ seq: 8 }] } });
    expect(await from.threads(namespace)).toEqual({ threads: [] });
    expect(await from.facts(namespace).list()).toEqual([]);
  });

  test("of what is there already, in whole or in part, adds only what is missing", async () => {
    const [from, to] = two();
    await from.append(thread, messages(500, "a"));
    await to.append(thread, messages(250, "a"));
    await mergeStores(from, to, { namespace, now: time.now });
    expect(await rowsOf(to)).toEqual(messages(500, "a").map(({ id }) => id));
    await from.append(thread, messages(500, "a"));
    expect(await mergeStores(from, to, { namespace, now: time.now })).toEqual({ threads: 0, facts: 0 });
    expect(await rowsOf(to)).toHaveLength(500);
  });

  test("of facts that hold in both stores leaves one of each, and loses none that is spelled like an ended one", async () => {
    const [from, to] = two();
    const [kept, spare] = [to, from].map((store) => createFacts({ store: store.facts(namespace), clock }));
    const source = (id: string) => [{ thread: id, seq: 1, role: "user" as const }];
    const said = { text: "I live in Seoul", source: source("a"), by: "user" as const };
    const seoul = await kept?.save(said);
    await kept?.save({ text: "I like tea", source: [], by: "user" });
    time.now += 1_000;
    const spared = await spare?.save({ text: "i live in Seoul!", source: source("b"), by: "user", pinned: true });
    const tea = await spare?.save({ text: "I like tea", source: [], by: "user" });
    await spare?.save({
      ...{ text: "I drink coffee", source: [], by: "user" },
      ...(tea?.kind === "saved" && { supersedes: tea.fact.id }),
    });
    expect([seoul?.kind, spared?.kind, tea?.kind]).toEqual(["saved", "saved", "saved"]);
    expect((await mergeStores(from, to, { namespace, now: time.now })).facts).toBe(2);
    const all = (await kept?.all()) ?? [];
    expect(currentFacts(all, time.now).map(({ text }) => text)).toEqual([
      "I live in Seoul",
      "I like tea",
      "I drink coffee",
    ]);
    expect(all.find(({ text }) => text === "I live in Seoul")).toMatchObject({
      pinned: true,
      source: [...source("a"), ...source("b")],
    });
    const coffee = all.find(({ text }) => text === "I drink coffee");
    expect(all.find(({ id }) => id === coffee?.supersedes)).toMatchObject({ text: "I like tea", validTo: coffee?.at });
  });

  test("by two at once, and beside a writer, adds every row once", async () => {
    const [from, to] = two();
    await from.append(thread, messages(900, "a"));
    const other = createMemoryStore({ clock });
    await other.append(thread, messages(900, "a"));
    const write = async () => {
      for (let n = 0; n < 10; n++) await to.append(thread, [message(`w${n}`, "x")]);
    };
    await Promise.all([
      mergeStores(from, to, { namespace, now: time.now }),
      mergeStores(other, to, { namespace, now: time.now }),
      write(),
    ]);
    const rows = await rowsOf(to);
    expect(rows.filter((id) => id.startsWith("a-"))).toEqual(messages(900, "a").map(({ id }) => id));
    expect(rows).toHaveLength(910);
  });

  test("leaves a thread that grew while it was copied, for the next time", async () => {
    const [from, to] = two();
    await from.append(thread, messages(2, "a"));
    const busy: ThreadStore = {
      ...to,
      append: async (...args) => {
        await from.append(thread, messages(1, "late"));
        return to.append(...args);
      },
    };
    await mergeStores(from, busy, { namespace, now: time.now });
    expect(await rowsOf(from)).toEqual(["a-0", "a-1", "late-0"]);
    await mergeStores(from, to, { namespace, now: time.now });
    expect(await rowsOf(to)).toEqual(["a-0", "a-1", "late-0"]);
    expect(await rowsOf(from)).toEqual([]);
  });
});
