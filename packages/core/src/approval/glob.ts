/** One piece of a pattern: text that must stand there, or `*`, anything at all. */
export type Glob = readonly (string | typeof anything)[];

export const anything = Symbol("*");

/**
 * Whether the whole text fits the pattern. Takes the first place each piece fits, which is enough where `*` is the only
 * wildcard, so no pattern of a stranger's file can take more than pieces × text.
 */
export function fits(glob: Glob, text: string): boolean {
  const [first = ""] = glob;
  const last = glob.at(-1) ?? "";
  if (!glob.includes(anything)) return text === glob.join("");
  const head = typeof first === "string" ? first : "";
  const tail = typeof last === "string" ? last : "";
  if (text.length < head.length + tail.length || !text.startsWith(head) || !text.endsWith(tail)) return false;
  const end = text.length - tail.length;
  let at = head.length;
  for (const piece of glob.slice(head ? 1 : 0, tail ? -1 : undefined)) {
    if (typeof piece !== "string") continue;
    const found = text.indexOf(piece, at);
    if (found < 0 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}

/** How many characters of a pattern must stand there. */
export function literals(glob: Glob): number {
  return glob.reduce<number>((sum, piece) => sum + (typeof piece === "string" ? piece.length : 0), 0);
}
