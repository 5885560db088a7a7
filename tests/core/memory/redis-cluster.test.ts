import { Redis } from "ioredis";
import { afterEach, expect, test } from "vitest";
import { openThreadStore } from "../../../packages/core/src/memory/open.ts";
import type { ThreadStore } from "../../../packages/core/src/memory/thread-store.ts";
import type { TemporaryRedis } from "../../kit/redis.ts";
import { startRedisCluster } from "../../kit/redis-cluster.ts";
import { idsOf, message, messages } from "./messages.ts";

const never = new AbortController().signal;
const thread = { namespace: "default", id: "t" };
const key = "m1:{ZGVmYXVsdA}:t:dA";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

const serve = async (...args: string[]) => {
  const nodes = await startRedisCluster(3, { args });
  cleanups.push(async () => {
    for (const node of nodes) await node.stop();
  });
  return nodes;
};
let ids = 0;
const open = async (url: string): Promise<ThreadStore> => {
  const environment = { clock: { now: () => Date.now() }, makeId: () => `id-${ids++}`, home: "/nowhere" };
  const store = await openThreadStore(url, environment, never);
  cleanups.push(() => store.close());
  return store;
};
const administer = (server: TemporaryRedis): Redis => {
  const admin = new Redis(server.port);
  admin.on("error", () => {});
  cleanups.push(async () => admin.disconnect());
  return admin;
};
const appendOne = (store: ThreadStore, n: number) => store.append(thread, [message(`m${n}`, "x")]);

/** The nodes, that of our keys first. */
async function byHolder(nodes: readonly TemporaryRedis[]): Promise<TemporaryRedis[]> {
  const held = await Promise.all(
    nodes.map((node) =>
      administer(node)
        .exists(key)
        .catch(() => 0),
    ),
  );
  return nodes.toSorted((a, b) => (held[nodes.indexOf(b)] ?? 0) - (held[nodes.indexOf(a)] ?? 0));
}

test("a cluster is opened through any of its nodes, and all lead to the same threads", async () => {
  const nodes = await serve();
  for (const [n, { url }] of nodes.entries()) await appendOne(await open(url), n);
  expect(idsOf(await (await open(nodes[0]?.url ?? "")).read(thread))).toEqual(["m0", "m1", "m2"]);
  const [holder] = await byHolder(nodes);
  expect(await administer(holder as TemporaryRedis).keys("*")).toHaveLength(4);
});

test("a node that dies in the middle of appends and comes back has each of them once", async () => {
  const nodes = await serve("--appendfsync", "always", "--cluster-node-timeout", "1000");
  const store = await open(nodes[0]?.url ?? "");
  await appendOne(store, 0);
  const [holder] = await byHolder(nodes);
  const appends = Promise.all(Array.from({ length: 100 }, (_, n) => appendOne(store, n + 1)));
  await new Promise((resolve) => setImmediate(resolve));
  await holder?.restart();
  await appends;
  const rows = await store.read(thread);
  expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: 101 }, (_, n) => n + 1));
  expect(new Set(idsOf(rows)).size).toBe(101);
});

test("slots that move to another node take the store with them, and forgotten scripts are sent again", async () => {
  const nodes = await serve();
  const store = await open(nodes[0]?.url ?? "");
  await store.append(thread, messages(3, "a"));
  await store.saveText(thread, "x");
  const [from, to] = (await byHolder(nodes)).map(administer);
  if (!from || !to) throw new Error("no nodes");
  const slot = Number(await from.cluster("KEYSLOT", key));
  const [fromId, toId] = (await Promise.all([from, to].map((node) => node.cluster("MYID")))).map(String);
  await to.call("CLUSTER", "SETSLOT", slot, "IMPORTING", fromId ?? "");
  await from.call("CLUSTER", "SETSLOT", slot, "MIGRATING", toId ?? "");
  const keys = (await from.call("CLUSTER", "GETKEYSINSLOT", slot, 100)) as string[];
  await from.call("MIGRATE", "127.0.0.1", to.options.port ?? 0, "", 0, 5000, "KEYS", ...keys);
  for (const node of [to, from]) await node.call("CLUSTER", "SETSLOT", slot, "NODE", toId ?? "");
  for (const node of [to, from]) await node.script("FLUSH");

  expect(await store.append(thread, messages(1, "b"), { expect: 3 })).toEqual({ kind: "appended", seq: 4 });
  expect(await store.fork(thread, 4, "f")).toMatchObject({ kind: "forked" });
  expect(idsOf(await store.read(thread))).toEqual(["a-0", "a-1", "a-2", "b-0"]);
});

test("a cluster whose nodes are all gone says so, and takes the same operation once they are back", async () => {
  const nodes = await serve("--appendfsync", "always");
  const store = await open(nodes[0]?.url ?? "");
  await appendOne(store, 0);
  for (const node of nodes) await node.kill();
  const append = () => store.append(thread, messages(1, "x"), { op: "turn-1" });
  await expect(append()).rejects.toMatchObject({ failure: { code: "store_unavailable", hint: expect.any(String) } });
  await expect(open(nodes[0]?.url ?? "")).rejects.toMatchObject({ failure: { message: /cannot be reached/ } });
  for (const node of nodes) await node.restart();
  let seq = 0;
  while (seq === 0)
    seq = await append().then(
      (outcome) => outcome.seq,
      () => 0,
    );
  expect(seq).toBe(2);
  expect(idsOf(await store.read(thread))).toEqual(["m0", "x-0"]);
});
