import { type Fraction, type MathJs, replace } from "./mathjs.ts";

/** A calculation that cannot be done exactly and is to be done with decimals instead. */
export class Inexact extends Error {}

/** About 60,000 digits: beyond, fractions are slow and a decimal says enough. */
const LARGEST_POWER_BITS = 200_000;

/**
 * Where mathjs has only a rounded answer for fractions although there is an exact one, and where the exact one would
 * take for ever although nobody wants to read it.
 */
export function addExactFunctions(math: MathJs): void {
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
  };
  const isFraction = (value: unknown): value is Fraction => math.typeOf(value) === "Fraction";
  for (const [name, ours] of Object.entries(exact)) {
    replace(
      math,
      name,
      (theirs) =>
        (...args: unknown[]) =>
          (args.every(isFraction) && ours(...(args as [Fraction, Fraction?]))) || theirs(...args),
    );
  }
  replace(math, "pow", (theirs) => (base: unknown, exponent: unknown) => {
    if (!isFraction(exponent)) return theirs(base, exponent);
    if (isFraction(base)) {
      const bits = (base.n + base.d).toString(2).length * Number(exponent.n / exponent.d);
      if (base.n > 1n && bits > LARGEST_POWER_BITS) throw new Inexact();
    }
    // Of a unit mathjs takes no power that is a fraction, and then m^2 would be a decimal.
    const powerOfUnit = math.typeOf(base) === "Unit" && exponent.d === 1n && exponent.n < 100n;
    return theirs(base, powerOfUnit ? Number(exponent.s * exponent.n) : exponent);
  });
}

function whole(value: Fraction, largest: bigint): bigint {
  if (value.d !== 1n || value.s < 0n || value.n > largest) throw new Inexact();
  return value.n;
}

function product(from: bigint, to: bigint): bigint {
  let result = 1n;
  for (let factor = from; factor <= to; factor++) result *= factor;
  return result;
}

/** The whole root of a square. */
function root(value: bigint): bigint {
  if (value < 2n) return value;
  let guess = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (let next = (guess + value / guess) >> 1n; next < guess; next = (guess + value / guess) >> 1n) guess = next;
  if (guess * guess !== value) throw new Inexact();
  return guess;
}

function atMost(n: bigint, k: bigint, name: string): void {
  if (k > n) throw new Error(`${name}(n, k) needs k to be at most n`);
}
