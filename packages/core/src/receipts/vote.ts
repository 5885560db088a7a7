import type { ComputedValue } from "./value.ts";

export interface Vote {
  /** The value that most agree on; of several such, the earliest. */
  readonly winner: number;
  /** For each value, how many equal it, itself included. */
  readonly agreeing: readonly number[];
}

/** The majority among values, of which there must be one at least. */
export function vote(values: readonly ComputedValue[]): Vote {
  const agreeing = values.map((one) => values.filter((other) => sameValue(one, other)).length);
  return { winner: agreeing.indexOf(Math.max(...agreeing)), agreeing };
}

/**
 * Whether two programs gave the same answer. Whole numbers are compared exactly and other numbers by 1e-9 of their size;
 * texts without regard to case and white space. Programs name the parts of an answer as they like, or not at all: where
 * the names differ, the parts are compared in their order.
 */
export function sameValue(one: ComputedValue, other: ComputedValue): boolean {
  if (one.kind === "dict" && other.kind === "dict") {
    const named = new Map(other.entries.map(([key, value]) => [nameOf(key), value]));
    const values = one.entries.map(([key, value]) => ({ value, match: named.get(nameOf(key)) }));
    if (named.size === values.length && values.every(({ match }) => match !== undefined)) {
      return values.every(({ value, match }) => match !== undefined && sameValue(value, match));
    }
  }
  const [parts, others] = [leavesOf(one), leavesOf(other)];
  return parts.length === others.length && parts.every((leaf, index) => sameLeaf(leaf, others[index]));
}

type Leaf = Extract<ComputedValue, { text: string }>;

const nameOf = (key: ComputedValue): string => leavesOf(key).map(normalised).join(", ");

function leavesOf(value: ComputedValue): Leaf[] {
  switch (value.kind) {
    case "list":
      return value.items.flatMap(leavesOf);
    case "dict":
      return value.entries.flatMap(([, of]) => leavesOf(of));
    default:
      return [value];
  }
}

const whole = /^-?\d+$/;

function sameLeaf(written: Leaf, against: Leaf | undefined): boolean {
  if (against === undefined) return false;
  const [one, other] = [numeric(written), numeric(against)];
  if (one.kind === "text" || other.kind === "text") return normalised(one) === normalised(other);
  if (one.text === other.text) return true;
  if (whole.test(one.text) && whole.test(other.text)) return BigInt(one.text) === BigInt(other.text);
  const size = Math.max(Math.abs(one.number), Math.abs(other.number));
  return Math.abs(one.number - other.number) <= size * 1e-9;
}

/** `'1,234'` is a number to whoever reads the answer. */
function numeric(leaf: Leaf): Leaf {
  const digits = leaf.text.replaceAll(",", "").trim();
  const isNumber = leaf.kind === "text" && /^-?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?$/.test(leaf.text.trim());
  return isNumber ? { kind: "number", text: digits, number: Number(digits) } : leaf;
}

function normalised({ text }: Leaf): string {
  return text.normalize("NFKC").replace(/\s+/g, " ").trim().toLowerCase();
}
