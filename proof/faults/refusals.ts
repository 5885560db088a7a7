import { freePort } from "../../tests/kit/redis.ts";
import { thread } from "./ledger.ts";
import { type Fault, until } from "./stage.ts";

/** The server is there and refuses. The same operation is stored once as soon as it no longer does. */
export const refusals: readonly Fault[] = [
  {
    name: "READONLY: the server became a replica",
    store: "redis",
    async meet(stage) {
      const server = await stage.serve();
      const store = await stage.open(server.url);
      const admin = stage.administer(server);
      await stage.ledger.sayAll(store, 5);
      await admin.replicaof("127.0.0.1", await freePort());
      const failure = await stage.ledger.say(store, { id: "late", op: "late" });
      stage.expect(
        failure?.code === "store_read_only" && /primary/.test(failure.hint ?? ""),
        `said ${failure?.message}`,
      );
      stage.expect((await store.read(thread)).length === 5, "the replica cannot be read");
      await admin.call("REPLICAOF", "NO", "ONE");
      await stage.ledger.say(store, { id: "late", op: "late" });
      await stage.ledger.audit(store);
    },
  },
  {
    name: "LOADING: the server reads its data",
    store: "redis",
    long: true,
    async meet(stage) {
      const server = await stage.serve("--key-load-delay", "100");
      const store = await stage.open(server.url);
      await stage.ledger.sayAll(store, 5);
      const filler = stage.administer(server).pipeline();
      for (let n = 0; n < 60_000; n++) filler.set("other", n);
      await filler.exec();
      const restarted = server.restart();
      const admin = stage.administer(server);
      await until(async () => (await admin.info("persistence").catch(() => "")).includes("loading:1"));
      const late = stage.ledger.say(store);
      await admin.config("SET", "key-load-delay", "0");
      const failure = await late;
      stage.expect(!failure, `it was not waited for: ${failure?.message}`);
      await restarted;
      await stage.ledger.audit(store);
    },
  },
  {
    name: "MISCONF: the server cannot save",
    store: "redis",
    async meet(stage) {
      // A snapshot cannot take the place of a folder, so every attempt to save fails.
      const server = await stage.serve(
        "--save",
        "3600 1",
        "--dbfilename",
        "appendonlydir",
        "--enable-protected-configs",
        "local",
      );
      const store = await stage.open(server.url);
      const admin = stage.administer(server);
      await stage.ledger.sayAll(store, 5);
      await admin.bgsave();
      await until(async () => (await admin.info("persistence")).includes("rdb_last_bgsave_status:err"));
      const failure = await stage.ledger.say(store, { id: "late", op: "late" });
      stage.expect(failure?.code === "store_read_only" && /disk/.test(failure.message), `said ${failure?.message}`);
      await admin.config("SET", "dbfilename", "dump.rdb");
      await admin.bgsave();
      await until(async () => (await admin.info("persistence")).includes("rdb_last_bgsave_status:ok"));
      await stage.ledger.say(store, { id: "late", op: "late" });
      await stage.ledger.audit(store);
    },
  },
  {
    name: "OOM: maxmemory with noeviction",
    store: "redis",
    async meet(stage) {
      const server = await stage.serve("--maxmemory", "4mb", "--maxmemory-policy", "noeviction");
      const store = await stage.open(server.url);
      const text = "가".repeat(20_000);
      let failure = await stage.ledger.say(store, { text });
      while (!failure) failure = await stage.ledger.say(store, { text });
      stage.expect(failure.code === "store_full" && /maxmemory/.test(failure.hint ?? ""), `said ${failure.message}`);
      await stage.administer(server).config("SET", "maxmemory", "0");
      await stage.ledger.say(store, { id: "late", op: "late" });
      await stage.ledger.audit(store);
    },
  },
  {
    name: "NOSCRIPT: scripts are forgotten during a run",
    store: "redis",
    async meet(stage) {
      const server = await stage.serve();
      const store = await stage.open(server.url);
      const admin = stage.administer(server);
      for (let n = stage.times(100); n > 0; n--) {
        await admin.script("FLUSH");
        await Promise.all([1, 2, 3].map(() => stage.ledger.sayAll(store, 1)));
      }
      await stage.ledger.audit(store);
    },
  },
  {
    name: "eviction: maxmemory with allkeys-lru",
    store: "redis",
    async meet(stage) {
      const server = await stage.serve("--maxmemory", "3mb", "--maxmemory-policy", "allkeys-lru");
      const store = await stage.open(server.url);
      const admin = stage.administer(server);
      const warned = await store.warnings();
      stage.expect(
        warned.some(({ code }) => code === "store_evicts"),
        "nobody was warned",
      );
      const keys = Array.from({ length: 40 }, (_, n) => ({ namespace: "default", id: `t${n}` }));
      for (const key of keys) await stage.ledger.sayAll(store, 20, { key, text: "가".repeat(1_500) });
      await admin.config("SET", "maxmemory", "0");

      let evicted = 0;
      for (const key of keys) {
        const rows = await store.read(key);
        const lost = 20 - rows.length;
        const known = (await store.info(key))?.seq ?? 0;
        stage.ledger.count(rows, lost);
        if (lost === 0 && known === 20) continue;
        evicted += 1;
        // What is left of it, header or rows, keeps its numbers: a client that sees nothing starts nothing over it.
        const left = Math.max(known, rows.at(-1)?.seq ?? 0);
        const over = await store.append(key, [], { expect: 0 });
        stage.expect(
          over.kind === (left > 0 ? "conflict" : "appended"),
          `${key.id} would be begun anew over row ${left}`,
        );
        const before = JSON.stringify(rows);
        await stage.ledger.sayAll(store, 1, { key });
        const after = await store.read(key);
        stage.ledger.count(after.slice(rows.length), 0);
        stage.expect(after.at(-1)?.seq === left + 1, `${key.id} went on at ${after.at(-1)?.seq}, not behind ${left}`);
        stage.expect(JSON.stringify(after.slice(0, rows.length)) === before, `${key.id} changed`);
        const listed = (await store.threads("default", { limit: 1 })).threads[0];
        stage.expect(listed?.id === key.id, `${key.id} is not listed again`);
      }
      stage.notes.push(`${evicted} of ${keys.length} threads evicted`);
      stage.expect(evicted > 0, "nothing was evicted");
    },
  },
];
