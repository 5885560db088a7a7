import { readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { ThreadStore } from "../../packages/core/src/memory/thread-store.ts";
import { thread } from "./ledger.ts";
import type { Fault, Stage } from "./stage.ts";

const count = 50;
const keyOf = (kind: string) => `m1:{ZGVmYXVsdA}:${kind}:dA`;

/** Something else wrote where our words are. What can be read is read, and nothing is written over the rest. */
export const damage: readonly Fault[] = [
  inRedis("bad JSON in a row", async ({ admin, store, stage }) => {
    const rows = await admin.xrange(keyOf("t"), "-", "+");
    await admin.del(keyOf("t"));
    for (const [id, [, body = ""]] of rows) await admin.xadd(keyOf("t"), id, "m", id === "3-0" ? '{"id":' : body);
    await showsBadRow(stage, store);
    await stage.ledger.sayAll(store, 1);
    await stage.ledger.audit(store, { missing: [3] });
    const [[, fields] = ["", []]] = await admin.xrange(keyOf("t"), "3", "3");
    stage.expect(fields[1] === '{"id":', "the bad row was overwritten");
  }),
  inRedis("WRONGTYPE: another program's key", async ({ admin, store, stage }) => {
    await admin.rename(keyOf("t"), "aside");
    await admin.set(keyOf("t"), "mine");
    await stage.refused(store.read(thread), "store_corrupt");
    const failure = await stage.ledger.say(store, { id: "late", op: "late" });
    stage.expect(failure?.code === "store_corrupt", `said ${failure?.message}`);
    stage.expect((await admin.get(keyOf("t"))) === "mine", "the other program's value was overwritten");
    await admin.rename("aside", keyOf("t"));
    await stage.ledger.say(store, { id: "late", op: "late" });
    await stage.ledger.audit(store);
  }),
  inRedis("a newer format", async ({ admin, store, stage }) => {
    await admin.hset(keyOf("h"), "v", "99");
    const before = await admin.xlen(keyOf("t"));
    const failure = await stage.ledger.say(store);
    stage.expect(failure?.code === "store_corrupt" && /Update/.test(failure.hint ?? ""), `said ${failure?.message}`);
    stage.expect((await admin.xlen(keyOf("t"))) === before, "an older program wrote into a newer thread");
    await stage.ledger.audit(store);
  }),
  inRedis("a gap in the numbers", async ({ admin, store, stage }) => {
    await admin.xdel(keyOf("t"), "3-0");
    await stage.ledger.sayAll(store, 2);
    await stage.ledger.audit(store, { missing: [3] });
  }),
  inRedis("a header that was lost", async ({ admin, store, stage }) => {
    await admin.del(keyOf("h"), keyOf("o"));
    await stage.ledger.sayAll(store, 2);
    await stage.ledger.audit(store);
  }),
  inSqlite("bad JSON in a row", async ({ path, stage }) => {
    const bad = new DatabaseSync(path);
    bad.exec(`update message set body = '{"id":' where seq = 3`);
    bad.close();
    const store = await stage.open(`sqlite:${path}`);
    await showsBadRow(stage, store);
    await stage.ledger.sayAll(store, 1);
    await stage.ledger.audit(store, { missing: [3] });
  }),
  inSqlite("a gap in the numbers", async ({ path, stage }) => {
    const bad = new DatabaseSync(path);
    bad.exec("delete from message where seq = 3");
    bad.close();
    const store = await stage.open(`sqlite:${path}`);
    await stage.ledger.sayAll(store, 2);
    await stage.ledger.audit(store, { missing: [3] });
  }),
  inSqlite("a newer format", async ({ path, stage }) => {
    const version = (number: number) => {
      const newer = new DatabaseSync(path);
      newer.exec(`pragma user_version = ${number}; pragma wal_checkpoint(truncate)`);
      newer.close();
    };
    const reader = new DatabaseSync(path);
    const { user_version: own = 0 } = reader.prepare("pragma user_version").get() as { user_version?: number };
    reader.close();
    version(99);
    const before = readFileSync(path);
    await stage.refused(stage.open(`sqlite:${path}`), "store_corrupt");
    stage.expect(readFileSync(path).equals(before), "the newer file was changed");
    version(own);
    await stage.ledger.audit(await stage.open(`sqlite:${path}`));
  }),
  inSqlite("a damaged page", async ({ path, stage }) => {
    const bytes = readFileSync(path);
    const size = bytes.readUInt16BE(16);
    const page = Math.floor(bytes.indexOf('{"id":"m10"') / size) * size;
    bytes.fill(0xa5, page, page + size);
    writeFileSync(path, bytes);
    const store = await stage.open(`sqlite:${path}`);
    const warned = await store.warnings();
    stage.expect(
      warned.some(({ code }) => code === "store_corrupt"),
      "nobody was told of the damage",
    );
    await showsRest(stage, store);
  }),
  inSqlite("a file that was cut off", async ({ path, stage }) => {
    truncateSync(path, Math.floor(statSync(path).size * 0.6));
    const before = readFileSync(path);
    const store = await stage.open(`sqlite:${path}`);
    await showsRest(stage, store);
    const failure = await stage.ledger.say(store, { id: "late" });
    stage.expect(failure?.code === "store_corrupt", `said ${failure?.message}`);
    await store.close();
    stage.expect(readFileSync(path).equals(before), "the rest of the file was changed");
  }),
  {
    name: "a file that is no database",
    store: "sqlite",
    async meet(stage) {
      const path = join(stage.folder, "notes.txt");
      const words = "내 일기: ".repeat(1000);
      writeFileSync(path, words);
      await stage.refused(stage.open(`sqlite:${path}`), "store_corrupt");
      stage.expect(readFileSync(path, "utf8") === words, "the file was changed");
    },
  },
];

type RedisScene = {
  readonly stage: Stage;
  readonly store: ThreadStore;
  readonly admin: ReturnType<Stage["administer"]>;
};

function inRedis(name: string, meet: (scene: RedisScene) => Promise<void>): Fault {
  return {
    name,
    store: "redis",
    async meet(stage) {
      const server = await stage.serve();
      const store = await stage.open(server.url);
      await stage.ledger.sayAll(store, count);
      await meet({ stage, store, admin: stage.administer(server) });
    },
  };
}

function inSqlite(
  name: string,
  meet: (scene: { readonly stage: Stage; readonly path: string }) => Promise<void>,
): Fault {
  return {
    name,
    store: "sqlite",
    async meet(stage) {
      const path = join(stage.folder, "chingu.db");
      const store = await stage.open(`sqlite:${path}`);
      // Long enough for a page or two each.
      await stage.ledger.sayAll(store, count, { text: "긴 글 ".repeat(500) });
      await store.close();
      await meet({ stage, path });
    },
  };
}

async function showsBadRow(stage: Stage, store: ThreadStore): Promise<void> {
  const row = (await store.read(thread))[2];
  stage.expect(row !== undefined && "corrupt" in row && row.raw === '{"id":', "the bad row is not shown as it is");
}

/** Every row has its place, and those that cannot be read say so. */
async function showsRest(stage: Stage, store: ThreadStore): Promise<void> {
  const rows = await store.read(thread);
  const bad = rows.filter((row) => "corrupt" in row).map(({ seq }) => seq);
  stage.notes.push(`${bad.length} of ${rows.length} rows could not be read`);
  stage.expect(rows.length === count, `${rows.length} of ${count} rows are shown`);
  stage.expect(bad.length > 0 && bad.length < count, "not a part of the rows is shown as damaged");
  await stage.ledger.audit(store, { missing: bad });
}
