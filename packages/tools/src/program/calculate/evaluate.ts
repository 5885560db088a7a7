import type { Measure } from "./compounds.ts";
import { type ClosedMath, createMath } from "./create-math.ts";
import { Inexact } from "./exact.ts";
import { roughConstants, roughUnits } from "./factors.ts";
import { checkText, type ExpressionLimits, Refused } from "./guards.ts";
import type { Big, Fraction, MathJs, MathNode, Unit } from "./mathjs.ts";
import { amountOf, bigText, describe, fractionDecimal, fractionText, notFinite, type Value } from "./words.ts";

export interface CalculatorLimits extends ExpressionLimits {
  readonly workingDigits: number;
  readonly integerDigits: number;
}

export interface Shape {
  /** Significant digits of the decimal. */
  readonly digits: number;
  /** The unit the result is wanted in, in the notation of mathjs. */
  readonly unit?: string | undefined;
}

/** How many more digits tell whether a decimal has come to its end. */
const MORE_DIGITS = 32;

/**
 * Evaluates with fractions; where that cannot be done, with decimals of many digits; where mathjs has not even those,
 * with floating-point numbers. Nothing is kept from one call to the next. Throws what is wrong with the expression.
 */
export function createCalculator(library: MathJs, limits: CalculatorLimits) {
  const { workingDigits } = limits;
  const made: ClosedMath[] = [];
  const make = (kind: "Fraction" | "BigNumber" | "number", digits: number): MathJs => {
    const closed = createMath(library, kind, digits);
    made.push(closed);
    return closed.math;
  };
  const exactly = make("Fraction", workingDigits);
  // To change a precision costs more than most sums: the two that are usual have instances of their own.
  const usual = [workingDigits, workingDigits + MORE_DIGITS].map((digits) => make("BigNumber", digits));
  let other: MathJs | undefined;
  let roughly: MathJs | undefined;
  /** Decimals of so many digits. */
  function decimals(precision: number): MathJs {
    const own = usual[(precision - workingDigits) / MORE_DIGITS];
    if (own !== undefined) return own;
    other ??= make("BigNumber", precision);
    other.config({ precision });
    return other;
  }
  const angle = exactly.Unit.BASE_DIMENSIONS.indexOf("ANGLE");

  /** Angles are multiples of pi: as fractions they would be wrong in the last places and look exact. */
  function hasAngles(node: MathNode): boolean {
    let found = false;
    node.traverse(({ isSymbolNode, name }) => {
      if (!isSymbolNode || name === undefined || found || !exactly.Unit.isValuelessUnit(name)) return;
      found = exactly.unit(name).dimensions[angle] !== 0;
    });
    return found;
  }

  /** Whether a factor in it is a measurement or a custom, so that no result is more than close. */
  function isRough(node: MathNode): boolean {
    let found = false;
    node.traverse(({ isSymbolNode, name }) => {
      if (!isSymbolNode || name === undefined) return;
      found ||= roughConstants.has(name);
      found ||=
        exactly.Unit.isValuelessUnit(name) && exactly.unit(name).units.some(({ unit }) => roughUnits.has(unit.name));
    });
    return found;
  }

  /** Methods of a value lead to the library: `sin.toString()` is its source. */
  function refuseMethods(node: MathNode): void {
    node.traverse(({ isFunctionNode, fn }) => {
      if (!isFunctionNode || fn?.isAccessorNode !== true) return;
      throw new Refused(`${fn.name ?? "a method"} behind a dot is not available: write f(x), not x.f()`);
    });
  }

  function measure(name: string): Measure | undefined {
    if (!exactly.Unit.isValuelessUnit(name)) return undefined;
    const { dimensions, units } = exactly.unit(name);
    const size = units.reduce((product, { unit, prefix }) => product * Number(unit.value) * prefix.value, 1);
    return { dimension: dimensions.join(), size };
  }

  function evaluateExactly(expression: string, { digits, unit }: Shape): Value | undefined {
    try {
      const node = exactly.parse(expression);
      refuseMethods(node);
      if (hasAngles(node) || isRough(node)) return undefined;
      const value = inUnit(exactly, lastOf(node.compile().evaluate(new Map())), unit);
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
      if (error instanceof RangeError || error instanceof Refused) throw error;
      return undefined;
    }
  }

  function evaluateDecimally(expression: string, { digits, unit }: Shape): Value {
    // Not with the exact instance, which reads no 1e3.
    const rough = isRough(decimals(workingDigits).parse(expression));
    const at = (precision: number) => {
      const math = decimals(precision);
      return inUnit(math, lastOf(math.parse(expression).compile().evaluate(new Map())), unit);
    };
    const working = Math.max(limits.workingDigits, digits + 10);
    let value = at(working);
    let precision = working;
    if (isBig(value) && value.isFinite() && value.e >= working && value.e < limits.integerDigits) {
      precision = value.e + 20;
      value = at(precision);
    }
    // A decimal that ends early, and ends the same with more digits carried, is the whole value.
    const [numbers, again] = [numbersIn(value), numbersIn(at(precision + MORE_DIGITS))];
    const settled =
      !rough &&
      numbers.every((part, i) => {
        const other = again[i];
        return (
          !isBig(part) ||
          (isBig(other) && part.equals(other) && part.precision() < precision - 10 && part.e < precision)
        );
      });
    return describe(exactly, value, {
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
  function evaluateRoughly(expression: string, { digits, unit }: Shape): Value {
    roughly ??= make("number", workingDigits);
    const value = inUnit(roughly, lastOf(roughly.parse(expression).compile().evaluate(new Map())), unit);
    return describe(roughly, value, {
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
    switch (exactly.typeOf(value)) {
      case "DenseMatrix":
      case "SparseMatrix":
        return numbersIn((value as { toArray(): unknown }).toArray());
      case "Unit":
        return [amountOf(value as Unit).value];
      default:
        return [value];
    }
  }

  function isBig(value: unknown): value is Big {
    return exactly.typeOf(value) === "BigNumber";
  }

  const evaluate = (expression: string, shape: Shape): Value => {
    checkText(expression, limits);
    for (const { forget } of made) forget();
    const exact = evaluateExactly(expression, shape);
    if (exact !== undefined) return exact;
    try {
      return evaluateDecimally(expression, shape);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      try {
        return evaluateRoughly(expression, shape);
      } catch (roughError) {
        throw roughError instanceof Refused ? roughError : error;
      }
    }
  };
  const calculate = (expression: string, shape: Shape): Value => {
    const value = evaluate(expression, shape);
    // A number that was made a text may have been rounded on the way.
    const rounded = value.type === "string" && /\b(?:format|string|print)\b/.test(expression);
    return rounded ? { ...value, is_exact: false } : value;
  };
  return { calculate, measure };
}

function inUnit(math: MathJs, value: unknown, unit: string | undefined): unknown {
  if (unit === undefined) return value;
  if (math.typeOf(value) !== "Unit") throw new Refused(`the result has no unit: it cannot be given in ${unit}`);
  return (value as Unit).to(math.unit(unit));
}

/** Of several expressions, separated by line ends or semicolons, the last one counts. */
function lastOf(value: unknown): unknown {
  const entries = (value as { isResultSet?: boolean; entries?: unknown[] } | null)?.isResultSet
    ? (value as { entries: unknown[] }).entries
    : undefined;
  return entries === undefined ? value : entries.at(-1);
}
