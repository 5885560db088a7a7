import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { lstat, mkdir, readdir, realpath, rename, rm, utimes } from "node:fs/promises";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { withLock } from "@chingu/core/artefacts";
import type { Json } from "@chingu/core/protocol";
import type { CommandLine } from "./confine.ts";
import { killAll, ownGroup } from "./kill.ts";
import { programLimits } from "./limits.ts";

/** The memory of a Python interpreter that has started and loaded its packages. It is code: the sum is looked at before use. */
export interface Snapshot {
  readonly path: string;
  readonly sha256: string;
}

/** Everything that makes a snapshot useless when it changes. */
export interface SnapshotContent {
  readonly pyodide: string;
  readonly node: string;
  /** It holds what the interpreter found out about its clock. */
  readonly timeZone: string;
  /** The Python that was run in it. */
  readonly content: string;
  readonly packages: readonly { readonly name: string; readonly sha256: string }[];
}

// The sum stands in the name, so that the file comes into being in one step.
const pattern = /^python-([0-9a-f]{16})-([0-9a-f]{64})\.snapshot$/;

export function snapshotKey({ pyodide, node, timeZone, content, packages }: SnapshotContent): string {
  const parts = [pyodide, node, timeZone, content, packages.map(({ name, sha256 }) => [name, sha256])];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
}

/** The snapshot with this key, if the folder has one that is the user's own file. Its content has not been looked at. */
export async function findSnapshot(folder: string, key: string): Promise<Snapshot | undefined> {
  for (const name of await readdir(folder).catch(() => [])) {
    const [, itsKey, sha256] = pattern.exec(name) ?? [];
    if (itsKey !== key || sha256 === undefined) continue;
    try {
      const path = join(await realpath(folder), name);
      const { uid, mode } = await lstat(path);
      const own = process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);
      if (!own) continue;
      const now = new Date();
      // So that the ones in use are not the ones that are removed.
      await utimes(path, now, now).catch(() => {});
      return { path, sha256 };
    } catch {
      // Removed meanwhile.
    }
  }
  return undefined;
}

/**
 * Has a child started by `commandLine` make the snapshot and keeps it, alone among all processes; old ones are removed.
 * Undefined when it fails for whatever reason (no room, a folder that cannot be written, an abort): nothing but the time
 * of a start depends on it.
 */
export async function makeSnapshot(options: {
  readonly folder: string;
  readonly key: string;
  readonly commandLine: CommandLine;
  readonly init: Json;
  readonly signal: AbortSignal;
}): Promise<Snapshot | undefined> {
  const { folder, key } = options;
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(programLimits.snapshot.makeMs)]);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const lock = join(folder, `python-${key}`);
    return await withLock(lock, { signal, onWait: async () => {} }, async (held) => {
      const found = await findSnapshot(folder, key);
      if (found !== undefined) return found;
      const part = join(folder, `python-${key}.${process.pid}.part`);
      try {
        const sha256 = await record(part, options, held);
        const path = join(await realpath(folder), `python-${key}-${sha256}.snapshot`);
        await rename(part, path);
        await removeOld(folder, key);
        return { path, sha256 };
      } finally {
        await rm(part, { force: true });
      }
    });
  } catch {
    return undefined;
  }
}

/** Writes what the child writes, and returns its sum. */
async function record(
  part: string,
  { commandLine, init }: Pick<Parameters<typeof makeSnapshot>[0], "commandLine" | "init">,
  signal: AbortSignal,
): Promise<string> {
  const { command, args, env } = commandLine;
  signal.throwIfAborted();
  const child = spawn(command, args, { env, cwd: "/", stdio: "pipe", ...ownGroup });
  const onAbort = () => killAll(child);
  signal.addEventListener("abort", onAbort, { once: true });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  ended.catch(() => undefined);
  child.stderr.resume();
  child.stdin.on("error", () => undefined);
  child.stdin.end(`${JSON.stringify(init)}\n`);
  const sum = createHash("sha256");
  let bytes = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      sum.update(chunk);
      done(bytes > programLimits.snapshot.maxBytes ? new Error("too large") : undefined, chunk);
    },
  });
  try {
    await pipeline(child.stdout, measure, createWriteStream(part, { mode: 0o600, flags: "w" }), { signal });
    if ((await ended) !== 0 || bytes === 0) throw new Error("the snapshot could not be made");
  } finally {
    signal.removeEventListener("abort", onAbort);
    killAll(child);
  }
  return sum.digest("hex");
}

export async function discardSnapshot({ path }: Snapshot): Promise<void> {
  await rm(path, { force: true }).catch(() => undefined);
}

/** Snapshots of other content that nobody uses, and what a process that was killed while making one left behind. */
async function removeOld(folder: string, key: string): Promise<void> {
  const { keep, unusedDays, makeMs } = programLimits.snapshot;
  const files = await Promise.all(
    (await readdir(folder)).map(async (name) => {
      const path = join(folder, name);
      return { name, path, used: (await lstat(path).catch(() => undefined))?.mtimeMs ?? 0 };
    }),
  );
  const now = Date.now();
  const oldest = now - unusedDays * 24 * 3600 * 1000;
  const others = files.filter(({ name }) => pattern.test(name) && pattern.exec(name)?.[1] !== key);
  const old = others.sort((a, b) => b.used - a.used).filter(({ used }, at) => at >= keep || used < oldest);
  const left = files.filter(({ name, used }) => name.endsWith(".part") && used < now - makeMs);
  await Promise.all([...old, ...left].map(({ path }) => rm(path, { force: true })));
}
