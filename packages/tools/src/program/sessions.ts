import type { Child } from "./child.ts";
import type { Start } from "./starter.ts";

export type SessionState = "new" | "kept" | "lost";

/** An owner's child, for the length of one call. */
export interface Session {
  readonly child: Child;
  readonly id: string;
  /** `lost`: an earlier child of this owner is gone and with it what it had defined; `lostBecause` says why. */
  readonly state: SessionState;
  readonly lostBecause?: string;
  /** Counts from 1 in this child. */
  readonly callNo: number;
}

export interface Sessions {
  /**
   * The owner's child: the one it has, or one that nobody has ever used: the prepared one, or a new one. An owner is a
   * thread, or one of several sessions that a thread has named. `fresh` gives up what it had before.
   */
  take(
    owner: string,
    start: Start,
    options?: { readonly name?: string | undefined; readonly fresh?: boolean },
  ): Session;
  /** Settles when it is known whether the owner's child still answers. Never rejects. */
  checked(owner: string): Promise<void>;
  /** What the owner's session is called; undefined when it has none now. */
  idOf(owner: string): string | undefined;
  /**
   * After a call: from now on the session may be closed to make room. A child that is gone is forgotten, with the reason;
   * when the owner has been `told`, its next session is a new one that gives the reason once more.
   */
  giveBack(owner: string, lostBecause?: string, told?: boolean): void;
  /** Starts a child ahead of the owner that will need it. */
  prepare(start: Start): void;
  close(): void;
}

interface Entry {
  readonly child: Child;
  readonly kind: string;
  readonly id: string;
  calls: number;
  busy: boolean;
  timer?: NodeJS.Timeout;
}

/** Reasons are kept for this many owners; beyond that a lost session reads as a new one. */
const rememberedLosses = 1_000;

/** One child for each owner, never shared and never passed on; the one unused longest makes room for a new one. */
export function createSessions(options: {
  readonly name: string;
  readonly sessions: number;
  readonly idleMs: number;
}): Sessions {
  // In order of use: the first was used longest ago.
  const entries = new Map<string, Entry>();
  const losses = new Map<string, { readonly because: string; readonly told: boolean }>();
  let spare: { readonly child: Child; readonly kind: string; readonly loaded: boolean } | undefined;
  let counter = 0;
  let closed = false;

  function lose(owner: string, because: string, told = false): void {
    const entry = entries.get(owner);
    if (entry === undefined) return;
    clearTimeout(entry.timer);
    entry.child.kill();
    entries.delete(owner);
    if (entry.calls === 0) return;
    losses.delete(owner);
    losses.set(owner, { because, told });
    const [oldest] = losses.keys();
    if (losses.size > rememberedLosses && oldest !== undefined) losses.delete(oldest);
  }

  function makeRoom(): void {
    for (const [owner, entry] of entries) {
      if (entries.size < options.sessions) return;
      if (!entry.busy) lose(owner, "it made room for other conversations");
    }
  }

  function newChild({ kind, loaded = false, start }: Start): Child {
    const prepared = spare;
    spare = undefined;
    if (prepared?.child.alive && prepared.kind === kind && (prepared.loaded || !loaded)) {
      return prepared.child;
    }
    prepared?.child.kill();
    return start();
  }

  return {
    take(owner, start, { name, fresh = false } = {}) {
      if (closed) throw new Error(`${options.name} has been closed`);
      const before = entries.get(owner);
      if (before !== undefined && !before.child.alive) lose(owner, "its process ended");
      else if (before !== undefined && before.kind !== start.kind) lose(owner, "the installed packages changed");
      if (fresh) {
        lose(owner, "");
        losses.delete(owner);
      }
      let entry = entries.get(owner);
      if (entry === undefined) {
        makeRoom();
        const id = name ?? `${options.name}-${++counter}`;
        entry = { child: newChild(start), kind: start.kind, id, calls: 0, busy: true };
      }
      clearTimeout(entry.timer);
      entries.delete(owner);
      entries.set(owner, entry);
      entry.busy = true;
      const callNo = ++entry.calls;
      const loss = callNo === 1 ? losses.get(owner) : undefined;
      losses.delete(owner);
      const state = callNo > 1 ? "kept" : loss === undefined || loss.told ? "new" : "lost";
      return {
        child: entry.child,
        id: entry.id,
        state,
        callNo,
        ...(loss !== undefined && { lostBecause: loss.because }),
      };
    },
    giveBack(owner, lostBecause, told) {
      const entry = entries.get(owner);
      if (entry === undefined) return;
      entry.busy = false;
      if (lostBecause !== undefined) return lose(owner, lostBecause, told);
      entry.timer = setTimeout(() => lose(owner, "it was not used for a while"), options.idleMs);
      entry.timer.unref();
    },
    checked: async (owner) => entries.get(owner)?.child.checked(),
    idOf: (owner) => entries.get(owner)?.id,
    prepare(start) {
      if (closed || (spare?.child.alive && spare.kind === start.kind)) return;
      spare?.child.kill();
      spare = { child: start.start(), kind: start.kind, loaded: start.loaded ?? false };
    },
    close() {
      closed = true;
      spare?.child.kill();
      for (const owner of [...entries.keys()]) lose(owner, "the program closed");
    },
  };
}
