import { createHash } from "node:crypto";
import type { Fact } from "../../protocol/index.ts";
import type { FactRow } from "../fact-store.ts";
import { plainForm } from "./fact-text.ts";
import { scopeKey } from "./fact-view.ts";

/** As ULIDs are written: no letter that is taken for a digit. */
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const length = 26;

/**
 * The id of a new fact. Of those who save the same words for the same place at the same time all come to the same one,
 * and so the store lets one of them in. An id that a fact has, or had when another took its place, is not given again.
 */
export function newFactId({ text, scope }: Pick<Fact, "text" | "scope">, there: readonly FactRow[]): string {
  const taken = new Set(there.flatMap((row) => [row.id, "fact" in row ? row.fact.supersedes : undefined]));
  for (let count = 0; ; count++) {
    const digest = createHash("sha256")
      .update(JSON.stringify([plainForm(text), scopeKey(scope), count]))
      .digest();
    const id = [...digest.subarray(0, length)].map((byte) => alphabet.charAt(byte % alphabet.length)).join("");
    if (!taken.has(id)) return id;
  }
}
