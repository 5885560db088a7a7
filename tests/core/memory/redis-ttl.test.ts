import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { openThreadStore } from "../../../packages/core/src/memory/open.ts";
import { startRedis, type TemporaryRedis } from "../../kit/redis.ts";
import { message } from "./messages.ts";

let redis: TemporaryRedis;
let admin: Redis;
beforeAll(async () => {
  redis = await startRedis();
  admin = new Redis(redis.url);
});
afterAll(async () => {
  admin.disconnect();
  await redis.stop();
});

let ids = 0;
const environment = { clock: { now: Date.now }, makeId: () => `id-${ids++}`, home: "" };
const open = (query: string) => openThreadStore(`${redis.url}/0${query}`, environment, new AbortController().signal);

test("with ?ttl= no key of a thread is ever without its lifetime, also of a fork; without it they stay", async () => {
  const store = await open("?ttl=1h");
  const thread = { namespace: "kept a while", id: "t" };
  await store.saveText(thread, "a long output");
  const lifetimes = async () => {
    const keys = (await admin.keys("m1:*")).filter((key) => !key.endsWith(":ti") && !key.includes(":x:"));
    return Promise.all(keys.map((key) => admin.pttl(key)));
  };
  expect((await lifetimes()).every((left) => left > 3_500_000)).toBe(true);
  await store.append(thread, [message(`m-${ids++}`, "하나")]);
  await store.rename(thread, "다른 제목");
  await store.fork(thread, 1, "fork");
  const left = await lifetimes();
  expect(left).toHaveLength(7);
  expect(left.every((one) => one > 3_500_000 && one <= 3_600_000)).toBe(true);
  await store.close();

  const plain = await open("");
  await plain.append({ namespace: "for ever", id: "t" }, [message(`m-${ids++}`, "둘")]);
  const kept = (await admin.keys("m1:*")).length;
  expect(kept).toBeGreaterThan(7);
  expect((await lifetimes()).filter((one) => one === -1)).toHaveLength(3);
  await plain.close();
});

test("a thread that nobody spoke in for so long is gone, from lists too, and one that is spoken in stays", async () => {
  const store = await open("?ttl=1500ms");
  const [old, young] = ["old", "young"].map((id) => ({ namespace: "short", id }));
  if (!old || !young) throw new Error("two threads");
  await store.append(old, [message(`m-${ids++}`, "잊혀질 말")]);
  await vi.waitFor(
    async () => {
      await store.append(young, [message(`m-${ids++}`, "남을 말")]);
      expect(await store.read(old)).toEqual([]);
    },
    { timeout: 10_000, interval: 200 },
  );
  expect((await store.threads("short")).threads.map(({ id }) => id)).toEqual(["young"]);
  expect(await store.info(old)).toBeUndefined();
  await store.close();
});

test.each(["?ttl=soon", "?ttl=", "?other=1"])("a URL with %s is refused, and never quoted", async (query) => {
  await expect(open(query)).rejects.toMatchObject({
    failure: { code: "usage", hint: expect.stringContaining("?ttl=30d") },
  });
});
