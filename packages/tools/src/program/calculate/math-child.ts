/**
 * The process that evaluates an expression with mathjs, behind Node's permission model: an expression can be as
 * endless or as large as a program. One line of JSON in is a request, lines out are frames. It imports nothing of
 * ours, because it may read nothing but this file and mathjs.
 */
import { writeSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

interface Init {
  readonly library: string;
  readonly limits: {
    readonly expressionBytes: number;
    readonly nodes: number;
    readonly nesting: number;
    readonly workingDigits: number;
    readonly integerDigits: number;
    readonly resultBytes: number;
  };
}

interface Call {
  readonly id: string;
  readonly expression: string;
  /** Significant digits of what is shown. */
  readonly digits: number;
}

interface Reply {
  readonly exact: string;
  readonly decimal?: string;
  readonly unit?: string;
  readonly type: string;
  /** False when `exact` is a rounded decimal. */
  readonly is_exact: boolean;
}

interface Failure {
  readonly message: string;
  /** Where in the expression, counting characters from 1. */
  readonly position?: number;
}

/** Sign, numerator, denominator. */
interface Fraction {
  readonly s: bigint;
  readonly n: bigint;
  readonly d: bigint;
  div(other: Fraction): Fraction;
}
interface Big {
  readonly e: number;
  isFinite(): boolean;
  isInteger(): boolean;
  isZero(): boolean;
  toFixed(decimals?: number): string;
  toSignificantDigits(digits: number): Big;
  toString(): string;
  equals(other: Big): boolean;
  precision(): number;
}
interface Unit {
  readonly dimensions: readonly number[];
  simplify(): Unit;
  toJSON(): { readonly value: unknown; readonly unit: string | null };
}
interface MathNode {
  readonly name?: string;
  readonly isSymbolNode?: boolean;
  traverse(visit: (node: MathNode) => void): void;
  compile(): { evaluate(scope: Map<string, unknown>): unknown };
}
interface MathJs {
  readonly Unit: { isValuelessUnit(name: string): boolean; readonly BASE_DIMENSIONS: readonly string[] };
  readonly expression: { readonly mathWithTransform: { readonly [name: string]: unknown } };
  create(config: object): MathJs;
  config(config: object): object;
  parse(expression: string): MathNode;
  typeOf(value: unknown): string;
  bignumber(value: string): Big;
  fraction(value: bigint): Fraction;
  unit(text: string): Unit;
}

/** Open doors of mathjs: they change the instance for later calls, run text as code, or reach the library itself. */
const closedFunctions = [
  ...["import", "config", "create", "createUnit", "parser", "parse", "compile", "evaluate", "typed", "chain", "help"],
  ...["simplify", "simplifyCore", "simplifyConstant", "derivative", "rationalize", "resolve", "symbolicEqual"],
  ...["leafCount", "reviver", "replacer", "factory", "on", "off", "once", "emit"],
];

/** A calculation that cannot be done exactly and is to be done with decimals instead. */
class Inexact extends Error {}

/** About 60,000 digits: beyond, fractions are slow and a decimal says enough. */
const LARGEST_POWER_BITS = 200_000;

const exit = process.exit.bind(process);

function createCalculator(library: MathJs, limits: Init["limits"]) {
  // Each instance has its own configuration: nothing is ever changed between calls but the precision.
  const exactly = library.create({ number: "Fraction" });
  const decimally = library.create({ number: "BigNumber", precision: limits.workingDigits });
  const roughly = library.create({ number: "number" });
  const setPrecision = decimally.config.bind(decimally);
  const parse = exactly.parse.bind(exactly);
  const parseDecimally = decimally.parse.bind(decimally);
  const isUnitName = exactly.Unit.isValuelessUnit.bind(exactly.Unit);
  const unitNamed = exactly.unit.bind(exactly);
  const angle = exactly.Unit.BASE_DIMENSIONS.indexOf("ANGLE");

  addExactFunctions(exactly);
  for (const math of [exactly, decimally, roughly]) {
    for (const name of closedFunctions) {
      const value = () => {
        throw new Error(`${name} is not available in calculate`);
      };
      // What an expression sees; the library's own functions go on working among themselves.
      Object.defineProperty(math.expression.mathWithTransform, name, { value });
    }
  }

  /** Angles are multiples of pi: as fractions they would be wrong in the last places and look exact. */
  function hasAngles(node: MathNode): boolean {
    let found = false;
    node.traverse(({ isSymbolNode, name }) => {
      if (!isSymbolNode || name === undefined || found || !isUnitName(name)) return;
      found = unitNamed(name).dimensions[angle] !== 0;
    });
    return found;
  }

  function evaluateExactly(expression: string, digits: number): Reply | undefined {
    try {
      const node = parse(expression);
      if (hasAngles(node)) return undefined;
      const value = lastOf(node.compile().evaluate(new Map()));
      // Complex numbers are never fractions, and text would show integers as 1/1.
      if (["Complex", "string"].includes(exactly.typeOf(value))) return undefined;
      return describe(exactly, value, {
        digits,
        number: (value) => {
          if (exactly.typeOf(value) !== "Fraction") throw new Inexact();
          return {
            exact: fractionText(value as Fraction),
            decimal: fractionDecimal(value as Fraction, digits),
            is_exact: true,
          };
        },
      });
    } catch (error) {
      if (error instanceof RangeError) throw error;
      return undefined;
    }
  }

  function evaluateDecimally(expression: string, digits: number): Reply {
    const at = (precision: number) => {
      setPrecision({ precision });
      return lastOf(parseDecimally(expression).compile().evaluate(new Map()));
    };
    const working = Math.max(limits.workingDigits, digits + 10);
    let value = at(working);
    let precision = working;
    if (isBig(value) && value.isFinite() && value.e >= working && value.e < limits.integerDigits) {
      precision = value.e + 20;
      value = at(precision);
    }
    // A decimal that ends early, and ends the same with more digits carried, is the whole value.
    const [numbers, again] = [numbersIn(value), numbersIn(at(precision + 32))];
    const settled = numbers.every((part, i) => {
      const other = again[i];
      return !isBig(part) || (isBig(other) && part.equals(other) && part.precision() < precision - 10);
    });
    return describe(decimally, value, {
      digits,
      number: (part) => {
        if (!isBig(part)) {
          const text = String(part);
          if (typeof part === "number" && !Number.isFinite(part)) throw notFinite(text);
          return { exact: text, decimal: text, is_exact: Number.isSafeInteger(part) || typeof part === "bigint" };
        }
        if (!part.isFinite()) throw notFinite(part.toString());
        const rounded = bigText(settled && part.isInteger() ? part : part.toSignificantDigits(digits));
        return settled
          ? { exact: bigText(part), decimal: rounded, is_exact: true }
          : { exact: rounded, decimal: rounded, is_exact: false };
      },
    });
  }

  /** Some functions know neither fractions nor big numbers. */
  function evaluateRoughly(expression: string, digits: number): Reply {
    return describe(roughly, lastOf(roughly.parse(expression).compile().evaluate(new Map())), {
      digits,
      number: (part) => {
        if (!Number.isFinite(Number(part))) throw notFinite(String(part));
        const text = String(part);
        return { exact: text, decimal: text, is_exact: Number.isSafeInteger(part) };
      },
    });
  }

  function numbersIn(value: unknown): unknown[] {
    if (Array.isArray(value)) return value.flatMap(numbersIn);
    switch (decimally.typeOf(value)) {
      case "DenseMatrix":
      case "SparseMatrix":
        return numbersIn((value as { toArray(): unknown }).toArray());
      case "Unit":
        return [(value as Unit).simplify().toJSON().value];
      default:
        return [value];
    }
  }

  function isBig(value: unknown): value is Big {
    return decimally.typeOf(value) === "BigNumber";
  }

  return (expression: string, digits: number): Reply => {
    check(expression, limits);
    const node = parseDecimally(expression);
    let nodes = 0;
    node.traverse(() => {
      nodes++;
    });
    if (nodes > limits.nodes) throw new Error(`the expression has ${nodes} parts; at most ${limits.nodes} are taken`);
    const exact = evaluateExactly(expression, digits);
    if (exact !== undefined) return exact;
    try {
      return evaluateDecimally(expression, digits);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      try {
        return evaluateRoughly(expression, digits);
      } catch {
        throw error;
      }
    }
  };
}

function check(expression: string, limits: Init["limits"]): void {
  const bytes = Buffer.byteLength(expression);
  if (bytes > limits.expressionBytes) {
    throw new Error(`the expression has ${bytes} bytes; at most ${limits.expressionBytes} are taken`);
  }
  let depth = 0;
  for (const [index, character] of [...expression].entries()) {
    if ("([{".includes(character)) depth++;
    if (")]}".includes(character)) depth--;
    if (depth > limits.nesting) {
      throw Object.assign(new Error(`brackets are nested deeper than ${limits.nesting}`), { char: index + 1 });
    }
  }
}

/**
 * Where mathjs has only a rounded answer for fractions although there is an exact one, and where the exact one would
 * take for ever although nobody wants to read it.
 */
function addExactFunctions(math: MathJs): void {
  const whole = (value: Fraction, largest: bigint): bigint => {
    if (value.d !== 1n || value.s < 0n || value.n > largest) throw new Inexact();
    return value.n;
  };
  const product = (from: bigint, to: bigint): bigint => {
    let result = 1n;
    for (let factor = from; factor <= to; factor++) result *= factor;
    return result;
  };
  const root = (value: bigint): bigint => {
    if (value < 2n) return value;
    let guess = 1n << BigInt((value.toString(2).length + 1) >> 1);
    for (let next = (guess + value / guess) >> 1n; next < guess; next = (guess + value / guess) >> 1n) guess = next;
    if (guess * guess !== value) throw new Inexact();
    return guess;
  };
  const atMost = (n: bigint, k: bigint, name: string) => {
    if (k > n) throw new Error(`${name}(n, k) needs k to be at most n`);
  };
  const exact: { readonly [name: string]: (x: Fraction, y?: Fraction) => Fraction | undefined } = {
    factorial: (n) => math.fraction(product(1n, whole(n, 3_000n))),
    combinations(a, b) {
      if (b === undefined) return undefined;
      const [n, k] = [whole(a, 5_000n), whole(b, 5_000n)];
      atMost(n, k, "combinations");
      // biome-ignore lint/complexity/useMathMinMax: Math.min takes no bigint
      const fewer = k < n - k ? k : n - k;
      return math.fraction(product(n - fewer + 1n, n) / product(1n, fewer));
    },
    permutations(a, b) {
      const n = whole(a, 3_000n);
      const k = b === undefined ? n : whole(b, 3_000n);
      atMost(n, k, "permutations");
      return math.fraction(product(n - k + 1n, n));
    },
    sqrt(x) {
      if (x.s < 0n) throw new Inexact();
      return math.fraction(root(x.n)).div(math.fraction(root(x.d)));
    },
    pow(base, exponent) {
      if (exponent === undefined) return undefined;
      const bits = (base.n + base.d).toString(2).length * Number(exponent.n / exponent.d);
      if (base.n > 1n && bits > LARGEST_POWER_BITS) throw new Inexact();
      return undefined;
    },
  };
  for (const [name, ours] of Object.entries(exact)) {
    const theirs = math.expression.mathWithTransform[name] as (...args: unknown[]) => unknown;
    const value = (...args: unknown[]) =>
      (args.every((arg) => math.typeOf(arg) === "Fraction") && ours(...(args as [Fraction, Fraction?]))) ||
      theirs(...args);
    Object.defineProperty(math.expression.mathWithTransform, name, { value });
  }
}

function notFinite(value: string): Error {
  return new Error(
    value === "NaN" ? "the result is not a number" : "the result is infinite (a division by zero, or too large)",
  );
}

type NumberText = Pick<Reply, "exact" | "is_exact"> & { readonly decimal: string };

/** Words a result. `number` words one number, or throws when that cannot be done the way it was computed. */
function describe(
  math: MathJs,
  value: unknown,
  { number, digits }: { readonly number: (value: unknown) => NumberText; readonly digits: number },
): Reply {
  const type = math.typeOf(value);
  switch (type) {
    case "Fraction":
    case "BigNumber":
    case "number":
    case "bigint":
      return { ...number(value), type: "number" };
    case "boolean":
    case "string":
    case "null":
      return { exact: String(value), type, is_exact: true };
    case "Complex":
      return { ...complexText(value as { re: number; im: number }, digits), type: "complex" };
    case "Unit": {
      const { value: amount, unit } = (value as Unit).simplify().toJSON();
      if (amount === null) return { exact: unit ?? "", type: "unit", is_exact: true };
      const text = number(amount);
      return { ...text, exact: `${text.exact} ${unit}`, ...(unit ? { unit } : {}), type: "unit" };
    }
    case "DenseMatrix":
    case "SparseMatrix":
    case "Array": {
      const rows = type === "Array" ? value : (value as { toArray(): unknown }).toArray();
      const parts: Reply[] = [];
      const words = (part: unknown, pick: (reply: Reply) => string): string => {
        if (Array.isArray(part)) return `[${part.map((inner) => words(inner, pick)).join(", ")}]`;
        const reply = describe(math, part, { number, digits });
        parts.push(reply);
        return pick(reply);
      };
      const exact = words(rows, (reply) => reply.exact);
      const decimal = words(rows, (reply) => reply.decimal ?? reply.exact);
      return { exact, decimal, type: "matrix", is_exact: parts.every((part) => part.is_exact) };
    }
    case "undefined":
      throw new Error("the expression has no value");
    case "function":
      throw new Error("the result is a function: call it with its arguments in brackets");
    default:
      throw new Error(`the result is of a kind that cannot be shown (${type})`);
  }
}

function complexText({ re, im }: { re: number; im: number }, digits: number): NumberText {
  const shown = (x: number) => String(Number(x.toPrecision(Math.min(digits, 15))));
  const [a, b] = [shown(re), shown(Math.abs(im))];
  const imaginary = b === "1" ? "i" : `${b}i`;
  const text = a === "0" ? `${im < 0 ? "-" : ""}${imaginary}` : `${a} ${im < 0 ? "-" : "+"} ${imaginary}`;
  return { exact: text, decimal: text, is_exact: Number.isSafeInteger(re) && Number.isSafeInteger(im) };
}

/** `3`, `0.3` where the decimal ends soon, `10/21` where it does not. */
function fractionText({ s, n, d }: Fraction): string {
  const sign = s < 0n ? "-" : "";
  if (d === 1n) return `${sign}${n}`;
  let rest = d;
  let places = 0;
  for (const [prime, other] of [
    [10n, 1n],
    [2n, 5n],
    [5n, 2n],
  ] as const) {
    for (; rest % prime === 0n && places <= 50; places++) rest /= prime;
    if (other === 1n) continue;
  }
  if (rest !== 1n || places > 50) return `${sign}${n}/${d}`;
  const scaled = ((n * 10n ** BigInt(places)) / d).toString().padStart(places + 1, "0");
  return `${sign}${scaled.slice(0, -places)}.${scaled.slice(-places).replace(/0+$/, "")}`;
}

/** Rounded half up to the given significant digits, exactly as the fraction says. */
function fractionDecimal({ s, n, d }: Fraction, digits: number): string {
  const sign = s < 0n ? "-" : "";
  if (d === 1n) return `${sign}${n}`;
  // The exponent of the first digit, from the lengths and then one comparison.
  let exponent = n.toString().length - d.toString().length;
  const power = (e: number) => 10n ** BigInt(e);
  if (exponent >= 0 ? n < d * power(exponent) : n * power(-exponent) < d) exponent--;
  const shift = digits - 1 - exponent;
  const [top, bottom] = shift >= 0 ? [n * power(shift), d] : [n, d * power(-shift)];
  let rounded = (2n * top + bottom) / (2n * bottom);
  if (rounded.toString().length > digits) {
    rounded /= 10n;
    exponent++;
  }
  return sign + placed(rounded.toString(), exponent);
}

/** Digits and the exponent of the first one, in plain notation while that is readable. */
function placed(digitsText: string, exponent: number): string {
  const significant = digitsText.replace(/0+$/, "") || "0";
  if (exponent < -30 || exponent > 10_000) {
    const [first, ...others] = significant;
    return `${first}${others.length > 0 ? `.${others.join("")}` : ""}e${exponent < 0 ? "" : "+"}${exponent}`;
  }
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${significant}`;
  const integer = significant.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  const fraction = significant.slice(exponent + 1);
  return fraction === "" ? integer : `${integer}.${fraction}`;
}

function bigText(value: Big): string {
  if (value.isZero()) return "0";
  return value.e < -30 || value.e > 10_000 ? value.toString() : value.toFixed();
}

/** Of several expressions, separated by line ends or semicolons, the last one counts. */
function lastOf(value: unknown): unknown {
  const entries = (value as { isResultSet?: boolean; entries?: unknown[] } | null)?.isResultSet
    ? (value as { entries: unknown[] }).entries
    : undefined;
  return entries === undefined ? value : entries.at(-1);
}

function explain(error: unknown, expression: string): Failure {
  if (error instanceof RangeError && /call stack/i.test(error.message)) {
    return { message: "the expression is nested too deeply, or a function calls itself without end" };
  }
  const { message, char } = error instanceof Error ? (error as Error & { char?: number }) : { message: String(error) };
  const words = message.slice(0, 500).replace(/ \(char \d+\)$/, "");
  if (char !== undefined) return { message: words, position: char };
  const name = /^Undefined (?:symbol|function) (\S+)/.exec(words)?.[1];
  const at = name === undefined ? -1 : expression.indexOf(name);
  return at === -1 ? { message: words } : { message: words, position: at + 1 };
}

function send(frame: object): void {
  const bytes = Buffer.from(`${JSON.stringify(frame)}\n`);
  for (let sent = 0; sent < bytes.length; ) sent += writeSync(1, bytes, sent);
}

async function main(): Promise<void> {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const line = await lines.next();
    return line.done ? exit(0) : JSON.parse(line.value);
  };
  const { library, limits } = (await next()) as Init;
  const calculate = createCalculator(createRequire(import.meta.url)(library), limits);
  send({ kind: "ready", engine: "mathjs" });
  for (;;) {
    const { id, expression, digits } = (await next()) as Call;
    let result: object;
    try {
      const value = calculate(expression, digits);
      const longest = Math.max(value.exact.length, value.decimal?.length ?? 0);
      result =
        longest > limits.resultBytes
          ? {
              ok: false,
              error: { message: `the result has ${longest} characters; at most ${limits.resultBytes} are shown` },
            }
          : { ok: true, value };
    } catch (error) {
      result = { ok: false, error: explain(error, expression) };
    }
    send({ kind: "result", id, result });
  }
}

main().catch((error: unknown) => {
  writeSync(2, `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`.slice(0, 4000));
  exit(70);
});
