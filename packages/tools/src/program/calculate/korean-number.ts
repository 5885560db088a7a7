/** Something that people read in two ways: refused, with both ways to write it. */
export class Unclear extends Error {
  /** In the source, counting characters from 1. */
  readonly char: number;
  constructor(message: string, at: number) {
    super(message);
    this.char = at + 1;
  }
}

export interface KoreanNumber {
  /** In plain digits. */
  readonly text: string;
  readonly end: number;
}

const digits = "영일이삼사오육칠팔구";
const small = new Map([
  ["십", 1],
  ["백", 2],
  ["천", 3],
]);
const big = new Map([
  ["만", 4],
  ["억", 8],
  ["조", 12],
  ["경", 16],
]);
const arabic = /(?:\d{1,3}(?:,\d{3})+(?!\d|,\d)|\d+)(?:\.\d+)?/y;
/** Decimal places that are carried: `3.5억`. */
const PLACES = 30;

const power = (exponent: number) => 10n ** BigInt(exponent);

function scaled(text: string): bigint {
  const [whole = "0", fraction = ""] = text.replaceAll(",", "").split(".");
  return BigInt(whole) * power(PLACES) + BigInt(fraction.slice(0, PLACES).padEnd(PLACES, "0"));
}

function plain(value: bigint): string {
  const fraction = (value % power(PLACES)).toString().padStart(PLACES, "0").replace(/0+$/, "");
  return `${value / power(PLACES)}${fraction === "" ? "" : `.${fraction}`}`;
}

const skipSpaces = (source: string, at: number) => {
  let next = at;
  while (source[next] === " ") next++;
  return next;
};

/**
 * Reads a number with 만, 억 and their like at `at`: `3억 5천만`, `1조 2,345억`, `3.5억`, `천만`, `삼만 오천`. Undefined
 * where there is none. `endsWell` is asked whether the Hangul that follows may stand behind a number written in Hangul
 * alone. Throws `Unclear` where people read the number in two ways, as in `3억 5천`.
 */
export function readKoreanNumber(
  source: string,
  start: number,
  endsWell: (at: number) => boolean,
): KoreanNumber | undefined {
  let total = 0n;
  let section = 0n;
  let lastSmall = 4;
  let lastBig = Number.POSITIVE_INFINITY;
  let units = 0;
  let fractional = false;
  let end = start;

  const fail = (message: string): never => {
    throw new Unclear(message, start);
  };
  const down = () => fail("the parts of a number go down, as in 3억 5천만: put + between separate amounts");

  for (;;) {
    const from = end === start ? start : skipSpaces(source, end);
    arabic.lastIndex = from;
    const written = arabic.exec(source)?.[0];
    const spoken = written === undefined ? digits.indexOf(source[from] ?? " ") : -1;
    const hasNumber = written !== undefined || spoken !== -1;
    const after = from + (written?.length ?? (spoken === -1 ? 0 : 1));
    const at = written === undefined ? after : skipSpaces(source, after);
    const unit = source[at] ?? "";
    const value = written !== undefined ? scaled(written) : spoken !== -1 ? BigInt(spoken) * power(PLACES) : undefined;
    // After a space, 만 or 천 alone begins another word.
    if (!hasNumber && from !== end) break;
    const [smallExponent, bigExponent] = [small.get(unit), big.get(unit)];
    if (smallExponent === undefined && bigExponent === undefined) {
      if (value === undefined || units === 0) break;
      if (spoken !== -1 && !endsWell(after)) break;
      if (fractional || written?.includes(".")) return fail("a number with a decimal point has one unit, as in 3.5억");
      if (value >= power(Math.min(lastSmall, lastBig) + PLACES)) down();
      section += value;
      end = after;
      break;
    }
    if (fractional && (bigExponent === undefined || value !== undefined)) {
      return fail("a number with a decimal point has one unit, as in 3.5억");
    }
    fractional ||= written?.includes(".") === true;
    if (smallExponent !== undefined) {
      if (smallExponent >= lastSmall) down();
      section += (value ?? power(PLACES)) * power(smallExponent);
      lastSmall = smallExponent;
    } else if (bigExponent !== undefined) {
      if (value !== undefined && value >= power(lastSmall + PLACES) && lastSmall < 4) down();
      section += value ?? (section === 0n ? power(PLACES) : 0n);
      if (bigExponent >= lastBig || section * power(bigExponent) >= power(Math.min(lastBig, 60) + PLACES)) down();
      total += section * power(bigExponent);
      section = 0n;
      lastSmall = 4;
      lastBig = bigExponent;
      if (fractional) {
        units++;
        end = at + 1;
        // What follows a decimal amount is looked at once more, only to be refused.
        continue;
      }
    }
    units++;
    end = at + 1;
  }
  if (units === 0) return undefined;
  if (!/\d/.test(source[start] ?? "") && !endsWell(end)) return undefined;
  if (section !== 0n && lastBig >= 8 && lastBig !== Number.POSITIVE_INFINITY) {
    const [read, name] = [
      source.slice(start, end),
      source
        .slice(start, end)
        .match(/[만억조경]/g)
        ?.at(-1),
    ];
    const lower = name === "억" ? "만" : name === "조" ? "억" : "조";
    fail(`${read} is read in two ways: write ${read}${lower}, or all zeros, or + between the parts`);
  }
  return { text: plain(total + section), end };
}
