import type { Fact, FactSource } from "../../protocol/index.ts";
import type { FactStore } from "../fact-store.ts";

/** The fact with these sources beside its own, as it is kept from now on. */
export async function addSource(store: FactStore, fact: Fact, source: readonly FactSource[]): Promise<Fact> {
  const known = new Set(fact.source.map(sourceKey));
  const added = source.filter((each) => !known.has(sourceKey(each)));
  if (added.length === 0) return fact;
  const joined = { ...fact, source: [...fact.source, ...added] };
  await store.put(joined, { expect: "present" });
  return joined;
}

function sourceKey({ thread, seq, role }: FactSource): string {
  return JSON.stringify([thread, seq, role]);
}
