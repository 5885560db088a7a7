import { matchesIn, type QueryToken, sanitize } from "../../text/index.ts";

export interface Excerpt {
  readonly text: string;
  /** Where it has what was looked for: UTF-16 offsets, ends excluded. */
  readonly matches: readonly { readonly start: number; readonly end: number }[];
}

/**
 * The stretch of a text that has most of what is looked for, at most `longest` characters, cut between words and with
 * `…` where something is left out. Safe for a terminal.
 */
export function excerptOf(whole: string, tokens: readonly QueryToken[], longest: number): Excerpt {
  const text = sanitize(whole.normalize("NFC")).trim();
  const matches = matchesIn(text, tokens);
  if (text.length <= longest) return { text, matches };
  const start = startOfBest(text, matches, longest);
  const end = start + longest >= text.length ? text.length : wordBorder(text, start + longest, -1);
  const head = start > 0 ? "…" : "";
  const shift = head.length - start;
  return {
    text: `${head}${text.slice(start, end)}${end < text.length ? "…" : ""}`,
    matches: matches
      .filter((match) => match.start >= start && match.end <= end)
      .map((match) => ({ start: match.start + shift, end: match.end + shift })),
  };
}

/** Where the window with most matched characters begins, with a little of what stands before them. */
function startOfBest(text: string, matches: Excerpt["matches"], longest: number): number {
  let [best, bestStart] = [0, 0];
  for (const [index, first] of matches.entries()) {
    const inside = matches.slice(index).filter(({ end }) => end - first.start <= longest * 0.75);
    const covered = inside.reduce((sum, { start, end }) => sum + end - start, 0);
    if (covered > best) [best, bestStart] = [covered, first.start];
    if (index === 200) break;
  }
  const start = Math.min(bestStart - longest / 4, text.length - longest);
  return start <= 0 ? 0 : wordBorder(text, Math.trunc(start), 1);
}

/** The nearest border between words in a direction; where there is none near, one that splits no surrogate pair. */
function wordBorder(text: string, from: number, direction: 1 | -1): number {
  for (let step = 0; step < 24; step++) {
    const at = from + step * direction;
    if (/\s/.test(text.charAt(direction === 1 ? at - 1 : at))) return at;
  }
  return /[\udc00-\udfff]/.test(text.charAt(from)) ? from + direction : from;
}
