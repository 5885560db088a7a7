import { type Clock, type Fact, type Failure, factSchema } from "../../protocol/index.ts";
import type { FactStore } from "../fact-store.ts";
import { readFactText } from "./fact-text.ts";
import { isTime } from "./time.ts";

/** The machine that exported may be ahead of this one, in ms; further ahead the order of facts would be wrong. */
const clocksDiffer = 86_400_000;

/** A fact as one line of JSON; `importFacts` makes the same fact of it in any store. */
export function factLine(fact: Fact): string {
  return JSON.stringify(fact);
}

export type ImportedFact =
  | { readonly kind: "added" | "known"; readonly fact: Fact }
  /** Nothing of this line was taken; what is in the store stays as it is. */
  | { readonly kind: "refused"; readonly failure: Failure };

/**
 * Puts exported facts into a store, one outcome a line; empty lines are passed over. A fact whose id is there already
 * stays as it is, so that an import can be repeated; a line that cannot be used is named and costs the others nothing.
 * Throws a `StoreError` when the store cannot be used.
 */
export async function* importFacts(
  store: FactStore,
  lines: AsyncIterable<string>,
  clock: Clock,
): AsyncGenerator<ImportedFact> {
  let number = 0;
  for await (const line of lines) {
    number++;
    if (line.trim() === "") continue;
    const read = readLine(line, clock.now());
    if (typeof read === "string") {
      const hint = "chingu memory export writes files that can be imported; mend the line and import the file again";
      yield { kind: "refused", failure: { code: "usage", message: `line ${number} was not imported: ${read}`, hint } };
      continue;
    }
    const added = await store.put(read, { expect: "absent" });
    yield { kind: added ? "added" : "known", fact: read };
  }
}

/** The fact of a line, or what is wrong with it. */
function readLine(line: string, now: number): Fact | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return "it is not JSON";
  }
  const parsed = factSchema.safeParse(value);
  if (!parsed.success) {
    const keys = new Set(parsed.error.issues.map(({ path }) => path.join(".") || "the line"));
    return `it is not a fact (${[...keys].join(", ")})`;
  }
  const { at, validFrom, validTo } = parsed.data;
  const wrong = [at, validFrom, ...(validTo === undefined ? [] : [validTo])].find((time) => !isTime(time));
  if (wrong !== undefined) return "one of its times is none";
  if (Date.parse(at) > now + clocksDiffer) return "it was saved in the future";
  const text = readFactText(parsed.data.text);
  return text.kind === "text" ? { ...parsed.data, text: text.text } : text.failure.message;
}
