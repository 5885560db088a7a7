import { createFacts, type Facts, type NewFact } from "../../../../packages/core/src/memory/facts/facts.ts";
import { openThreadStore } from "../../../../packages/core/src/memory/open.ts";
import type { ThreadStore } from "../../../../packages/core/src/memory/thread-store.ts";
import type { Fact } from "../../../../packages/core/src/protocol/index.ts";

export const namespace = "default";

export interface FactsUnderTest {
  readonly store: ThreadStore;
  readonly facts: Facts;
  /** To be set. */
  readonly time: { now: number };
  /** Saves one and fails where it was not saved. */
  save(text: string, more?: Partial<NewFact>): Promise<Fact>;
}

/** Facts in a store, in memory when none is given; times count up. */
export async function openFacts(url = "memory:"): Promise<FactsUnderTest> {
  let ids = 0;
  const time = { now: Date.UTC(2026, 0, 1) };
  const clock = { now: () => time.now++ };
  const makeId = () => `FACT-${String(++ids).padStart(6, "0")}`;
  const store = await openThreadStore(url, { clock, makeId, home: "/nowhere" }, new AbortController().signal);
  const facts = createFacts({ store: store.facts(namespace), clock });
  return {
    store,
    facts,
    time,
    async save(text, more = {}) {
      const saved = await facts.save({ text, source: [], by: "user", ...more });
      if (saved.kind !== "saved") throw new Error(`not saved: ${JSON.stringify(saved)}`);
      return saved.fact;
    },
  };
}
