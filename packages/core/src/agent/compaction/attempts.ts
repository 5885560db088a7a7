import type { Older } from "../context.ts";

type Rows = Pick<Older, "from" | "to">;

/** What an agent remembers of its threads' compactions while it lives. */
export interface Attempts {
  /** For each place of the cut a summary is asked for once: false where it was asked for already. */
  begin(threadId: string, to: number): boolean;
  /** It was stopped and may be asked for again. */
  forget(threadId: string): void;
  /** Which rows the last request left out; undefined: none. */
  note(threadId: string, cut: Rows | undefined): void;
  /** `unknown` before the first request of this agent in that thread. */
  leftOut(threadId: string): Rows | undefined | "unknown";
}

const threadsKept = 100;

export function createAttempts(): Attempts {
  const tried = new Map<string, number>();
  const cuts = new Map<string, Rows | undefined>();
  return {
    begin(threadId, to) {
      if (tried.get(threadId) === to) return false;
      keep(tried, threadId, to);
      return true;
    },
    forget: (threadId) => void tried.delete(threadId),
    note(threadId, cut) {
      keep(cuts, threadId, cut && { from: cut.from, to: cut.to });
    },
    leftOut: (threadId) => (cuts.has(threadId) ? cuts.get(threadId) : "unknown"),
  };
}

function keep<Value>(map: Map<string, Value>, threadId: string, value: Value): void {
  map.delete(threadId);
  map.set(threadId, value);
  for (const oldest of map.keys()) if (map.size > threadsKept) map.delete(oldest);
}
