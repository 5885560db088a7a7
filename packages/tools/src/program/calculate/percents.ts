import { Unclear } from "./korean-number.ts";
import type { Token } from "./shares.ts";

/** A token, or what stands in brackets. */
type Part = Token | Group;
interface Group {
  readonly kind: "group";
  readonly at: number;
  readonly tokens: readonly Token[];
  /** Whether it is a sum of nothing but percentages. */
  readonly percentage: boolean;
}
interface Term {
  readonly parts: readonly Part[];
  /** The sign between this term and the one before it. */
  readonly joint: Token | undefined;
}

/**
 * Says what each percent sign is, because mathjs reads `5% + 5%` as a remainder. A percentage that is added is one of
 * the sum before it (`80 + 15%` is 92), unless that is itself a percentage (`5% + 5%` is 10 %); what is added to a
 * percentage is added as it stands (`15% + 3` is 3.15). Before an operand without a sign it stays a remainder. Throws
 * `Unclear` where people would read it in two ways.
 */
export function withPercents(tokens: readonly Token[]): Token[] {
  if (!tokens.some(isPercent)) return [...tokens];
  const levels: { readonly open: Token | undefined; readonly parts: Part[] }[] = [{ open: undefined, parts: [] }];
  for (const token of tokens) {
    const level = levels.at(-1);
    if (level === undefined) break;
    if (token.kind === "open") levels.push({ open: token, parts: [] });
    else if (token.kind === "close" && level.open !== undefined) {
      levels.pop();
      const { tokens: inner, percentage } = written(level.parts);
      const group: Group = { kind: "group", at: level.open.at, tokens: [level.open, ...inner, token], percentage };
      levels.at(-1)?.parts.push(group);
    } else level.parts.push(token);
  }
  // A bracket that is never closed is for mathjs to name.
  return levels.flatMap(({ open, parts }) => [...(open === undefined ? [] : [open]), ...written(parts).tokens]);
}

const isPercent = (part: Part | undefined) => part?.kind === "percent";
const isSign = (part: Part | undefined, among: string) =>
  part?.kind === "sign" && part.text.length === 1 && among.includes(part.text);
const operators = new Set(["to", "in", "mod", "and", "or", "xor", "not"]);
const isOperand = (part: Part | undefined) =>
  part !== undefined &&
  (["group", "number", "share", "text"].includes(part.kind) || (part.kind === "word" && !isOperator(part)));
const isOperator = (part: Part) => part.kind === "word" && operators.has(part.text.trim());
const tokensOf = (parts: readonly Part[]): Token[] =>
  parts.flatMap((part) => (part.kind === "group" ? part.tokens : [part]));
const solid = (parts: readonly Part[]) => parts.filter(({ kind }) => kind !== "space");

/** The parts of one level of brackets, sum by sum. */
function written(parts: readonly Part[]): { readonly tokens: readonly Token[]; readonly percentage: boolean } {
  const tokens: Token[] = [];
  let sum: Part[] = [];
  let sums = 0;
  let percentage = true;
  const end = (last: boolean) => {
    if (solid(sum).length > 0) {
      const read = writtenSum(sum, last);
      tokens.push(...read.tokens);
      percentage &&= read.percentage;
      sums++;
    } else tokens.push(...tokensOf(sum));
    sum = [];
  };
  parts.forEach((part, index) => {
    if (endsSum(part, parts, index)) {
      end(false);
      tokens.push(...tokensOf([part]));
    } else sum.push(part);
  });
  end(true);
  return { tokens, percentage: percentage && sums === 1 };
}

function endsSum(part: Part, parts: readonly Part[], index: number): boolean {
  if (part.kind === "group") return false;
  if (part.kind === "sign") return !"+-*/^!'.".includes(part.text[0] ?? " ");
  if (part.kind === "space") return part.text === "\n";
  if (part.kind === "을") return true;
  if (!isOperator(part) || part.text.trim() === "mod") return false;
  // `in` is also the inch.
  const next = parts.slice(index + 1).find(({ kind }) => kind !== "space");
  return part.text.trim() !== "in" || isOperand(next);
}

function termsOf(sum: readonly Part[]): Term[] {
  const terms: { parts: Part[]; joint: Token | undefined }[] = [{ parts: [], joint: undefined }];
  for (const part of sum) {
    const term = terms.at(-1);
    const before = term && solid(term.parts).at(-1);
    const joins =
      isSign(part, "+-") && before !== undefined && !isSign(before, "+-*/^") && !isOperator(before as Token);
    if (joins && part.kind !== "group") terms.push({ parts: [], joint: part });
    else term?.parts.push(part);
  }
  return terms;
}

