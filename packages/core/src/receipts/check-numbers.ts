import type { Span } from "../protocol/index.ts";

/** A number as people claim it: digits with separators, not inside a word, an identifier, a date or a version. */
const claimed =
  /(?<![\p{Script=Latin}\p{N}_.,])[-−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\p{Script=Latin}_\d]|[.,]\d)/gu;
/** In a source every digit counts, wherever it stands; `1,234` is one number there and two. */
const written = [/\d{1,3}(?:,\d{3})+(?:\.\d+)?(?:[eE][-+]?\d+)?/g, /\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g];

const scale = /^\s?(?:([십백천])?([만억조])|([십백천])|(thousand|million|billion|trillion)\b)/;
const scales: { readonly [word: string]: number } = {
  ...{ 십: 10, 백: 100, 천: 1e3, 만: 1e4, 억: 1e8, 조: 1e12 },
  ...{ thousand: 1e3, million: 1e6, billion: 1e9, trillion: 1e12 },
};

/** What a number may mean, and the size of one in its last digit: everything nearer than half of it rounds to it. */
interface Reading {
  readonly value: number;
  readonly step: number;
  /** The number itself where it is a whole one: a float would not tell two long ones apart. */
  readonly exact?: bigint;
}

interface Found extends Span {
  readonly readings: readonly Reading[];
  /** The whole that it is a part of: `3만 5천`. */
  sum?: Reading;
}

/**
 * The numbers of an answer that stand in none of the sources, by value and without sign: `1,234.50` is supported by
 * `1234.5`, `12 %` by `0.12`, `3만 5천` by `35000`, and a rounded number by the longer one it rounds. Numbers that only
 * count a list's items (`2.` at the start of a line) and digits inside identifiers are no claims. No model is asked.
 */
export function unsupportedNumbers(answer: string, sources: readonly string[]): Span[] {
  const claims = find(answer, claimed).filter(({ start, end }) => !isListMarker(answer, start, end));
  if (claims.length === 0) return [];
  const known = sources.flatMap((source) =>
    written.flatMap((pattern) =>
      find(source, pattern).flatMap(({ readings, sum }) => (sum ? [...readings, sum] : readings)),
    ),
  );
  return claims
    .filter(({ readings, sum }) => {
      const meant = sum ? [sum] : readings;
      return !meant.some((claim) => known.some((source) => supports(source, claim)));
    })
    .map(({ text, start, end }) => ({ text, start, end }));
}

function supports(source: Reading, claim: Reading): boolean {
  if (source.exact !== undefined && claim.exact !== undefined) return source.exact === claim.exact;
  return source.value === claim.value || Math.abs(source.value - claim.value) <= (claim.step / 2) * (1 + 1e-9);
}

function find(text: string, pattern: RegExp): Found[] {
  const found: (Found & { readonly unit: number; readonly unitEnd: number; readonly plain: Reading })[] = [];
  for (const match of text.matchAll(pattern)) {
    const end = match.index + match[0].length;
    const plain = readDigits(match[0].replace(/^[-−]/, "").replaceAll(",", ""));
    const behind = scale.exec(text.slice(end, end + 12));
    const unit = behind?.slice(1).reduce((product, word) => product * (scales[word ?? ""] ?? 1), 1) ?? 1;
    const readings = [plain];
    if (unit > 1) readings.push(scaled(plain, unit));
    if (/^\s?(?:[%％]|퍼센트|percent)/.test(text.slice(end, end + 8))) readings.push(scaled(plain, 1 / 100));
    const unitEnd = end + (behind?.[0].length ?? 0);
    found.push({ text: match[0], start: match.index, end, readings, unit, unitEnd, plain });
  }
  // `1억 2천만 5`: parts of falling size with nothing between them are one number.
  for (let first = 0; first < found.length; ) {
    let last = first;
    for (let next = found[last + 1]; next; next = found[last + 1]) {
      const part = found[last];
      if (!part || next.unit >= part.unit || !/^\s?$/.test(text.slice(part.unitEnd, next.start))) break;
      last++;
    }
    const parts = found.slice(first, last + 1);
    const smallest = parts.at(-1);
    if (parts.length > 1 && smallest) {
      const value = parts.reduce((sum, { plain, unit }) => sum + plain.value * unit, 0);
      for (const part of parts) part.sum = { value, step: smallest.plain.step * smallest.unit };
    }
    first = last + 1;
  }
  return found;
}

function readDigits(digits: string): Reading {
  const [mantissa = "", exponent = "0"] = digits.split(/e/i);
  const decimals = mantissa.split(".")[1]?.length ?? 0;
  const whole = /^\d+$/.test(digits) ? { exact: BigInt(digits) } : {};
  return { value: Number(digits), step: 10 ** (Number(exponent) - decimals), ...whole };
}

function scaled({ value, step }: Reading, by: number): Reading {
  return { value: value * by, step: step * by };
}

/** Deeper than this nobody indents a list; looking no further back keeps a long line's numbers cheap. */
const deepestIndent = 80;

function isListMarker(text: string, start: number, end: number): boolean {
  if (!/^[.)](?:\s|\*)/.test(text.slice(end, end + 2))) return false;
  const from = Math.max(0, start - deepestIndent);
  return (from === 0 ? /(?:^|\n)[\s>#*-]*$/ : /\n[\s>#*-]*$/).test(text.slice(from, start));
}
