import { Redis } from "ioredis";
import { openThreadStore, type StoreEnvironment } from "../../../packages/core/src/memory/open.ts";
import { startRedis } from "../../kit/redis.ts";
import { damagedRowContract, type SharedBackend, threadStoreContract } from "./thread-store.contract.ts";

const never = new AbortController().signal;

const startBackend = async (
  environment: StoreEnvironment,
  { database = 0, args = [] }: { readonly database?: number; readonly args?: readonly string[] } = {},
): Promise<SharedBackend> => {
  const server = await startRedis({ args });
  const admin = new Redis(server.port, { db: database });
  if (args.includes("--cluster-enabled")) {
    await admin.cluster("ADDSLOTS", ...Array.from({ length: 16_384 }, (_, slot) => slot));
    while (!(await admin.cluster("INFO")).toString().includes("cluster_state:ok")) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  return {
    open: () => openThreadStore(`${server.url}/${database}`, environment, never),
    async spoil({ namespace, id }, seq, raw) {
      const key = `m1:{${Buffer.from(namespace).toString("base64url")}}:t:${Buffer.from(id).toString("base64url")}`;
      // A stream takes no row in its middle: it is written anew around the bad one.
      const rows = await admin.xrange(key, "-", "+");
      await admin.del(key);
      for (const [row, fields] of rows) await admin.xadd(key, row, "m", row === `${seq}-0` ? raw : (fields[1] ?? ""));
    },
    async stop() {
      admin.disconnect();
      await server.stop();
    },
  };
};

threadStoreContract("Redis", (environment) => startBackend(environment));
threadStoreContract("Redis, another database, everything synced", (environment) =>
  startBackend(environment, { database: 3, args: ["--appendfsync", "always"] }),
);
// A cluster refuses a script whose keys lie in different slots.
threadStoreContract("a Redis cluster of one node", (environment) =>
  startBackend(environment, { args: ["--cluster-enabled", "yes"] }),
);
damagedRowContract("Redis", (environment) => startBackend(environment));
