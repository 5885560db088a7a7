import { Redis } from "ioredis";
import { afterEach, expect, test } from "vitest";
import { openThreadStore } from "../../../packages/core/src/memory/open.ts";
import { startRedis } from "../../kit/redis.ts";
import { startRedisCluster } from "../../kit/redis-cluster.ts";

const environment = { clock: { now: () => 0 }, makeId: () => "id", home: "/nowhere" };
const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

const serve = async (...args: string[]) => {
  const server = await startRedis({ args });
  cleanups.push(() => server.stop());
  const admin = new Redis(server.port);
  cleanups.push(async () => admin.disconnect());
  return { ...server, admin };
};
const warningsAt = async (url: string) => {
  const store = await openThreadStore(url, environment, new AbortController().signal);
  cleanups.push(() => store.close());
  return store.warnings();
};

test("a Redis that writes every word down and evicts nothing gives no warning", async () => {
  expect(await warningsAt((await serve()).url)).toEqual([]);
});

test("anything else is named with its value and what to run", async () => {
  const { url, port } = await serve("--appendonly", "no", "--maxmemory-policy", "allkeys-lru");
  expect(await warningsAt(url)).toMatchObject([
    { code: "store_not_durable", message: /appendonly no/, hint: /CONFIG SET appendonly yes/ },
    { code: "store_evicts", message: /maxmemory-policy allkeys-lru/, hint: /noeviction/ },
  ]);
  expect((await warningsAt(url))[0]?.message).toContain(`127.0.0.1:${port}`);
  const late = await serve("--appendfsync", "no");
  expect(await warningsAt(late.url)).toMatchObject([{ code: "store_syncs_late", hint: /everysec/ }]);
});

test("a Redis that forbids CONFIG is asked another way; one that tells nothing at all could not be checked", async () => {
  const { admin, port } = await serve("--appendonly", "no", "--maxmemory-policy", "volatile-ttl");
  await admin.acl("SETUSER", "guest", "on", ">pw", "~*", "+@all", "-config");
  await admin.acl("SETUSER", "stranger", "on", ">pw", "~*", "+@all", "-config", "-info");
  expect(await warningsAt(`redis://guest:pw@127.0.0.1:${port}`)).toMatchObject([
    { code: "store_not_durable" },
    { code: "store_evicts", message: /volatile-ttl/ },
  ]);
  expect(await warningsAt(`redis://stranger:pw@127.0.0.1:${port}`)).toMatchObject([
    { code: "store_unchecked", message: /appendonly and maxmemory-policy/, hint: /appendonly yes.*noeviction/ },
  ]);
});

test("one careless node of a cluster is found, through whichever node it was opened", async () => {
  const nodes = await startRedisCluster(3);
  cleanups.push(async () => {
    for (const node of nodes) await node.stop();
  });
  const admin = new Redis(nodes[2]?.port ?? 0);
  cleanups.push(async () => admin.disconnect());
  await admin.config("SET", "maxmemory-policy", "allkeys-random");
  expect(await warningsAt(nodes[0]?.url ?? "")).toMatchObject([{ code: "store_evicts", message: /allkeys-random/ }]);
});
