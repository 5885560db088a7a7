import type { Fact } from "../../protocol/index.ts";
import type { FactStore } from "../fact-store.ts";
import { newFactId } from "./fact-id.ts";
import { plainForm } from "./fact-text.ts";
import { currentFacts, readableFacts, sameScope } from "./fact-view.ts";
import { addSource } from "./sources.ts";

/** The fact as the store has it now. */
export interface Adopted {
  readonly fact: Fact;
  /** Whether it was not there before. */
  readonly added: boolean;
}

/**
 * Takes in a fact that was saved in another store: where the same words hold already they stay one fact, with the sources
 * and the pin of both. Run twice it adds nothing twice. Throws a `StoreError` when the store cannot be used.
 */
export async function adoptFact(store: FactStore, fact: Fact, now: number): Promise<Adopted> {
  const words = plainForm(fact.text);
  const isSame = (other: Fact) => plainForm(other.text) === words && sameScope(other.scope, fact.scope);
  for (;;) {
    const rows = await store.list();
    const facts = readableFacts(rows);
    const holding = currentFacts([fact], now).length > 0 ? currentFacts(facts, now).find(isSame) : undefined;
    const there = facts.find((other) => isSame(other) && other.at === fact.at) ?? holding;
    if (there) {
      if (fact.pinned && !there.pinned) await store.put({ ...there, pinned: true }, { expect: "present" });
      const pinned = there.pinned || fact.pinned;
      return { fact: await addSource(store, { ...there, pinned }, fact.source), added: false };
    }
    const isTaken = rows.some(({ id }) => id === fact.id);
    const adopted = isTaken ? { ...fact, id: newFactId(fact, rows) } : fact;
    if (await store.put(adopted, { expect: "absent" })) return { fact: adopted, added: true };
  }
}
