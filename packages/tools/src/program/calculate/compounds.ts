import { Unclear } from "./korean-number.ts";
import type { Token } from "./shares.ts";

/** What a unit measures, and how many of the base unit it is. */
export interface Measure {
  readonly dimension: string;
  readonly size: number;
}

interface Amount {
  /** Its first and last token. */
  readonly from: number;
  readonly to: number;
  readonly measure: Measure;
}

/**
 * Adds what people write side by side: `1시간 30분`, `5 ft 3 in`. mathjs multiplies it. Throws `Unclear` where the
 * second amount is not a smaller unit of the same kind.
 */
export function withCompounds(read: readonly Token[], measure: (unit: string) => Measure | undefined): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < read.length; ) {
    const amounts: Amount[] = [];
    for (let next = amountAt(read, at, measure); next !== undefined; ) {
      amounts.push(next);
      next = amountAt(read, skipSpaces(read, next.to + 1), measure);
    }
    const last = amounts.at(-1);
    const after = last === undefined ? undefined : read[skipSpaces(read, last.to + 1)];
    if (after?.kind === "number") throw twoWays(after);
    if (last === undefined && isUnitBefore(read, at, measure)) throw twoWays(read[skipSpaces(read, at + 1)] as Token);
    if (amounts.length < 2 || last === undefined) {
      tokens.push(...read.slice(at, (last?.to ?? at) + 1));
      at = (last?.to ?? at) + 1;
      continue;
    }
    const joined: Token[] = [{ kind: "open", text: "(", at: read[at]?.at ?? 0 }];
    amounts.forEach(({ from, to, measure: { dimension, size } }, i) => {
      const before = amounts[i - 1]?.measure;
      const start = read[from] as Token;
      const falls = before === undefined || (before.dimension === dimension && before.size > size);
      if (!falls || goesOn(read, to)) throw twoWays(start);
      if (i > 0) joined.push({ kind: "sign", text: " + ", at: start.at });
      joined.push(...read.slice(from, to + 1).map((token) => (token.text.trim() === "in" ? inch(token) : token)));
    });
    tokens.push(...joined, { kind: "close", text: ")", at: read[last.to]?.at ?? 0 });
    at = last.to + 1;
  }
  return tokens;
}

const inch = (token: Token): Token => ({ ...token, text: token.text.replace("in", "inch") });

function twoWays({ at }: Token): Unclear {
  return new Unclear(
    "two amounts side by side are read in two ways: write + or * between them (a sum as 1 hour 30 minute needs a smaller unit of the same kind)",
    at,
  );
}

const skipSpaces = (tokens: readonly Token[], at: number) => {
  let next = at;
  while (tokens[next]?.kind === "space" && tokens[next]?.text !== "\n") next++;
  return next;
};

/** Whether the unit has a power, or another one below a line: `2 m 50 cm/s`. */
function goesOn(tokens: readonly Token[], unit: number): boolean {
  const at = skipSpaces(tokens, unit + 1);
  const text = tokens[at]?.text;
  return (
    text === "^" ||
    text === "^2" ||
    text === "^3" ||
    (text === "/" && tokens[skipSpaces(tokens, at + 1)]?.kind === "word")
  );
}

/** A unit with a number behind it, as in `60 km/h 2 h`. */
function isUnitBefore(tokens: readonly Token[], at: number, measure: (unit: string) => Measure | undefined): boolean {
  const name = tokens[at]?.kind === "word" ? tokens[at].text.trim() : "in";
  return name !== "in" && tokens[skipSpaces(tokens, at + 1)]?.kind === "number" && measure(name) !== undefined;
}

/** A number with one unit behind it. */
function amountAt(
  tokens: readonly Token[],
  from: number,
  measure: (unit: string) => Measure | undefined,
): Amount | undefined {
  if (tokens[from]?.kind !== "number" || tokens[from - 1]?.text === "^") return undefined;
  const to = skipSpaces(tokens, from + 1);
  const unit = tokens[to];
  if (unit?.kind !== "word") return undefined;
  const name = unit.text.trim();
  // `5 in cm` is a conversion, `6 ft 2 in to cm` a length.
  const next = tokens[skipSpaces(tokens, to + 1)];
  if (name === "in" && next !== undefined && next.kind === "word" && next.text !== "to" && next.text !== "in") {
    return undefined;
  }
  const found = measure(name === "in" ? "inch" : name);
  return found && { from, to, measure: found };
}
