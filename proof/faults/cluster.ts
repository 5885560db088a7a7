import { setTimeout } from "node:timers/promises";
import { factIn } from "../../tests/core/memory/facts.ts";
import { startRedisCluster } from "../../tests/kit/redis-cluster.ts";
import { thread } from "./ledger.ts";
import type { Fault, Stage } from "./stage.ts";

const key = "m1:{ZGVmYXVsdA}:t:dA";

async function serveCluster(stage: Stage, ...args: string[]) {
  const nodes = await startRedisCluster(3, { args });
  stage.defer(() => Promise.all(nodes.map((node) => node.stop())));
  return nodes;
}

/** A step of the administrator's, again while the nodes have not agreed yet on who holds the slot: gossip takes its time. */
async function agreed(step: () => Promise<void>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await step();
    } catch (error) {
      if (tries === 100 || !/not the owner/.test(String(error))) throw error;
      await setTimeout(100);
    }
  }
}

/** Three nodes, each with a third of the slots. */
export const clusterFaults: readonly Fault[] = [
  {
    name: "CROSSSLOT: every operation, in many namespaces",
    store: "cluster",
    long: true,
    async meet(stage) {
      const nodes = await serveCluster(stage);
      for (let n = 0; n < stage.times(30); n++) {
        const store = await stage.open(nodes[n % 3]?.url ?? "");
        const own = { namespace: `a:{b}${n}`, id: "{c}:d" };
        await stage.ledger.sayAll(store, 3, { key: own });
        const text = await store.saveText(own, "긴 글");
        const forked = await store.fork(own, 2, "f");
        stage.expect(forked.kind === "forked", `a fork is ${forked.kind}`);
        stage.expect((await store.readText({ ...own, id: "f" }, text)) === "긴 글", "a saved text is not in the fork");
        await store.facts(own.namespace).put(factIn({ kind: "thread", thread: "f" }, "f", "x"));
        stage.expect((await store.erase({ namespace: own.namespace, thread: "f" })) === 1, "the fork was not erased");
        await stage.ledger.audit(store, { key: own });
        await store.close();
      }
    },
  },
  {
    name: "MOVED: a slot moves during a run of appends",
    store: "cluster",
    async meet(stage) {
      const nodes = await serveCluster(stage);
      const store = await stage.open(nodes[0]?.url ?? "");
      await stage.ledger.sayAll(store, 5);
      const admins = nodes.map(stage.administer);
      const slot = Number(await admins[0]?.cluster("KEYSLOT", key));
      const move = async () => {
        const held = await Promise.all(admins.map((admin) => admin.exists(key).catch(() => 0)));
        const [from, to] = [admins[held.indexOf(1)], admins[(held.indexOf(1) + 1) % 3]];
        if (!from || !to) throw new Error("not the owner: no node is");
        const [fromId, toId] = (await Promise.all([from, to].map((node) => node.cluster("MYID")))).map(String);
        await to.call("CLUSTER", "SETSLOT", slot, "IMPORTING", fromId ?? "");
        await from.call("CLUSTER", "SETSLOT", slot, "MIGRATING", toId ?? "");
        const keys = (await from.call("CLUSTER", "GETKEYSINSLOT", slot, 100)) as string[];
        await from.call("MIGRATE", "127.0.0.1", to.options.port ?? 0, "", 0, 5000, "KEYS", ...keys);
        for (const node of [to, from]) await node.call("CLUSTER", "SETSLOT", slot, "NODE", toId ?? "");
      };
      for (let moves = stage.times(10); moves > 0; moves--) {
        const appends = Array.from({ length: 20 }, () => stage.ledger.sayAll(store, 2));
        await agreed(move);
        await Promise.all(appends);
      }
      await stage.ledger.audit(store);
    },
  },
  {
    name: "kill -9 of a node during appends",
    store: "cluster",
    long: true,
    async meet(stage) {
      const nodes = await serveCluster(stage, "--appendfsync", "always", "--cluster-node-timeout", "1000");
      const store = await stage.open(nodes[0]?.url ?? "");
      await stage.ledger.sayAll(store, 1);
      const held = await Promise.all(
        nodes.map((node) =>
          stage
            .administer(node)
            .exists(key)
            .catch(() => 0),
        ),
      );
      const holder = nodes[held.indexOf(1)];
      for (let round = stage.times(5); round > 0; round--) {
        const appends = Array.from({ length: 100 }, () => stage.ledger.say(store));
        await new Promise((resolve) => setImmediate(resolve));
        await holder?.restart();
        await Promise.all(appends);
      }
      await stage.ledger.audit(await stage.open(nodes[1]?.url ?? ""));
      stage.expect((await store.info(thread)) !== undefined, "the thread has no header");
    },
  },
];
