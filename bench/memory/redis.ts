import { Redis } from "ioredis";
import { startRedis } from "../../tests/kit/redis.ts";
import { longMessage } from "./messages.ts";
import { type Case, compare, fill, namespace, type Stage } from "./stage.ts";

const bodyOf = (n: number) => JSON.stringify(longMessage(n));
const keyOf = (id: string) => ({ namespace, id });

/** Against the same server's bare commands, over the same client. */
export const redisCases: readonly Case[] = [
  {
    name: "redis: append one message",
    async measure(stage) {
      const { store, raw } = await serve(stage);
      await fill(store, "ours", 1_000, longMessage);
      return [
        await compare(stage, {
          name: "redis: append one message, to XADD",
          target: 2.5,
          times: 1_000,
          ours: (n) => store.append(keyOf("ours"), [longMessage(n)]),
          floor: (n) => raw.xadd("floor", "*", "m", bodyOf(n)),
        }),
      ];
    },
  },
  {
    name: "redis: append to a long thread",
    async measure(stage) {
      const { store } = await serve(stage);
      const long = stage.quick ? 10_000 : 100_000;
      await fill(store, "long", long, longMessage);
      return [
        await compare(stage, {
          name: `redis: append at ${long} messages, to at 10`,
          target: 1.2,
          times: 1_000,
          ours: (n) => store.append(keyOf("long"), [longMessage(n)]),
          floor: (n) => store.append(keyOf(`short-${Math.floor(n / 20)}`), [longMessage(n)]),
        }),
      ];
    },
  },
  {
    name: "redis: load the last 50",
    async measure(stage) {
      const { store, raw } = await serve(stage);
      await fill(store, "ours", 1_000, longMessage);
      for (let n = 0; n < 1_000; n++) await raw.xadd("floor", `${n + 1}-0`, "m", bodyOf(n));
      return [
        await compare(stage, {
          name: "redis: load the last 50 parsed, to XREVRANGE",
          target: 1.5,
          times: 300,
          ours: () => store.read(keyOf("ours"), { limit: 50 }),
          floor: () => raw.xrevrange("floor", "+", "-", "COUNT", 50),
        }),
      ];
    },
  },
  {
    name: "redis: appends, a hundred at a time",
    async measure(stage) {
      const { store, raw } = await serve(stage);
      const hundred = Array.from({ length: 100 }, (_, n) => n);
      const line = await compare(stage, {
        name: "redis: 100 appends at once, to pipelined XADD",
        target: 1 / 0.3,
        times: 50,
        ours: (n) => Promise.all(hundred.map((k) => store.append(keyOf("ours"), [longMessage(n * 100 + k)]))),
        floor: (n) => {
          const pipeline = raw.pipeline();
          for (const k of hundred) pipeline.xadd("floor", "*", "m", bodyOf(n * 100 + k));
          return pipeline.exec();
        },
      });
      return [line];
    },
  },
  {
    name: "redis: memory",
    async measure(stage) {
      const { store, raw } = await serve(stage);
      const payload = await fill(store, "t", 2_000, longMessage);
      const sizes = (await raw.keys("m1:*")).map((key) => raw.memory("USAGE", key, "SAMPLES", 0));
      const stored = (await Promise.all(sizes)).reduce<number>((sum, size) => sum + (size ?? 0), 0);
      const name = "redis: memory of 2,000 messages, to their JSON";
      return [
        { case: name, unit: "bytes", ours: stored, floor: payload, ratio: stored / payload, target: 1.45, rounds: 1 },
      ];
    },
  },
];

async function serve(stage: Stage) {
  const server = await startRedis();
  stage.defer(() => server.stop());
  const raw = new Redis(server.port);
  stage.defer(() => raw.disconnect());
  return { store: await stage.open(server.url), raw };
}
