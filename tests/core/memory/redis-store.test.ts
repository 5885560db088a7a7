import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import { openThreadStore, type StoreEnvironment } from "../../../packages/core/src/memory/open.ts";
import { startRedis } from "../../kit/redis.ts";
import { startRedisCluster } from "../../kit/redis-cluster.ts";
import { factStoreContract } from "./fact-store.contract.ts";
import { type SearchableBackend, threadChangesContract } from "./thread-changes.contract.ts";
import { damagedRowContract, type SharedBackend, threadStoreContract } from "./thread-store.contract.ts";

const never = new AbortController().signal;

// The log is written as commands, so that a search of its files finds what stands in it.
const readable = ["--aof-use-rdb-preamble", "no"];

const startBackend = async (
  environment: StoreEnvironment,
  {
    database = 0,
    args = [],
    nodes = 0,
  }: { readonly database?: number; readonly args?: readonly string[]; readonly nodes?: number } = {},
): Promise<SharedBackend & SearchableBackend> => {
  const servers = nodes
    ? await startRedisCluster(nodes, { args: [...readable, ...args] })
    : [await startRedis({ args: [...readable, ...args] })];
  const [server] = servers;
  if (!server) throw new Error("no server");
  const admins = servers.map(({ port }) => new Redis(port, { db: database }));
  return {
    open: () => openThreadStore(`${server.url}/${database}`, environment, never),
    async spoil({ namespace, id }, seq, raw) {
      const key = `m1:{${encode(namespace)}}:t:${encode(id)}`;
      const [admin] = admins;
      // A stream takes no row in its middle: it is written anew around the bad one.
      const rows = (await admin?.xrange(key, "-", "+")) ?? [];
      await admin?.del(key);
      for (const [row, fields] of rows) await admin?.xadd(key, row, "m", row === `${seq}-0` ? raw : (fields[1] ?? ""));
    },
    placesWith: async (words) => (await Promise.all(admins.map((admin) => logsWith(admin, words)))).flat(),
    async stop() {
      for (const admin of admins) admin.disconnect();
      for (const one of servers) await one.stop();
    },
  };
};

const encode = (text: string) => Buffer.from(text).toString("base64url");

/** The files of the server's log, written anew, in which the words stand, plain or as a part of a key. */
async function logsWith(admin: Redis, words: string): Promise<string[]> {
  await admin.bgrewriteaof();
  do await delay(10);
  while (!/aof_rewrite_in_progress:0.*aof_rewrite_scheduled:0/s.test(await admin.info("persistence")));
  const [, folder = ""] = (await admin.config("GET", "dir")) as string[];
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  return files
    .map((file) => join(file.parentPath, file.name))
    .filter((path) => [words, encode(words)].some((form) => readFileSync(path).includes(form)));
}

threadStoreContract("Redis", (environment) => startBackend(environment));
threadChangesContract("Redis", (environment) => startBackend(environment));
factStoreContract("Redis", (environment) => startBackend(environment));
threadStoreContract("Redis, another database, everything synced", (environment) =>
  startBackend(environment, { database: 3, args: ["--appendfsync", "always"] }),
);
// A cluster refuses a script whose keys lie in different slots. One node that never met another knows no address.
threadStoreContract("a Redis cluster of one node", (environment) => startBackend(environment, { nodes: 1 }));
threadStoreContract("a Redis cluster of three", (environment) => startBackend(environment, { nodes: 3 }));
threadChangesContract("a Redis cluster of three", (environment) => startBackend(environment, { nodes: 3 }));
factStoreContract("a Redis cluster of three", (environment) => startBackend(environment, { nodes: 3 }));
damagedRowContract("Redis", (environment) => startBackend(environment));
