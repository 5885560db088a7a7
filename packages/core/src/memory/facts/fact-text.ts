import type { Failure } from "../../protocol/index.ts";
import { sanitizeLine, toValidUnicode } from "../../text/index.ts";
import { secretIn } from "./secret.ts";

/** The longest fact, in characters: one thing, in a sentence or two. */
export const maxFactCharacters = 500;

/**
 * The text of a fact as it is kept: one line, NFC, without characters that hide or reorder. A failure, which never
 * repeats the text, for one that is empty, too long, or holds what looks like a secret.
 */
export function readFactText(
  text: string,
): { readonly kind: "text"; readonly text: string } | { readonly kind: "refused"; readonly failure: Failure } {
  const clean = sanitizeLine(toValidUnicode(text)).normalize("NFC");
  if (clean === "") return refused("a fact needs words", "say what is to be remembered");
  const { length } = [...clean];
  if (length > maxFactCharacters) {
    return refused(
      `the fact has ${length} characters, and ${maxFactCharacters} are the most`,
      "say it shorter, or save it as several facts",
    );
  }
  const secret = secretIn(clean);
  if (secret) {
    return refused(
      `the fact holds what looks like ${secret}, and facts are kept and shown in the open`,
      "remember where it is kept instead: in which password manager, file or variable",
    );
  }
  return { kind: "text", text: clean };
}

function refused(message: string, hint: string) {
  return { kind: "refused", failure: { code: "usage", message, hint } } as const;
}

/** What two wordings of one fact share: case, width, spaces and marks do not count. */
export function plainForm(text: string): string {
  return text
    .normalize("NFKC")
    .toLowerCase()
    .replaceAll(/[\s\p{P}\p{Z}]+/gu, (between, at: number, whole: string) =>
      /\d/.test(whole[at + between.length] ?? "") ? beforeDigit(between, /\d/.test(whole[at - 1] ?? "")) : "",
    );
}

/** `1.5` is not `15`, nor `-5` `5`: what stands before a digit may be part of the number. */
function beforeDigit(between: string, isBehindDigit: boolean): string {
  return between.trim() || (isBehindDigit ? " " : "");
}

/** How much two texts are alike, from 0 to 1: the share of their pairs of neighbouring characters that both have. */
export function likeness(a: string, b: string): number {
  const [pairsA, pairsB] = [pairs(plainForm(a)), pairs(plainForm(b))];
  const common = [...pairsA].filter((pair) => pairsB.has(pair)).length;
  const all = pairsA.size + pairsB.size - common;
  return all === 0 ? Number(plainForm(a) === plainForm(b)) : common / all;
}

function pairs(text: string): ReadonlySet<string> {
  const characters = [...text];
  return new Set(characters.slice(1).map((character, index) => `${characters[index]}${character}`));
}
