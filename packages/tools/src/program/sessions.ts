import type { Child } from "./child.ts";

export type SessionState = "new" | "kept" | "lost";

/** A thread's own child, for the length of one call. */
export interface Session {
  readonly child: Child;
  readonly id: string;
  /** `lost`: an earlier child of this thread is gone and with it what it had defined; `lostBecause` says why. */
  readonly state: SessionState;
  readonly lostBecause?: string;
  /** Counts from 1 in this child. */
  readonly callNo: number;
}

export interface Sessions {
  /** The thread's child: the one it has, or one that no thread has ever used: the prepared one, or a new one from `start`. */
  take(threadId: string, start: () => Child): Session;
  /** After a call: from now on the session may be closed to make room. A child that is gone is forgotten, with the reason. */
  giveBack(threadId: string, lostBecause?: string): void;
  /** Starts a child ahead of the thread that will need it. */
  prepare(start: () => Child): void;
  close(): void;
}

interface Entry {
  readonly child: Child;
  readonly id: string;
  calls: number;
  busy: boolean;
  timer?: NodeJS.Timeout;
}

/** Reasons are kept for this many threads; beyond that a lost session reads as a new one. */
const rememberedLosses = 1_000;

/** One child for each thread, never shared and never passed on; the one unused longest makes room for a new one. */
export function createSessions(options: {
  readonly name: string;
  readonly sessions: number;
  readonly idleMs: number;
}): Sessions {
  // In order of use: the first was used longest ago.
  const entries = new Map<string, Entry>();
  const losses = new Map<string, string>();
  let spare: Child | undefined;
  let counter = 0;
  let closed = false;

  function lose(threadId: string, because: string): void {
    const entry = entries.get(threadId);
    if (entry === undefined) return;
    clearTimeout(entry.timer);
    entry.child.kill();
    entries.delete(threadId);
    if (entry.calls === 0) return;
    losses.delete(threadId);
    losses.set(threadId, because);
    const [oldest] = losses.keys();
    if (losses.size > rememberedLosses && oldest !== undefined) losses.delete(oldest);
  }

  function makeRoom(): void {
    for (const [threadId, entry] of entries) {
      if (entries.size < options.sessions) return;
      if (!entry.busy) lose(threadId, "it made room for other conversations");
    }
  }

  function newChild(start: () => Child): Child {
    const child = spare?.alive ? spare : start();
    spare = undefined;
    return child;
  }

  return {
    take(threadId, start) {
      if (closed) throw new Error(`${options.name} has been closed`);
      let entry = entries.get(threadId);
      if (entry !== undefined && !entry.child.alive) {
        lose(threadId, "its process ended");
        entry = undefined;
      }
      if (entry === undefined) {
        makeRoom();
        entry = { child: newChild(start), id: `${options.name}-${++counter}`, calls: 0, busy: true };
      }
      clearTimeout(entry.timer);
      entries.delete(threadId);
      entries.set(threadId, entry);
      entry.busy = true;
      const callNo = ++entry.calls;
      const lostBecause = callNo === 1 ? losses.get(threadId) : undefined;
      losses.delete(threadId);
      const state = callNo > 1 ? "kept" : lostBecause === undefined ? "new" : "lost";
      return { child: entry.child, id: entry.id, state, callNo, ...(lostBecause !== undefined && { lostBecause }) };
    },
    giveBack(threadId, lostBecause) {
      const entry = entries.get(threadId);
      if (entry === undefined) return;
      entry.busy = false;
      if (lostBecause !== undefined) return lose(threadId, lostBecause);
      entry.timer = setTimeout(() => lose(threadId, "it was not used for a while"), options.idleMs);
      entry.timer.unref();
    },
    prepare(start) {
      if (!closed && !spare?.alive) spare = start();
    },
    close() {
      closed = true;
      spare?.kill();
      for (const threadId of [...entries.keys()]) lose(threadId, "the program closed");
    },
  };
}
