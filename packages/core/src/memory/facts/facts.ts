import type { Clock, Fact, FactScope, FactSource, Failure } from "../../protocol/index.ts";
import type { FactStore } from "../fact-store.ts";
import { newFactId } from "./fact-id.ts";
import { likeness, plainForm, readFactText } from "./fact-text.ts";
import { currentFacts, readableFacts, sameScope, versionsOf } from "./fact-view.ts";
import { addSource } from "./sources.ts";

/** From here on two facts are taken for two wordings of one. */
const alike = 0.8;

export interface NewFact {
  readonly text: string;
  /** That of the superseded fact when left out, else `user`. */
  readonly scope?: FactScope | undefined;
  readonly source: readonly FactSource[];
  readonly by: Fact["by"];
  /** The full id of the fact this one takes the place of. */
  readonly supersedes?: string | undefined;
  /** Saved also where a similar fact is there. */
  readonly keepBoth?: boolean;
  readonly pinned?: boolean;
  /** ISO 8601, UTC: until when it holds. */
  readonly validTo?: string | undefined;
}

export type SaveOutcome =
  | { readonly kind: "saved"; readonly fact: Fact }
  /** The same was there already; it has the new source too. */
  | { readonly kind: "known"; readonly fact: Fact }
  /** Nothing was saved: this one says nearly the same, or its opposite. */
  | { readonly kind: "similar"; readonly fact: Fact }
  | { readonly kind: "refused"; readonly failure: Failure };

/** The rules by which facts are kept. Every method throws a `StoreError` when the store cannot be used. */
export interface Facts {
  /** Every fact that can be read, oldest first, also those that no longer hold. */
  all(): Promise<readonly Fact[]>;
  /**
   * Saves a fact, once: the same words again add their source to the fact that is there, and words that are nearly the
   * same are saved only with `keepBoth`. A superseded fact is kept, but no longer holds; its pin passes on.
   */
  save(fact: NewFact): Promise<SaveOutcome>;
  /** Undefined where there is no such fact. */
  pin(id: string, pinned: boolean): Promise<Fact | undefined>;
  /** Erases the fact, with `versions: "earlier"` also all whose place it took; answers the ids of what was erased. */
  forget(id: string, options: { readonly versions: "this" | "earlier" }): Promise<readonly string[]>;
}

export function createFacts(deps: { readonly store: FactStore; readonly clock: Clock }): Facts {
  const { store, clock } = deps;
  const all = async () => readableFacts(await store.list());
  const timestamp = () => new Date(clock.now()).toISOString();

  /** Undefined where another writer was quicker: then what is there must be looked at again. */
  async function trySave(text: string, wanted: Omit<NewFact, "text">): Promise<SaveOutcome | undefined> {
    const { source, by, keepBoth, validTo } = wanted;
    const rows = await store.list();
    const facts = readableFacts(rows);
    const current = currentFacts(facts, clock.now());
    const old = wanted.supersedes === undefined ? undefined : facts.find(({ id }) => id === wanted.supersedes);
    if (wanted.supersedes !== undefined && !old) return refused(noSuchFact(wanted.supersedes));
    const newest = old && versionsOf(facts, old).at(-1);
    if (old && newest && newest !== old) return refused(supersededAlready(old, newest));
    const scope = wanted.scope ?? old?.scope ?? { kind: "user" };
    if (old?.text === text && sameScope(old.scope, scope) && current.includes(old)) {
      return { kind: "known", fact: await addSource(store, old, source) };
    }
    const others = current.filter((fact) => fact !== old && sameScope(fact.scope, scope));
    const same = others.find((fact) => plainForm(fact.text) === plainForm(text));
    if (same && old) return { kind: "similar", fact: same };
    if (same) return { kind: "known", fact: await addSource(store, same, source) };
    const similar = keepBoth ? undefined : others.find((fact) => likeness(fact.text, text) >= alike);
    if (similar) return { kind: "similar", fact: similar };

    const at = timestamp();
    const fact: Fact = {
      id: newFactId({ text, scope }, rows),
      text,
      scope,
      source: [...source],
      by,
      at,
      validFrom: at,
      ...endOf(validTo ?? (old && current.includes(old) ? old.validTo : undefined)),
      ...(old && { supersedes: old.id }),
      pinned: wanted.pinned ?? old?.pinned ?? false,
    };
    // The new one first: after a crash between the two the old one is superseded all the same.
    if (!(await store.put(fact, { expect: "absent" }))) return undefined;
    if (old) await end(store, old, at);
    return { kind: "saved", fact };
  }

  return {
    all,
    async save({ text: words, ...wanted }) {
      const read = readFactText(words);
      if (read.kind === "refused") return read;
      for (;;) {
        const outcome = await trySave(read.text, wanted);
        if (outcome) return outcome;
      }
    },
    async pin(id, pinned) {
      const fact = (await all()).find((each) => each.id === id);
      if (!fact) return undefined;
      const changed = { ...fact, pinned };
      return (await store.put(changed, { expect: "present" })) ? changed : undefined;
    },
    async forget(id, { versions }) {
      const facts = await all();
      const fact = facts.find((each) => each.id === id);
      const chain = fact ? versionsOf(facts, fact) : [];
      const earlier = chain.slice(0, Math.max(0, fact ? chain.indexOf(fact) : 0));
      // What this one has superseded must not hold again once it is gone.
      const last = earlier.at(-1);
      if (last && versions === "this") await end(store, last, timestamp());
      const doomed = versions === "earlier" ? [...earlier.map((each) => each.id), id] : [id];
      const erased: string[] = [];
      for (const each of doomed) if (await store.remove(each)) erased.push(each);
      return erased;
    },
  };
}

function endOf(validTo: string | undefined): Pick<Fact, "validTo"> {
  return validTo === undefined ? {} : { validTo };
}

/** From `at` on the fact no longer holds. */
async function end(store: FactStore, fact: Fact, at: string): Promise<void> {
  if (fact.validTo !== undefined && fact.validTo <= at) return;
  await store.put({ ...fact, validTo: at }, { expect: "present" });
}

function refused(failure: Failure): SaveOutcome {
  return { kind: "refused", failure };
}

function noSuchFact(id: string): Failure {
  return { code: "usage", message: `there is no fact ${id}`, hint: "chingu memory list shows them" };
}

function supersededAlready(old: Fact, newest: Fact): Failure {
  return {
    code: "usage",
    message: `the fact ${old.id} has been superseded already`,
    hint: `its newest version is ${newest.id}`,
  };
}
