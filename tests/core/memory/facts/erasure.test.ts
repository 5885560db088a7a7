import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import { afterEach, expect, test } from "vitest";
import { startRedis } from "../../../kit/redis.ts";
import { openFacts } from "./support.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function filesWith(folder: string, words: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file).includes(words));
}

/** Fills a store around three versions of one secret, and erases these. */
async function forgetAmongMany(url: string): Promise<void> {
  const memory = await openFacts(url);
  cleanups.push(() => memory.store.close());
  for (let n = 0; n < 30; n++) await memory.save(`kept ${n} ${"abcdefghijklmnopqrstuvwxyz"[n % 26]?.repeat(20 + n)}`);
  const first = await memory.save("the surprise party is on SECRET-ONE");
  const second = await memory.save("the surprise trip begins at SECRET-TWO", { supersedes: first.id, pinned: true });
  await memory.facts.pin(second.id, false);
  const third = await memory.save("깜짝 여행은 SECRET-THREE 에서 시작한다", { supersedes: second.id });
  for (let n = 30; n < 60; n++) await memory.save(`kept ${n} ${"zyxwvutsrqponmlkjihgfedcba"[n % 26]?.repeat(20 + n)}`);
  expect(await memory.facts.forget(third.id, { versions: "earlier" })).toHaveLength(3);
  expect(await memory.facts.all()).toHaveLength(60);
}

test("a forgotten fact and its versions leave no byte in the SQLite files", async () => {
  const folder = mkdtempSync(join(tmpdir(), "chingu-forget-"));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  await forgetAmongMany(`sqlite:${join(folder, "chingu.db")}`);
  expect(filesWith(folder, "kept 3")).not.toEqual([]);
  expect(filesWith(folder, "SECRET-")).toEqual([]);
});

test("a forgotten fact and its versions leave no byte in Redis's log once it is written anew", async () => {
  const redis = await startRedis();
  cleanups.push(() => redis.stop());
  const admin = new Redis(redis.url);
  cleanups.push(() => admin.disconnect());
  await forgetAmongMany(redis.url);
  await admin.bgrewriteaof();
  do await delay(10);
  while (!/aof_rewrite_in_progress:0.*aof_rewrite_scheduled:0/s.test(await admin.info("persistence")));
  const [, folder = ""] = (await admin.config("GET", "dir")) as string[];
  expect(filesWith(folder, "kept 3")).not.toEqual([]);
  expect(filesWith(folder, "SECRET-")).toEqual([]);
});
