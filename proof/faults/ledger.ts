import {
  type AppendOptions,
  type Row,
  StoreError,
  type ThreadKey,
  type ThreadStore,
} from "../../packages/core/src/memory/thread-store.ts";
import type { Failure } from "../../packages/core/src/protocol/index.ts";
import { message } from "../../tests/core/memory/messages.ts";

export const thread: ThreadKey = { namespace: "default", id: "t" };

export interface Counts {
  /** Messages the store said it had. */
  readonly acked: number;
  /** Of those, how many were there afterwards. */
  readonly kept: number;
  /** How many messages were there more than once. */
  readonly duplicated: number;
  /** Of those acknowledged, how many the fault itself took: a row that was overwritten, a thread that was evicted. */
  readonly taken: number;
}

export interface Ledger {
  /** Says one thing; answers why not. What the store acknowledged is counted. */
  say(store: ThreadStore, options?: AppendOptions & Said): Promise<Failure | undefined>;
  /** Says so many things, one after the other. */
  sayAll(store: ThreadStore, count: number, said?: Said): Promise<void>;
  /** Counts what another process was promised. */
  promised(ids: readonly string[]): void;
  /**
   * Reads a thread and counts what is there. Numbers must run from 1 without gaps but for those `missing`, which the
   * fault took and which may not be readable as messages.
   */
  audit(store: ThreadStore, audit?: { readonly key?: ThreadKey; readonly missing?: readonly number[] }): Promise<void>;
  /** Counts what was read otherwise, and how many messages the fault took from it. */
  count(rows: readonly Row[], taken: number): void;
  readonly counts: Counts;
}

interface Said {
  readonly key?: ThreadKey;
  readonly id?: string;
  readonly text?: string;
}

/** What was promised, against what is there. `hold` hears what must hold of a thread's numbers. */
export function createLedger(hold: (holds: boolean, what: string) => void): Ledger {
  const acked = new Set<string>();
  const found = new Map<string, number>();
  let said = 0;
  let taken = 0;

  const ledger: Ledger = {
    async say(store, { key = thread, id = `m${said}`, text = `text ${said}`, ...options } = {}) {
      said += 1;
      try {
        await store.append(key, [message(id, text)], options);
        acked.add(id);
        return undefined;
      } catch (error) {
        if (error instanceof StoreError) return error.failure;
        throw error;
      }
    },
    async sayAll(store, count, options = {}) {
      for (let n = 0; n < count; n++) {
        const failure = await ledger.say(store, options);
        hold(!failure, `an append failed: ${failure?.message}`);
      }
    },
    promised(ids) {
      for (const id of ids) acked.add(id);
    },
    count(rows, lost) {
      for (const row of rows) {
        if ("message" in row) found.set(row.message.id, (found.get(row.message.id) ?? 0) + 1);
      }
      taken += lost;
    },
    async audit(store, { key = thread, missing = [] } = {}) {
      const rows = await store.read(key);
      const readable = rows.filter((row) => "message" in row || "mark" in row).map(({ seq }) => seq);
      const last = Math.max(0, ...readable, ...missing);
      const wanted = Array.from({ length: last }, (_, n) => n + 1).filter((seq) => !missing.includes(seq));
      hold(
        readable.join() === wanted.join(),
        `the readable rows are not 1 to ${last} but for ${missing.join() || "none"}`,
      );
      ledger.count(rows, missing.length);
    },
    get counts() {
      const times = [...found.values()];
      return {
        acked: acked.size,
        kept: [...acked].filter((id) => found.has(id)).length,
        duplicated: times.filter((count) => count > 1).length,
        taken,
      };
    },
  };
  return ledger;
}
