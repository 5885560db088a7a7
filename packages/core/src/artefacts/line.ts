import { stripVTControlCharacters } from "node:util";

/** Foreign text on one line without control characters. */
export function sanitizeLine(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\p{C}+/gu, " ")
    .trim();
}
