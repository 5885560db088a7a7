import { distance } from "fastest-levenshtein";
import type { Fact, FactScope } from "../../protocol/index.ts";
import type { FactRow } from "../fact-store.ts";

/** Where a conversation stands: facts of other projects and threads do not hold there. */
export interface Place {
  /** The project's root folder. */
  readonly project?: string | undefined;
  readonly thread?: string | undefined;
}

/** The facts among a store's rows that can be read. */
export function readableFacts(rows: readonly FactRow[]): Fact[] {
  return rows.flatMap((row) => ("fact" in row ? [row.fact] : []));
}

/**
 * The facts that hold at a moment: begun, not ended, and no other one in their place. A fact that has just been saved
 * holds also when the clock has gone back since.
 */
export function currentFacts(facts: readonly Fact[], now: number): Fact[] {
  const replaced = new Set(facts.map(({ supersedes }) => supersedes));
  return facts.filter(({ id, at, validFrom, validTo }) => {
    const begun = validFrom <= at || Date.parse(validFrom) <= now;
    return begun && (validTo === undefined || now < Date.parse(validTo)) && !replaced.has(id);
  });
}

/** Whether a fact of that scope holds at that place. */
export function holdsIn(scope: FactScope, place: Place): boolean {
  if (scope.kind === "project") return scope.folder === place.project;
  return scope.kind === "user" || scope.thread === place.thread;
}

export function sameScope(a: FactScope, b: FactScope): boolean {
  return JSON.stringify(scopeKey(a)) === JSON.stringify(scopeKey(b));
}

/** Two scopes are the same when their keys are. */
export function scopeKey(scope: FactScope): readonly string[] {
  if (scope.kind === "user") return [scope.kind];
  return [scope.kind, scope.kind === "project" ? scope.folder : scope.thread];
}

/** The fact with all that took its place and all whose place it took, oldest first. One that was erased ends the chain. */
export function versionsOf(facts: readonly Fact[], fact: Fact): Fact[] {
  const byId = new Map(facts.map((each) => [each.id, each]));
  const after = new Map(facts.map((each) => [each.supersedes, each]));
  const versions = [fact];
  // A chain in a damaged or imported store may bite its tail.
  const isNew = (next: Fact | undefined): next is Fact => next !== undefined && !versions.includes(next);
  for (let next = byId.get(fact.supersedes ?? ""); isNew(next); next = byId.get(next.supersedes ?? "")) {
    versions.unshift(next);
  }
  for (let next = after.get(fact.id); isNew(next); next = after.get(next.id)) versions.push(next);
  return versions;
}

/** The end of each fact's id that no other one shares: short enough to be typed, and to stand in a prompt. */
export function shortIds(ids: readonly string[]): ReadonlyMap<string, string> {
  const short = new Map<string, string>();
  let open = [...new Set(ids)];
  for (let length = 6; open.length > 0; length++) {
    const alike = Map.groupBy(open, (id) => id.slice(-length));
    for (const [end, [id, ...others]] of alike) if (id !== undefined && others.length === 0) short.set(id, end);
    open = open.filter((id) => !short.has(id));
  }
  return short;
}

export type FoundFact =
  | { readonly kind: "found"; readonly id: string }
  /** Those it could mean; empty when nothing is like it. */
  | { readonly kind: "unclear"; readonly candidates: readonly string[] };

/** The fact of that id, or the only one whose id begins or ends like it, in either case of letters. */
export function findFactId(ids: readonly string[], asked: string): FoundFact {
  if (ids.includes(asked)) return { kind: "found", id: asked };
  const wanted = asked.toUpperCase();
  const alike = wanted.length < 4 ? [] : ids.filter((id) => isEnd(id.toUpperCase(), wanted));
  const [only] = alike;
  if (only !== undefined && alike.length === 1) return { kind: "found", id: only };
  if (alike.length > 1) return { kind: "unclear", candidates: alike };
  const near =
    wanted.length < 4 ? [] : ids.filter((id) => distance(id.toUpperCase().slice(-wanted.length), wanted) <= 2);
  return { kind: "unclear", candidates: near };
}

function isEnd(id: string, part: string): boolean {
  return id.startsWith(part) || id.endsWith(part);
}
