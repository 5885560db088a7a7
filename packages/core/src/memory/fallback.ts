import type { Clock, Failure } from "../protocol/index.ts";
import type { FactStore } from "./fact-store.ts";
import { mergeStores } from "./merge.ts";
import { StoreError, type ThreadStore } from "./thread-store.ts";

/** What a person should know about the store they chose. `spare` is the URL of the local file. */
export type FallbackNotice =
  /** It cannot be reached: all of this run goes to the spare. */
  | { readonly kind: "started"; readonly failure: Failure; readonly spare: string }
  /** It got lost: what is said from now on is kept in the spare. */
  | { readonly kind: "kept"; readonly failure: Failure; readonly spare: string }
  /** It has now what was kept. */
  | { readonly kind: "merged"; readonly threads: number; readonly facts: number; readonly spare: string }
  /** It has not, and the spare keeps it. */
  | { readonly kind: "waiting"; readonly failure: Failure; readonly spare: string };

export interface FallbackOptions {
  readonly openStore: () => Promise<ThreadStore>;
  /** A local store that belongs to that one alone. */
  readonly openSpare: () => Promise<ThreadStore>;
  /** Whether anything was ever kept there. */
  readonly spareExists: () => Promise<boolean>;
  readonly namespace: string;
  readonly clock: Clock;
  /** Whether to begin with the spare when the store cannot be reached; otherwise that is an error. */
  readonly beginWithSpare: boolean;
  readonly onNotice: (notice: FallbackNotice) => void;
}

/** For how long a lost store is not asked again, in milliseconds: each asking may take seconds. */
const pause = 10_000;

/**
 * A store behind a network, with a local spare for the time it cannot be reached, so that nothing said is lost.
 *
 * What is appended while the store is gone goes to the spare, and from there to the store before anything else is
 * appended to or read from it: in this run, or at the next opening. Reading needs the store, unless this run began with
 * the spare. An append that expects a number is never kept aside: nobody knows whether it holds.
 */
export async function openWithFallback(options: FallbackOptions): Promise<ThreadStore> {
  const { namespace, clock, onNotice } = options;
  let store: ThreadStore | undefined;
  let opening: Promise<ThreadStore> | undefined;
  let lost: StoreError | undefined;
  let retryAt = 0;
  let told = false;
  let closed = false;
  // Whether the spare may hold what the store lacks.
  let waiting = await options.spareExists();

  const spare = (): Promise<ThreadStore> => {
    opening ??= options.openSpare();
    return opening;
  };
  const lose = (error: StoreError): void => {
    lost = error;
    retryAt = clock.now() + pause;
  };

  /** Brings the store up to date with the spare; false where that must wait. */
  const settle = async (): Promise<boolean> => {
    try {
      store ??= await options.openStore();
      if (!waiting) return true;
      const merged = await mergeStores(await spare(), store, { namespace, now: clock.now() });
      waiting = false;
      told = false;
      if (merged.threads > 0 || merged.facts > 0) onNotice({ kind: "merged", ...merged, spare: (await spare()).url });
      return true;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      if (store && !isLost(error)) {
        // Asking again would not help, and the rest of the store works.
        waiting = false;
        onNotice({ kind: "waiting", failure: error.failure, spare: (await spare().catch(() => undefined))?.url ?? "" });
        return true;
      }
      lose(error);
      return false;
    }
  };
  let settling: Promise<boolean> | undefined;
  /** The store with all that was kept for it; undefined while it cannot be reached. */
  const reach = async ({ now }: { readonly now: boolean }): Promise<ThreadStore | undefined> => {
    if (closed || (store && !waiting)) return store;
    if (!now && clock.now() < retryAt) return undefined;
    settling ??= settle().finally(() => {
      settling = undefined;
    });
    return (await settling) ? store : undefined;
  };

  /** Runs on the store, or on the spare while this run has never reached the store. */
  const use = async <T>(work: (store: ThreadStore) => Promise<T>): Promise<T> => {
    const there = await reach({ now: store !== undefined });
    if (there) return work(there);
    if (store) throw lost ?? new Error("a store that is not lost cannot be reached");
    waiting = true;
    return work(await spare());
  };

  /** Runs on the store, or where it is lost on the spare. */
  const keep = async <T>(work: (store: ThreadStore) => Promise<T>): Promise<T> => {
    const there = await reach({ now: false });
    if (there) {
      try {
        return await work(there);
      } catch (error) {
        if (closed || !(error instanceof StoreError) || !isLost(error)) throw error;
        lose(error);
      }
    }
    waiting = true;
    try {
      const aside = await spare();
      const done = await work(aside);
      if (store && lost && !told) onNotice({ kind: "kept", failure: lost.failure, spare: aside.url });
      told = true;
      return done;
    } catch (error) {
      throw store && lost ? lost : error;
    }
  };

  if (!(await reach({ now: true }))) {
    if (!store && lost && !(options.beginWithSpare && isLost(lost))) throw lost;
    if (!store && lost) onNotice({ kind: "started", failure: lost.failure, spare: (await spare()).url });
  }
  const { url } = store ?? (await spare());

  return {
    url,
    append: (key, items, appending = {}) =>
      appending.expect === undefined
        ? keep((one) => one.append(key, items, appending))
        : use((one) => one.append(key, items, appending)),
    saveText: (key, text) => keep((one) => one.saveText(key, text)),
    read: (key, query) => use((one) => one.read(key, query)),
    info: (key) => use((one) => one.info(key)),
    rename: (key, title) => use((one) => one.rename(key, title)),
    fork: (key, seq, id) => use((one) => one.fork(key, seq, id)),
    threads: (ns, query) => use((one) => one.threads(ns, query)),
    readText: (key, name) => use((one) => one.readText(key, name)),
    async erase(what) {
      const erased = await use((one) => one.erase(what));
      // What could not be merged stays in the spare until it is erased.
      if (await options.spareExists()) await (await spare()).erase(what);
      return erased;
    },
    facts: (ns) => factsOf(ns, use),
    async warnings() {
      const warnings = await use((one) => one.warnings());
      return store || !lost ? warnings : [lost.failure, ...warnings];
    },
    async close() {
      closed = true;
      await store?.close();
      await (await opening?.catch(() => undefined))?.close();
    },
  };
}

/** Whether a store may take later what it does not take now. */
function isLost({ failure }: StoreError): boolean {
  return ["store_unavailable", "store_full", "store_read_only"].includes(failure.code);
}

function factsOf(namespace: string, use: <T>(work: (store: ThreadStore) => Promise<T>) => Promise<T>): FactStore {
  return {
    put: (fact, options) => use((store) => store.facts(namespace).put(fact, options)),
    get: (id) => use((store) => store.facts(namespace).get(id)),
    list: () => use((store) => store.facts(namespace).list()),
    remove: (id) => use((store) => store.facts(namespace).remove(id)),
  };
}
