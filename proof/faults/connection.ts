import { existsSync } from "node:fs";
import { join } from "node:path";
import { type FallbackNotice, openWithFallback } from "../../packages/core/src/memory/fallback.ts";
import type { ThreadStore } from "../../packages/core/src/memory/thread-store.ts";
import { startLossyProxy } from "../../tests/core/memory/proxy.ts";
import { freePort } from "../../tests/kit/redis.ts";
import { thread } from "./ledger.ts";
import { type Fault, type Stage, until } from "./stage.ts";

/** The way to the server breaks, or the server itself goes away. */
export const connectionFaults: readonly Fault[] = [
  {
    name: "the reply of every second append is lost",
    store: "redis",
    async meet(stage) {
      const server = await stage.serve();
      const proxy = await startLossyProxy(server.port);
      stage.defer(() => proxy.stop());
      const store = await stage.open(`redis://127.0.0.1:${proxy.port}`);
      const count = stage.times(200);
      for (let n = 0; n < count; n++) {
        if (n % 2) proxy.dropNextReply();
        // Half of what is sent twice has no name of its caller's.
        const failure = await stage.ledger.say(store, n % 4 === 1 ? { op: `turn ${n}`, expect: n } : {});
        stage.expect(!failure, `an append failed: ${failure?.message}`);
      }
      stage.notes.push(`${proxy.dropped()} replies lost`);
      stage.expect(proxy.dropped() === Math.floor(count / 2), "not every second reply was lost");
      await stage.ledger.audit(await stage.open(server.url));
    },
  },
  kills("everysec"),
  kills("always"),
  {
    name: "a restart during a run",
    store: "redis",
    async meet(stage) {
      const server = await stage.serve("--appendfsync", "always");
      const store = await stage.open(server.url);
      const saying = keepSaying(stage, store);
      await saying.more(20);
      await server.restart();
      const answers = performance.now();
      await saying.more(1);
      stage.took("first append after the port answers", answers, 1_000);
      await saying.more(20);
      stage.expect((await saying.stop()) === 0, "an append failed although the server came back at once");
      await stage.ledger.audit(await stage.open(server.url));
    },
  },
  {
    name: "a server that freezes and thaws",
    store: "redis",
    long: true,
    async meet(stage) {
      const server = await stage.serve();
      const store = await stage.open(server.url);
      const saying = keepSaying(stage, store);
      await saying.more(20);
      server.freeze();
      // Longer than the connection is trusted: everything is sent again over another one.
      await until(() => saying.waiting() > 2_500);
      server.thaw();
      await saying.more(20);
      await saying.stop();
      await stage.ledger.audit(await stage.open(server.url));
    },
  },
  {
    name: "no server at the start",
    store: "redis",
    async meet(stage) {
      const url = `redis://127.0.0.1:${await freePort()}`;
      const started = performance.now();
      await stage.refused(stage.open(url), "store_unavailable");
      stage.took("said after", started, 2_000);
      const { store, notices } = await withSpare(stage, url, { beginWithSpare: true });
      await stage.ledger.sayAll(store, stage.times(20));
      stage.expect(notices[0]?.kind === "started", "nobody was told that the spare is used");
      await store.close();
      await stage.ledger.audit(await stage.open(`sqlite:${spareOf(stage)}`));
    },
  },
  {
    name: "no server at the start, and it comes later",
    store: "redis",
    async meet(stage) {
      const server = await stage.serve();
      await server.kill();
      const before = await withSpare(stage, server.url, { beginWithSpare: true });
      await stage.ledger.sayAll(before.store, stage.times(20));
      await before.store.close();
      await server.restart();
      const after = await withSpare(stage, server.url, { beginWithSpare: true });
      await stage.ledger.sayAll(after.store, 2);
      stage.expect(after.notices.at(-1)?.kind === "merged", "nobody was told that the spare was merged");
      await stage.ledger.audit(await stage.open(server.url));
    },
  },
  {
    name: "a server lost in the middle of a turn, with a spare",
    store: "redis",
    long: true,
    async meet(stage) {
      const server = await stage.serve("--appendfsync", "always");
      const { store, notices } = await withSpare(stage, server.url, { beginWithSpare: false });
      await stage.ledger.sayAll(store, 3);
      await server.kill();
      await stage.ledger.sayAll(store, stage.times(20));
      stage.expect(notices.at(-1)?.kind === "kept", "nobody was told that the spare is used");
      await store.close();
      await server.restart();
      await withSpare(stage, server.url, { beginWithSpare: false });
      await stage.ledger.audit(await stage.open(server.url));
    },
  },
];

function kills(appendfsync: "everysec" | "always"): Fault {
  return {
    name: `kill -9 of the server during appends, appendfsync ${appendfsync}`,
    store: "redis",
    async meet(stage) {
      const server = await stage.serve("--appendfsync", appendfsync);
      const store = await stage.open(server.url);
      const rounds = stage.times(20);
      const saying = keepSaying(stage, store);
      for (let round = 0; round < rounds; round++) {
        await saying.more(10 + 7 * (round % 5));
        await server.restart();
      }
      await saying.more(1);
      const failed = await saying.stop();
      stage.notes.push(`${rounds} kills, ${failed} appends gave up`);
      await stage.ledger.audit(await stage.open(server.url));
    },
  };
}

/** Several callers that say one thing after the other until they are told to stop. */
function keepSaying(stage: Stage, store: ThreadStore) {
  let on = true;
  let failed = 0;
  let newest = performance.now();
  const caller = async () => {
    while (on) {
      if (await stage.ledger.say(store)) failed += 1;
      else newest = performance.now();
    }
  };
  const done = Promise.all(Array.from({ length: 8 }, caller));
  stage.defer(() => {
    on = false;
  });
  return {
    /** Until so many more were acknowledged. */
    async more(count: number) {
      const from = stage.ledger.counts.acked;
      await until(() => stage.ledger.counts.acked >= from + count);
    },
    /** For how long nothing was acknowledged, in milliseconds. */
    waiting: () => performance.now() - newest,
    /** Answers how many appends failed. */
    async stop() {
      on = false;
      await done;
      return failed;
    },
  };
}

const spareOf = ({ folder }: Stage) => join(folder, "unsent.db");

async function withSpare(stage: Stage, url: string, { beginWithSpare }: { readonly beginWithSpare: boolean }) {
  const notices: FallbackNotice[] = [];
  const store = await openWithFallback({
    openStore: () => stage.open(url),
    openSpare: () => stage.open(`sqlite:${spareOf(stage)}`),
    spareExists: async () => existsSync(spareOf(stage)),
    namespace: thread.namespace,
    clock: { now: Date.now },
    beginWithSpare,
    onNotice: (notice) => notices.push(notice),
  });
  stage.defer(() => store.close());
  return { store, notices };
}