function writtenSum(sum: readonly Part[], last: boolean): { readonly tokens: Token[]; readonly percentage: boolean } {
  const terms = termsOf(sum);
  const signs = terms.map((term, i) => percentsIn(term, terms[i + 1]));
  const pure = terms.map((term, i) => (signs[i]?.length === 1 && isPure(term)) || isPercentageGroup(term));
  const plain = (term: Term, i: number) => divided(term, signs[i] ?? []);
  const join = (i: number, text: readonly Token[]) => [...(terms[i]?.joint ? [terms[i].joint] : []), ...text];
  const percentage = pure.every(Boolean);
  if (terms.length === 1) {
    const mod = sum.some((part) => isOperator(part as Token));
    return { tokens: mod ? plain(terms[0] as Term, 0) : tokensOf(sum), percentage };
  }
  const added = pure.indexOf(true, pure.indexOf(false) === -1 ? pure.length : pure.indexOf(false));
  if (added === -1) return { tokens: terms.flatMap((term, i) => join(i, plain(term, i))), percentage };
  const term = terms[added] as Term;
  const at = solid(term.parts).at(-1)?.at ?? 0;
  if (pure.indexOf(true, added + 1) !== -1) {
    throw new Unclear(
      "two percentages after each other are read in two ways: write (80 + 15%) - 10%, or their sum, 80 + 5%",
      at,
    );
  }
  if (isPercentageGroup(term) || signs.slice(0, added).some((places) => places.length > 0)) {
    throw new Unclear(
      "what this is a percentage of is read in two ways: write (a + b) + 15% for one of the sum, or a + b + 15/100",
      at,
    );
  }
  const head = terms.slice(0, added + 1).flatMap(({ parts }, i) => join(i, tokensOf(parts)));
  const tail = terms.slice(added + 1).flatMap((rest, i) => join(added + 1 + i, plain(rest, added + 1 + i)));
  return { tokens: last && tail.length === 0 ? head : [...inBrackets(head), ...tail], percentage };
}

/** Where in a term percent signs stand that are not remainders. */
function percentsIn({ parts }: Term, following: Term | undefined): number[] {
  return parts.flatMap((part, index) => {
    if (!isPercent(part)) return [];
    const rest = solid(parts.slice(index + 1));
    const [spaceBefore, spaceAfter] = [parts[index - 1]?.kind === "space", parts[index + 1]?.kind === "space"];
    const signed = rest.length === 0 && following !== undefined && following.parts[0]?.kind !== "space";
    if ((isOperand(rest[0]) && !spaceBefore && spaceAfter) || (spaceBefore && spaceAfter && signed)) {
      throw new Unclear("% is a percentage or a remainder: write mod(10, 3), or 10% * 3 or 10% - 3", part.at);
    }
    return isOperand(rest[0]) ? [] : [index];
  });
}

/** Nothing but a number, a name, a call or brackets, and a percent sign. */
function isPure({ parts }: Term): boolean {
  const inside = solid(parts);
  const value = inside.slice(
    inside.findIndex((part) => !isSign(part, "+-")),
    -1,
  );
  const call = value.length === 2 && value[0]?.kind === "word" && value[1]?.kind === "group";
  return isPercent(inside.at(-1)) && (call || (value.length === 1 && isOperand(value[0])));
}

function isPercentageGroup({ parts }: Term): boolean {
  const inside = solid(parts).filter((part) => !isSign(part, "+-"));
  return inside.length === 1 && inside[0]?.kind === "group" && inside[0].percentage;
}

/** With `(15/100)` for `15%`. */
function divided({ parts }: Term, places: readonly number[]): Token[] {
  const result: Part[] = [];
  parts.forEach((part, index) => {
    if (!places.includes(index)) {
      result.push(part);
      return;
    }
    while (result.at(-1)?.kind === "space") result.pop();
    const value = result.splice(result.at(-2)?.kind === "word" && result.at(-1)?.kind === "group" ? -2 : -1);
    if (result.at(-1) && isSign(result.at(-1), "^")) {
      throw new Unclear("a percentage of a power or in one: put brackets around what the percent sign is for", part.at);
    }
    const sign = (text: string): Token => ({ kind: "sign", text, at: part.at });
    result.push(sign("("), ...value, sign("/100"), sign(")"));
  });
  return tokensOf(result);
}

function inBrackets(tokens: readonly Token[]): Token[] {
  const first = tokens.findIndex(({ kind }) => kind !== "space");
  const last = tokens.findLastIndex(({ kind }) => kind !== "space");
  const at = (index: number) => tokens[index]?.at ?? 0;
  return [
    ...tokens.slice(0, first),
    { kind: "open", text: "(", at: at(first) },
    ...tokens.slice(first, last + 1),
    { kind: "close", text: ")", at: at(last) },
    ...tokens.slice(last + 1),
  ];
}
