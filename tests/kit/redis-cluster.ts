import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import { freePort, startRedis, type TemporaryRedis } from "./redis.ts";

const slots = 16_384;

/** A cluster of as many nodes, each with its part of the slots. Resolves when every node says that all is well. */
export async function startRedisCluster(
  size: number,
  { args = [] }: { readonly args?: readonly string[] } = {},
): Promise<readonly TemporaryRedis[]> {
  const nodes: TemporaryRedis[] = [];
  for (let n = 0; n < size; n++) {
    // Without a port of its own the nodes' talk takes port + 10000, which may not exist.
    const own = ["--cluster-enabled", "yes", "--cluster-port", String(await freePort())];
    nodes.push(await startRedis({ args: [...own, ...args] }));
  }
  const admins = nodes.map(({ port }) => new Redis(port));
  try {
    for (const [n, admin] of admins.entries()) {
      const from = Math.ceil((n * slots) / size);
      const to = Math.ceil(((n + 1) * slots) / size) - 1;
      await admin.call("CLUSTER", "ADDSLOTSRANGE", from, to);
      const bus = await busPort(admin);
      if (n > 0) await admins[0]?.call("CLUSTER", "MEET", "127.0.0.1", nodes[n]?.port ?? 0, bus);
    }
    for (const admin of admins) {
      const wanted = ["cluster_state:ok", `cluster_known_nodes:${size}`];
      for (;;) {
        const info = String(await admin.cluster("INFO"));
        if (wanted.every((line) => info.includes(line))) break;
        await delay(20);
      }
    }
  } finally {
    for (const admin of admins) admin.disconnect();
  }
  return nodes;
}

async function busPort(admin: Redis): Promise<string> {
  const reply = (await admin.config("GET", "cluster-port")) as string[];
  return reply[1] ?? "";
}
