import { Unclear } from "./korean-number.ts";

export type Kind =
  | "number"
  | "share"
  | "percent"
  | "word"
  | "sign"
  | "open"
  | "close"
  | "of"
  | "의"
  | "을"
  | "space"
  | "text";

export interface Token {
  readonly kind: Kind;
  readonly text: string;
  /** Where it stands in what was written. */
  readonly at: number;
}

/** Puts `17% of 2340` and `2340의 17%` into a product in brackets, so that they hold together in a larger expression. */
export function withShares(read: readonly Token[]): Token[] {
  let tokens = [...read];
  for (;;) {
    const index = tokens.findIndex(({ kind }) => kind === "of" || kind === "의");
    const joint = tokens[index];
    if (joint === undefined) return tokens;
    const left =
      index -
      1 -
      tokens
        .slice(0, index)
        .reverse()
        .findIndex(({ kind }) => kind !== "space");
    const right = index + 1 + tokens.slice(index + 1).findIndex(({ kind }) => kind !== "space");
    const product = joint.kind === "of" ? shareOf(tokens, left, right) : partOf(tokens, left, right, joint);
    const { from, to, text } = product;
    if (from < 0 || from >= index || to <= index) {
      throw new Unclear(
        `${joint.text} stands between a share and what it is a share of: 17% of 2340, 2340의 17%`,
        joint.at,
      );
    }
    const place = tokens[from]?.at ?? 0;
    tokens = [...tokens.slice(0, from), { kind: "share", text, at: place }, ...tokens.slice(to + 1)];
  }
}

interface Span {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

const textOf = (tokens: readonly Token[], from: number, to: number) =>
  tokens
    .slice(from, to + 1)
    .map(({ text }) => text)
    .join("");

/** The first token of the value that ends at `index`: a number with its unit, or a group. */
function startOfValue(tokens: readonly Token[], index: number): number {
  if (tokens[index]?.kind === "close") {
    let depth = 0;
    for (let at = index; at >= 0; at--) {
      if (tokens[at]?.kind === "close") depth++;
      if (tokens[at]?.kind === "open" && --depth === 0) return tokens[at - 1]?.kind === "word" ? at - 1 : at;
    }
    return 0;
  }
  // A unit may have a power and stand below a line: 5 km/h, 3 m^2.
  const belongs = ({ kind, text }: Token, before: Token | undefined) =>
    kind === "word" || kind === "space" || text === "/" || text === "^" || (kind === "number" && before?.text === "^");
  for (let at = index; at >= 0; at--) {
    const token = tokens[at];
    if (token === undefined) break;
    if ((token.kind === "number" || token.kind === "share") && tokens[at - 1]?.text !== "^") return at;
    if (!belongs(token, tokens[at - 1])) break;
  }
  return index;
}

function endOfValue(tokens: readonly Token[], index: number): number {
  const open = tokens[index]?.kind === "word" && tokens[index + 1]?.kind === "open" ? index + 1 : index;
  if (tokens[open]?.kind !== "open") return index;
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    if (tokens[at]?.kind === "open") depth++;
    if (tokens[at]?.kind === "close" && --depth === 0) return at;
  }
  return tokens.length - 1;
}

/** `17% of 2340`, `1/3 of 90`, `3할 of 50`. */
function shareOf(tokens: readonly Token[], left: number, right: number): Span {
  const percent = tokens[left]?.kind === "percent";
  let from = startOfValue(tokens, percent ? left - 1 : left);
  const quotient =
    tokens[from]?.kind === "number" && tokens[from - 1]?.text === "/" && tokens[from - 2]?.kind === "number";
  if (quotient && !percent) from -= 2;
  const to = endOfValue(tokens, right);
  const share = percent ? `${textOf(tokens, from, left - 1)}/100` : textOf(tokens, from, left);
  return { from, to, text: `((${share}) * ${textOf(tokens, right, to)})` };
}

/** `2340의 17%`, `500의 3할`, `90의 1/3`, `5의 3배`, `2의 10제곱`. */
function partOf(tokens: readonly Token[], left: number, right: number, joint: Token): Span {
  const from = startOfValue(tokens, left);
  if (tokens[from - 1]?.text === "^")
    throw new Unclear("의 after a power: put what it is a part of in brackets", joint.at);
  const whole = textOf(tokens, from, left);
  const [first, second, third] = tokens.slice(right, right + 3);
  const next = second?.kind === "space" ? third : second;
  const skipped = second?.kind === "space" ? 1 : 0;
  const words = next?.text.trim();
  if (first?.kind === "share") return { from, to: right, text: `(${whole} * ${first.text})` };
  if (first?.text === "제곱" || first?.text === "세제곱") {
    return { from, to: right, text: `((${whole})^${first.text === "제곱" ? 2 : 3})` };
  }
  if (first?.kind === "number") {
    if (next?.kind === "percent") return { from, to: right + 1 + skipped, text: `(${whole} * (${first.text}/100))` };
    if (words === "배") return { from, to: right + 1 + skipped, text: `(${whole} * ${first.text})` };
    if (words === "제곱") return { from, to: right + 1 + skipped, text: `((${whole})^${first.text})` };
    if (second?.text === "/" && third?.kind === "number") {
      return { from, to: right + 2, text: `(${whole} * (${first.text}/${third.text}))` };
    }
  }
  throw new Unclear(
    "의 is understood before a share or a power: 2340의 17%, 500의 3할, 90의 1/3, 5의 3배, 2의 10제곱",
    joint.at,
  );
}
