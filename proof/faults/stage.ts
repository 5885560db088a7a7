import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import { openThreadStore } from "../../packages/core/src/memory/open.ts";
import { StoreError, type ThreadStore } from "../../packages/core/src/memory/thread-store.ts";
import type { Clock } from "../../packages/core/src/protocol/index.ts";
import { startRedis, type TemporaryRedis } from "../../tests/kit/redis.ts";
import { createLedger, type Ledger } from "./ledger.ts";

/** A fault, and what is done while it happens. Whatever `meet` throws is held against the store. */
export interface Fault {
  readonly name: string;
  readonly store: "redis" | "sqlite" | "cluster";
  /** Takes too long for the sample that runs with the tests. */
  readonly long?: true;
  readonly meet: (stage: Stage) => Promise<void>;
}

export interface StageOptions {
  /** By how much less is done than in a full proof. */
  readonly divisor: number;
  /** Whether the time that something takes counts. */
  readonly timed: boolean;
}

/** Where one fault happens: servers and files of its own, and the ledger of what was promised. */
export interface Stage extends AsyncDisposable {
  readonly folder: string;
  readonly ledger: Ledger;
  readonly faults: string[];
  readonly notes: string[];
  /** How often something is done: the number itself, or a part of it, at least two. */
  times(count: number): number;
  serve(...args: string[]): Promise<TemporaryRedis>;
  open(url: string, clock?: Clock): Promise<ThreadStore>;
  /** A client of its own, to look and to break things. */
  administer(server: TemporaryRedis): Redis;
  /** To be undone when the fault is over, last first. */
  defer(undo: () => unknown): void;
  /** Holds against the store what does not hold. */
  expect(holds: boolean, what: string): void;
  /** `work` must fail with this code and say what to do. */
  refused(work: Promise<unknown>, code: string): Promise<void>;
  /** How long it took from `started` on, and how long it may. */
  took(what: string, started: number, limitMs: number): void;
}

/** Thrown where a fault cannot be made on this machine. */
export class Skipped extends Error {}

const never = new AbortController().signal;

export async function openStage({ divisor, timed }: StageOptions): Promise<Stage> {
  const cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "chingu-faults-"));
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  const faults: string[] = [];
  const notes: string[] = [];
  const hold = (holds: boolean, what: string) => {
    if (!holds) faults.push(what);
  };
  return {
    folder,
    faults,
    notes,
    ledger: createLedger(hold),
    times: (count) => Math.max(2, Math.ceil(count / divisor)),
    async serve(...args) {
      const server = await startRedis({ args });
      cleanup.defer(() => server.stop());
      return server;
    },
    async open(url, clock = { now: Date.now }) {
      const store = await openThreadStore(url, { clock, makeId: () => crypto.randomUUID(), home: "" }, never);
      cleanup.defer(() => store.close());
      return store;
    },
    administer(server) {
      const admin = new Redis(server.port, { enableReadyCheck: false });
      admin.on("error", () => {});
      cleanup.defer(() => admin.disconnect());
      return admin;
    },
    defer: (undo) => cleanup.defer(async () => void (await undo())),
    expect: hold,
    async refused(work, code) {
      const error = await work.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      const failure = error instanceof StoreError ? error.failure : undefined;
      const said = failure ? `${failure.code}: ${failure.message}` : String(error ?? "nothing");
      hold(
        failure?.code === code && failure.hint !== "",
        `should have failed with ${code} and a hint; failed with ${said}`,
      );
    },
    took(what, started, limitMs) {
      const ms = Math.round(performance.now() - started);
      notes.push(`${what} ${ms} ms`);
      if (timed) hold(ms < limitMs, `${what} took ${ms} ms, not under ${limitMs}`);
    },
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
}

/** Waits for something that will be, with a limit. */
export async function until(holds: () => boolean | Promise<boolean>, limitMs = 20_000): Promise<void> {
  for (const end = performance.now() + limitMs; !(await holds()); await delay(5)) {
    if (performance.now() > end) throw new Error(`what was waited for did not come within ${limitMs} ms`);
  }
}
