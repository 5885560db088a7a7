import type { ComputationReceipt, Json } from "../protocol/index.ts";

/** What a program gave, read from the `repr` that its receipt holds. */
export type ComputedValue =
  /** `text` is exact, as the program's language writes it: `1/3`, `0.1`, an integer of any length. */
  | { readonly kind: "number"; readonly text: string; readonly number: number }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "list"; readonly items: readonly ComputedValue[] }
  | { readonly kind: "dict"; readonly entries: readonly (readonly [ComputedValue, ComputedValue])[] };

/** The value of a receipt, else what its program printed. Never fails: what cannot be read is text as it stands. */
export function computedValue({ value, stdout }: Pick<ComputationReceipt, "value" | "stdout">): ComputedValue {
  if (value !== "") return read(value.trim());
  const printed = stdout.trim();
  return readNumber(printed) ?? { kind: "text", text: printed };
}

/** As it is shown to a person: a text without quotes, a dict as lines `key: value`, a list's items in a row. */
export function valueText(value: ComputedValue): string {
  switch (value.kind) {
    case "list":
      return value.items.map(inline).join(", ");
    case "dict":
      return value.entries.map(([key, of]) => `${inline(key)}: ${inline(of)}`).join("\n");
    default:
      return value.text;
  }
}

/** As JSON. A number that JSON would not keep exactly is its text. */
export function valueJson(value: ComputedValue): Json {
  switch (value.kind) {
    case "number":
      return isKept(value) ? value.number : value.text;
    case "text":
      return value.text in words ? (words[value.text] ?? null) : value.text;
    case "list":
      return value.items.map(valueJson);
    case "dict":
      return Object.fromEntries(value.entries.map(([key, of]) => [inline(key), valueJson(of)]));
  }
}

const words: Readonly<Record<string, Json>> = { True: true, False: false, None: null };

function isKept({ text, number }: Extract<ComputedValue, { kind: "number" }>): boolean {
  return Number.isFinite(number) && !text.includes("/") && (!/^-?\d+$/.test(text) || Number.isSafeInteger(number));
}

function inline(value: ComputedValue): string {
  switch (value.kind) {
    case "list":
      return `[${value.items.map(inline).join(", ")}]`;
    case "dict":
      return `{${value.entries.map(([key, of]) => `${inline(key)}: ${inline(of)}`).join(", ")}}`;
    default:
      return value.text;
  }
}

function read(repr: string): ComputedValue {
  const reader = { text: repr, at: 0 };
  try {
    const value = readOne(reader);
    if (reader.at === repr.length) return value;
  } catch (error) {
    if (error !== unreadable) throw error;
  }
  return { kind: "text", text: repr };
}

interface Reader {
  readonly text: string;
  at: number;
}

/** Thrown and caught in here: a `repr` of which only a part can be read is shown as it stands. */
const unreadable = new Error("unreadable");
const deepest = 50;

function readOne(reader: Reader, depth = 0): ComputedValue {
  if (depth > deepest) throw unreadable;
  const next = reader.text[reader.at];
  if (next === "[" || next === "(") return { kind: "list", items: readItems(reader, next === "[" ? "]" : ")", depth) };
  if (next === "{") return readBraces(reader, depth);
  if (next === "'" || next === '"') return { kind: "text", text: readText(reader, next) };
  return readPlain(reader);
}

function readItems(reader: Reader, close: string, depth: number): ComputedValue[] {
  const items: ComputedValue[] = [];
  reader.at++;
  while (!take(reader, close)) {
    items.push(readOne(reader, depth + 1));
    if (!take(reader, ", ") && !take(reader, ",") && reader.text[reader.at] !== close) throw unreadable;
  }
  return items;
}

/** `{}` and `{'a': 1}` are dicts, `{1, 2}` is a set. */
function readBraces(reader: Reader, depth: number): ComputedValue {
  const items: ComputedValue[] = [];
  const entries: (readonly [ComputedValue, ComputedValue])[] = [];
  reader.at++;
  while (!take(reader, "}")) {
    const one = readOne(reader, depth + 1);
    if (take(reader, ": ")) entries.push([one, readOne(reader, depth + 1)]);
    else items.push(one);
    if (!take(reader, ", ") && reader.text[reader.at] !== "}") throw unreadable;
  }
  if (items.length > 0 && entries.length > 0) throw unreadable;
  return items.length > 0 ? { kind: "list", items } : { kind: "dict", entries };
}

function take(reader: Reader, text: string): boolean {
  if (!reader.text.startsWith(text, reader.at)) return false;
  reader.at += text.length;
  return true;
}

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };
const escaped = /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|([\s\S]))/g;

function readText(reader: Reader, quote: string): string {
  const begin = ++reader.at;
  while (reader.text[reader.at] !== quote) {
    if (reader.at >= reader.text.length) throw unreadable;
    reader.at += reader.text[reader.at] === "\\" ? 2 : 1;
  }
  const inside = reader.text.slice(begin, reader.at++);
  return inside.replace(escaped, (_, byte, short, long, one: string) => {
    const hex: string | undefined = byte ?? short ?? long;
    if (hex === undefined) return escapes[one] ?? one;
    const point = Number.parseInt(hex, 16);
    return point <= 0x10ffff ? String.fromCodePoint(point) : "";
  });
}

/** Everything else up to where it ends: numbers, `Fraction(1, 3)`, `True`, a date, whatever a library writes. */
function readPlain(reader: Reader): ComputedValue {
  const begin = reader.at;
  let open = 0;
  for (; reader.at < reader.text.length; reader.at++) {
    const next = reader.text[reader.at] ?? "";
    if (next === "'" || next === '"') {
      readText(reader, next);
      reader.at--;
    } else if ("([{".includes(next)) open++;
    else if (")]}".includes(next) && --open < 0) break;
    else if (open === 0 && (next === "," || next === ":")) break;
  }
  const text = reader.text.slice(begin, reader.at);
  if (text === "") throw unreadable;
  return readNumber(text) ?? { kind: "text", text: readDate(text) ?? text };
}

const decimal = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;

function readNumber(text: string): ComputedValue | undefined {
  if (decimal.test(text)) return { kind: "number", text, number: Number(text) };
  const [, over, under] = /^Fraction\((-?\d+), (\d+)\)$/.exec(text) ?? /^(-?\d+)\/(\d+)$/.exec(text) ?? [];
  if (over !== undefined && under !== undefined) {
    const number = Number(over) / Number(under);
    return { kind: "number", text: under === "1" ? over : `${over}/${under}`, number };
  }
  const [, inside] = /^(?:Decimal|np\.(?:float|int)\d+)\('?([^()']+)'?\)$/.exec(text) ?? [];
  return inside !== undefined && decimal.test(inside)
    ? { kind: "number", text: inside, number: Number(inside) }
    : undefined;
}

function readDate(text: string): string | undefined {
  const [, year = "", month = "", day = ""] = /^datetime\.date\((\d+), (\d+), (\d+)\)$/.exec(text) ?? [];
  return day === "" ? undefined : `${year.padStart(4, "0")}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
}
