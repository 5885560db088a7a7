import type { Span } from "../protocol/index.ts";

/** Digits with separators, as people and programs write them; not inside a word or identifier. */
const numeral =
  /(?<![\p{Script=Latin}\p{N}_.,])[-−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\p{Script=Latin}_\d]|[.,]\d)/gu;

const koreanUnit: Record<string, number> = { 천: 1e3, 만: 1e4, 억: 1e8, 조: 1e12 };

interface Found extends Span {
  /** What the number may mean: as written, and with a unit such as 만 or % behind it. */
  readonly values: readonly number[];
  readonly decimals: number;
}

/**
 * The numbers of an answer that stand in none of the sources, by value: `1,234.50` is supported by `1234.5`, `12 %` by
 * `0.12`, `5만` by `50000`, and a rounded number by the longer one it rounds. Numbers that only count a list's items
 * (`2.` at the start of a line) and digits inside identifiers are no claims. No model is asked.
 */
export function unsupportedNumbers(answer: string, sources: readonly string[]): Span[] {
  const claims = find(answer).filter(({ start, end }) => !isListMarker(answer, start, end));
  if (claims.length === 0) return [];
  const known = sources.flatMap((source) =>
    find(source, /\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?/gu).flatMap((one) => one.values),
  );
  return claims
    .filter((claim) => !claim.values.some((value) => known.some((source) => supports(source, value, claim.decimals))))
    .map(({ text, start, end }) => ({ text, start, end }));
}

function find(text: string, pattern: RegExp = numeral): Found[] {
  return [...text.matchAll(pattern)].map((match) => {
    const digits = match[0].replaceAll(",", "").replace("−", "-");
    const value = Math.abs(Number(digits));
    const end = match.index + match[0].length;
    const behind = text.slice(end).trimStart()[0] ?? "";
    const unit = koreanUnit[behind];
    const values = [value, ...(unit ? [value * unit] : []), ...(behind === "%" ? [value / 100] : [])];
    return { text: match[0], start: match.index, end, values, decimals: digits.split(".")[1]?.length ?? 0 };
  });
}

function supports(source: number, claim: number, decimals: number): boolean {
  if (source === claim) return true;
  const tolerance = Math.max(Math.abs(source) * 1e-12, Number.isInteger(source) ? 0 : 0.5 * 10 ** -decimals);
  return Math.abs(source - claim) <= tolerance;
}

function isListMarker(text: string, start: number, end: number): boolean {
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  return text.slice(lineStart, start).trim() === "" && /^[.)]\s/.test(text.slice(end, end + 2));
}
