import type { Big, Fraction, MathJs, Unit } from "./mathjs.ts";

/** A result in words. */
export interface Value {
  readonly exact: string;
  readonly decimal?: string;
  readonly unit?: string;
  readonly type: string;
  /** False when `exact` is a rounded decimal. */
  readonly is_exact: boolean;
}

export type NumberText = Pick<Value, "exact" | "is_exact"> & { readonly decimal: string };

/** Words a result. `number` words one number, or throws when that cannot be done the way it was computed. */
export function describe(
  math: MathJs,
  value: unknown,
  { number, digits }: { readonly number: (value: unknown) => NumberText; readonly digits: number },
): Value {
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
      const { value: amount, unit } = amountOf(value as Unit);
      if (amount === null) return { exact: unit ?? "", type: "unit", is_exact: true };
      const text = number(amount);
      return { ...text, exact: `${text.exact} ${unit}`, ...(unit ? { unit } : {}), type: "unit" };
    }
    case "DenseMatrix":
    case "SparseMatrix":
    case "Array": {
      const rows = type === "Array" ? value : (value as { toArray(): unknown }).toArray();
      const parts: Value[] = [];
      const words = (part: unknown, pick: (reply: Value) => string): string => {
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
      throw new Error("the result is a function: give it its values in brackets, as in sin(1)");
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
export function fractionText({ s, n, d }: Fraction): string {
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
export function fractionDecimal({ s, n, d }: Fraction, digits: number): string {
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

export function bigText(value: Big): string {
  if (value.isZero()) return "0";
  return value.e < -30 || value.e > 10_000 ? value.toString() : value.toFixed();
}

/** Number and unit: as they were written or asked for, and else in the simplest unit there is. */
export function amountOf(value: Unit): { readonly value: unknown; readonly unit: string | null } {
  const own = value.toJSON();
  return own.skipSimp ? own : value.simplify().toJSON();
}

export function notFinite(value: string): Error {
  return new Error(
    value === "NaN" ? "the result is not a number" : "the result is infinite (a division by zero, or too large)",
  );
}
