import { Redis } from "ioredis";
import { afterEach, expect, test } from "vitest";
import { openThreadStore } from "../../../packages/core/src/memory/open.ts";
import type { ThreadStore } from "../../../packages/core/src/memory/thread-store.ts";
import { startRedis } from "../../kit/redis.ts";
import { factIn } from "./facts.ts";
import { idsOf, messages } from "./messages.ts";
import { startLossyProxy } from "./proxy.ts";

const thread = { namespace: "default", id: "t" };
const fork = { namespace: "default", id: "f" };

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

const serve = async () => {
  const server = await startRedis({ args: ["--appendfsync", "always"] });
  cleanups.push(() => server.stop());
  const admin = new Redis(server.port);
  admin.on("error", () => {});
  cleanups.push(async () => admin.disconnect());
  return { ...server, admin };
};
let ids = 0;
const open = async (url: string): Promise<ThreadStore> => {
  const environment = { clock: { now: () => Date.now() }, makeId: () => `id-${ids++}`, home: "/nowhere" };
  const store = await openThreadStore(url, environment, new AbortController().signal);
  cleanups.push(() => store.close());
  return store;
};
const all = messages(1000, "a");

test("whichever reply gets lost, a fork is made once and whole", async () => {
  const server = await serve();
  const proxy = await startLossyProxy(server.port);
  cleanups.push(() => proxy.stop());
  const store = await open(`redis://127.0.0.1:${proxy.port}`);
  await store.append(thread, messages(250, "a"));
  await store.saveText(thread, "x");
  // Info, three portions of rows, names of texts, texts, the switch, info.
  for (let skipped = 0; skipped < 8; skipped++) {
    proxy.dropNextReply(skipped);
    expect(await store.fork(thread, 250, `f${skipped}`)).toMatchObject({ kind: "forked", info: { seq: 250 } });
    expect(await store.read({ ...fork, id: `f${skipped}` })).toHaveLength(250);
  }
  expect(proxy.dropped()).toBe(8);
});

test("a lost reply neither forges nor hides what became of a fact, a name or an erased thread", async () => {
  const server = await serve();
  const proxy = await startLossyProxy(server.port);
  cleanups.push(() => proxy.stop());
  const store = await open(`redis://127.0.0.1:${proxy.port}`);
  const facts = store.facts("default");
  const losing = <T>(work: () => Promise<T>) => {
    proxy.dropNextReply();
    return work();
  };
  await store.append(thread, messages(2, "a"));
  const fact = factIn({ kind: "user" }, "f", "x");
  expect(await losing(() => facts.put(fact, { expect: "absent" }))).toBe(true);
  expect(await losing(() => facts.put(fact, { expect: "absent" }))).toBe(false);
  expect(await losing(() => facts.remove("f"))).toBe(true);
  expect(await losing(() => facts.remove("f"))).toBe(false);
  expect(await losing(() => store.rename(thread, "이름"))).toBe(true);
  proxy.dropNextReply(2);
  expect(await store.erase({ namespace: "default", thread: "t" })).toBe(1);
  expect(proxy.dropped()).toBe(6);
  expect(await store.info(thread)).toBeUndefined();
});

test("a fork survives the server's kill -9 whole", async () => {
  const server = await serve();
  const store = await open(server.url);
  await store.append(thread, all);
  const forking = store.fork(thread, 1000, "f");
  await new Promise((resolve) => setTimeout(resolve, 3));
  await server.restart();
  expect(await forking).toMatchObject({ kind: "forked" });
  expect(idsOf(await store.read(fork))).toEqual(all.map(({ id }) => id));
});

test("of a fork whose maker dies nothing is to be seen, and what it left goes by itself", async () => {
  const server = await serve();
  const store = await open(server.url);
  await store.append(thread, all);
  const before = await server.admin.keys("*");
  const forking = store.fork(thread, 1000, "f").catch(() => undefined);
  while ((await server.admin.keys("*:x:*")).length === 0) await new Promise((resolve) => setImmediate(resolve));
  await store.close();
  await forking;
  const next = await open(server.url);
  expect((await next.threads("default")).threads.map(({ id }) => id)).toEqual(["t"]);
  for (const key of await server.admin.keys("*")) {
    if (!before.includes(key)) expect(await server.admin.pttl(key)).toBeGreaterThan(0);
  }
});
