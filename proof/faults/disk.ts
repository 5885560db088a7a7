import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { thread } from "./ledger.ts";
import { type Fault, Skipped, type Stage, until } from "./stage.ts";

const text = "가".repeat(2_000);

/** A disk that is full, or that may not be written. */
export const diskFaults: readonly Fault[] = [
  {
    name: "a full disk",
    store: "sqlite",
    async meet(stage) {
      const disk = mountDisk(stage);
      const store = await stage.open(`sqlite:${join(disk.folder, "chingu.db")}`);
      disk.fill(400_000);
      let failure = await stage.ledger.say(store, { text });
      while (!failure) failure = await stage.ledger.say(store, { text });
      stage.expect(failure.code === "store_full" && Boolean(failure.hint), `said ${failure.code}: ${failure.message}`);
      stage.expect((await store.read(thread)).length > 0, "what was stored cannot be read");
      disk.free();
      await stage.ledger.say(store, { id: "late", op: "late" });
      await store.close();
      await stage.ledger.audit(await stage.open(`sqlite:${join(disk.folder, "chingu.db")}`));
    },
  },
  {
    name: "a full disk, appendfsync everysec",
    store: "redis",
    async meet(stage) {
      const disk = mountDisk(stage);
      const server = await stage.serve("--dir", disk.folder, "--appendfsync", "everysec");
      const store = await stage.open(server.url);
      disk.fill(400_000);
      let failure = await stage.ledger.say(store, { text });
      while (!failure) failure = await stage.ledger.say(store, { text });
      stage.expect(failure.code === "store_read_only" && /disk/.test(failure.message), `said ${failure.message}`);
      stage.expect((await store.read(thread)).length > 0, "what was stored cannot be read");
      disk.free();
      await until(async () => !(await stage.ledger.say(store, { id: "late", op: "late" })));
      await server.restart();
      await stage.ledger.audit(await stage.open(server.url));
    },
  },
  {
    name: "a full disk, appendfsync always: the server ends itself",
    store: "redis",
    long: true,
    async meet(stage) {
      const disk = mountDisk(stage);
      const server = await stage.serve("--dir", disk.folder, "--appendfsync", "always");
      const store = await stage.open(server.url);
      disk.fill(400_000);
      let failure = await stage.ledger.say(store, { text });
      while (!failure) failure = await stage.ledger.say(store, { text });
      stage.expect(failure.code === "store_unavailable", `said ${failure.code}: ${failure.message}`);
      disk.free();
      await server.restart();
      await until(async () => !(await stage.ledger.say(store, { id: "late", op: "late" })));
      await stage.ledger.audit(await stage.open(server.url));
    },
  },
  {
    name: "a read-only folder",
    store: "sqlite",
    async meet(stage) {
      const folder = join(stage.folder, "data");
      const url = `sqlite:${join(folder, "chingu.db")}`;
      const store = await stage.open(url);
      await stage.ledger.sayAll(store, 5);
      await store.close();
      chmodSync(stage.folder, 0o755);
      chmodSync(folder, 0o555);
      for (const file of readdirSync(folder)) chmodSync(join(folder, file), 0o444);
      await asNobody(() => stage.refused(stage.open(url), "store_read_only"));
      chmodSync(folder, 0o700);
      for (const file of readdirSync(folder)) chmodSync(join(folder, file), 0o600);
      await stage.ledger.audit(await stage.open(url));
    },
  },
];

/** Modes do not bind root: for a moment this process is nobody. */
async function asNobody(work: () => Promise<void>): Promise<void> {
  const root = process.geteuid?.() === 0;
  if (root) process.seteuid?.(65534);
  try {
    await work();
  } finally {
    if (root) process.seteuid?.(0);
  }
}

/** A disk of two megabytes, of which all but so many bytes can be taken, and given back. */
function mountDisk(stage: Stage) {
  const folder = join(stage.folder, "disk");
  mkdirSync(folder);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], { stdio: "pipe" });
  } catch {
    throw new Skipped("no small disk can be mounted here: it takes root");
  }
  stage.defer(() => execFileSync("umount", ["-l", folder], { stdio: "pipe" }));
  const filler = join(folder, "filler");
  return {
    folder,
    fill: (left: number) => writeFileSync(filler, Buffer.alloc(2 * 1024 * 1024 - left)),
    free: () => rmSync(filler),
  };
}
