import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ToolContext } from "@chingu/core/protocol";
import { z } from "zod";
import { type Child, startChild } from "./child.ts";
import { type ChildEntry, childEntry } from "./child-entry.ts";
import type { Confinement } from "./confine.ts";
import { programLimits } from "./limits.ts";
import type { FindPackages, PythonPackages } from "./packages.ts";
import { pythonDriver } from "./python-driver.ts";
import { pythonWarmUp } from "./python-warm-up.ts";
import { discardSnapshot, findSnapshot, makeSnapshot, type Snapshot, snapshotKey } from "./snapshot.ts";
import type { createConfiner, Starter } from "./starter.ts";

export interface PythonStarterOptions {
  readonly confinement: Confinement;
  readonly confine: ReturnType<typeof createConfiner>;
  readonly packages: FindPackages;
  /** Where snapshots are kept; without it every child starts from nothing. */
  readonly snapshotFolder?: string;
}

/** What the children need that is the same for all of them until the packages change. */
interface Place {
  readonly entry: ChildEntry;
  readonly packages: PythonPackages;
  readonly kind: string;
  /** Undefined when no snapshots are kept. */
  readonly key: string | undefined;
}

export interface PythonStarter extends Starter {
  /** Makes the snapshot now unless there is one. Whether there is one then. */
  makeSnapshot(): Promise<boolean>;
}

/**
 * Starts Python children with the user's packages from a snapshot, which the first child of all waits for: made once, it
 * is there for the next command too, however short that is. One that is wrong in any way is thrown away, and where none
 * can be had a child starts from nothing.
 */
export function createPythonStarter(options: PythonStarterOptions): PythonStarter {
  const { snapshotFolder } = options;
  const closing = new AbortController();
  let place: Promise<Place> | undefined;
  /** A program wanted what was not there: it is looked for before each call until something has come. */
  let missed = false;
  let snapshot: Snapshot | undefined;
  let making: Promise<void> | undefined;
  /** Not waited for again in this process: the reason will hardly have gone. */
  const failed = new Set<string>();

  async function find(onProgress?: ToolContext["onProgress"]): Promise<Place> {
    const entry = childEntry("python");
    const found = await options.packages(onProgress);
    const files = await Promise.all(found.files.map(async (file) => ({ ...file, path: await realpath(file.path) })));
    const packages: PythonPackages = { files, missing: found.missing };
    const readable = [...entry.readable, ...files.map(({ path }) => path)];
    const kind = createHash("sha256").update(JSON.stringify(packages)).digest("hex");
    if (snapshotFolder === undefined) return { entry: { ...entry, readable }, packages, kind, key: undefined };
    const [node, pyodide] = await Promise.all([versionOf(options.confinement.node), pyodideVersion(entry.library)]);
    const key = snapshotKey({
      node,
      timeZone: options.confinement.timeZone,
      pyodide,
      content: pythonWarmUp + pythonDriver,
      packages: files,
    });
    snapshot = await findSnapshot(snapshotFolder, key);
    return { entry: { ...entry, readable }, packages, kind, key };
  }

  const init = ({ entry, packages }: Place) => ({
    library: entry.library,
    driver: pythonDriver,
    limits: programLimits.python,
    packages: {
      files: packages.files.map(({ name, modules, path }) => ({ name, modules: [...modules], path })),
      missing: packages.missing.map((entry) => ({ ...entry })),
    },
  });

  /** One at a time; settles when it is there or cannot be had. */
  function make(here: Place): Promise<void> {
    const { key, entry } = here;
    if (snapshotFolder === undefined || key === undefined || snapshot !== undefined) return Promise.resolve();
    if (making !== undefined) return making;
    if (closing.signal.aborted) return Promise.resolve();
    making = (async () => {
      const commandLine = await options.confine(entry);
      const made = await makeSnapshot({
        folder: snapshotFolder,
        key,
        commandLine,
        init: { ...init(here), makeSnapshot: pythonWarmUp },
        signal: closing.signal,
      });
      if (made !== undefined && (await place)?.key === key) snapshot = made;
    })()
      .catch(() => undefined)
      .finally(() => {
        making = undefined;
      });
    return making;
  }

  function giveUp(wrong: Snapshot): Promise<void> {
    if (snapshot === wrong) snapshot = undefined;
    return discardSnapshot(wrong);
  }

  /** Waits for the snapshot, but not without end. A program's clock does not run here. */
  async function keep(here: Place, onProgress: ToolContext["onProgress"] | undefined): Promise<void> {
    const { key, packages } = here;
    if (key === undefined || failed.has(key) || snapshot !== undefined) return;
    const loads = packages.files.some(({ modules }) => modules.includes(slow));
    onProgress?.({ progress: 0, message: loads ? `loading ${slow}, once…` : "starting Python for the first time…" });
    await Promise.race([make(here), once(AbortSignal.timeout(programLimits.snapshot.patienceMs), "abort")]);
    if (snapshot === undefined) failed.add(key);
  }

  return {
    async next(onProgress, starts) {
      const before = place;
      place = missed || !place ? find(onProgress) : place;
      // What failed is tried again at the next call.
      place.catch(() => {
        place = undefined;
      });
      const here = await place;
      if (missed && (await before)?.kind !== here.kind) missed = false;
      const { entry, kind } = here;
      if (starts) await keep(here, onProgress);
      const cold = await options.confine(entry);
      const use = snapshot;
      const warm = use && (await options.confine({ ...entry, readable: [...entry.readable, use.path] }));
      const startCold = () => startChild(cold, init(here), { pings: true });
      return {
        kind,
        loaded: use !== undefined,
        start() {
          const child =
            use === undefined || warm === undefined
              ? startCold()
              : withFallback(startChild(warm, { ...init(here), snapshot: { ...use } }, { pings: true }), startCold);
          child.ready
            .then(({ from }) => (use !== undefined && from !== "snapshot" ? giveUp(use) : undefined))
            .catch(() => undefined);
          return child;
        },
      };
    },
    async makeSnapshot() {
      place ??= find();
      await make(await place);
      return snapshot !== undefined;
    },
    refresh() {
      missed = true;
    },
    close: () => closing.abort(new Error("closed")),
  };
}

/** Importing it takes longer than most programs. */
const slow = "sympy";

/** The first child, or the second when the first cannot be started. */
function withFallback(first: Child, second: () => Child): Child {
  let child = first;
  let settled = false;
  let killed = false;
  const ready = first.ready
    .catch((error) => {
      if (killed) throw error;
      child = second();
      return child.ready;
    })
    .finally(() => {
      settled = true;
    });
  ready.catch(() => undefined);
  return {
    ready,
    get alive() {
      return !killed && (!settled || child.alive);
    },
    checked: () => child.checked(),
    resident: () => child.resident(),
    call: (request, options) => child.call(request, options),
    kill() {
      killed = true;
      child.kill();
    },
  };
}

async function versionOf(node: string): Promise<string> {
  if (node === process.execPath) return process.version;
  const { stdout } = await promisify(execFile)(node, ["--version"], { timeout: 10_000 });
  return stdout.trim();
}

async function pyodideVersion(library: string): Promise<string> {
  const text = await readFile(join(library, "package.json"), "utf8");
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}
