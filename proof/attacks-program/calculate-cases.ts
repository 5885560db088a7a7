// What an expression of a few characters can do to a calculator: hours of work, a full memory, or a change that later
// calls would see. Each ends in time, and the next call is right.
import type { Ends } from "./ends.ts";

export interface CalculateCase {
  readonly name: string;
  readonly expression: string;
  readonly ends?: Ends;
}

const cases = (expressions: readonly string[], ends: Ends = "itself"): readonly CalculateCase[] =>
  expressions.map((expression) => ({ name: expression.slice(0, 60), expression, ends }));

/** Refused, or worked out: whichever, nobody waits. */
const quickBombs = cases([
  "factorial(bignumber(10^7))",
  "factorial(10^9)",
  "200000!",
  "gamma(bignumber(10^6))",
  "1:1e9",
  "n = 1e9; 1:n",
  "sum(1:1e8)",
  "map(1:1e6, f(x) = x^2)",
  "range(1, 1e9)",
  "f(n) = f(n + 1); f(1)",
  "inv(random([500, 500]))",
  "det(random([400, 400]))",
  "eigs(random([300, 300]))",
  "combinations(1e9, 5e8)",
  "combinationsWithRep(10^9, 10^8)",
  "permutations(10^7, 10^6)",
  "isPrime(1000000000000000000000000000057)",
  "expm(random([300, 300]) * 100)",
  "kron(ones(300, 300), ones(300, 300))",
  "fft(ones(2^20))",
  "sort(random([1000000]), 'asc')",
  "setPowerset(1:25)",
  "setCartesian(1:10000, 1:10000)",
  "zeros(20000, 20000)",
  "zeros([20000, 20000])",
  "identity(100000)",
  "diag(1:20000)",
  "ones(3000, 3000)^2",
  "random([10000, 10000])",
  "resize([1], [100000, 100000])",
  "concat(ones(50000), ones(60000))",
  'print("$x", {x: zeros(3000, 3000)})',
  "9^9^9",
  "2^(2^40)",
  "bignumber(2)^bignumber(10^9)",
  "1e1000000000 + 1",
  "10^(10^12) - 1",
  "bellNumbers(2000)",
  "stirlingS2(3000, 1500)",
  "catalan(1e9)",
  "nthRoots(2, 1e8)",
  "exp(bignumber(10^15))",
  "sin(bignumber(10)^300000)",
  "lcm(10^300 + 7, 10^299 + 9)",
  `${"(".repeat(3_000)}1${")".repeat(3_000)}`,
  `1${"+1".repeat(100_000)}`,
  `1${"+1".repeat(4_900)}`,
  `${"-".repeat(9_000)}1`,
  `2${"^2".repeat(4_000)}`,
  `${"[".repeat(190)}1${"]".repeat(190)}`,
  `${"f(".repeat(190)}1${")".repeat(190)}`,
  `"${"a".repeat(9_000)}"`,
  `${"1,000,".repeat(1_500)}1`,
  `${"3억 ".repeat(2_000)}`,
  `${"2의 3배의 ".repeat(800)}2`,
  `${"1% of ".repeat(1_500)}1`,
  `${"천".repeat(3_000)}`,
  `${"만만".repeat(1_500)}`,
]);

/** Nothing is wrong with them but how long they take; a fast machine may come to the end. */
const longBombs = cases(
  [
    "f(n) = n < 2 ? n : f(n - 1) + f(n - 2); f(40)",
    "solveODE(f(t, y) = y, [0, 10^9], 1)",
    "mod(bignumber(7)^100000, 13)",
    "xgcd(10^4000, 10^3999 + 1)",
  ],
  ["itself", "time"],
);

const endlessBombs = [
  ...cases(["f(x) = x < 1 ? 0 : f(x - 1) + f(x - 1); f(60)", "A = ones(99, 99); A^100000"], "time"),
  ...cases(
    ["a = [1]; a[1000000000] = 5", 'format(1, {notation: "fixed", precision: 1e9})', "(1/3)^(10^9)"],
    ["time", "memory"],
  ),
];

export const calculateBombs: readonly CalculateCase[] = [...quickBombs, ...longBombs, ...endlessBombs];

/** Doors of mathjs that are closed, and ways from a value to the library beneath it. */
export const calculateEscapes: readonly CalculateCase[] = cases([
  ...["import", "config", "create", "createUnit", "parser", "parse", "compile", "evaluate", "typed", "chain"].flatMap(
    (name) => [`${name}("1")`, `f = ${name}; f("1")`, `map(["1"], ${name})`],
  ),
  ...["help", "simplify", "derivative", "rationalize", "resolve", "reviver", "replacer"].map((name) => `${name}("x")`),
  'config({number: "number", precision: 3})',
  "import({sqrt: 5}, {override: true})",
  'createUnit("foo", "1 m")',
  'cos.constructor("return process")()',
  '"a".constructor',
  '{}["constructor"]',
  '{}["__proto__"]',
  "a = {b: {}}; a.b.__proto__.polluted = 1",
  "f(x) = x; f.constructor",
  "[1]._data",
  'unit("1 cm").constructor',
  "bignumber(1).constructor",
  "expression.docs",
  "Unit.UNITS",
  "process",
  "globalThis",
  'require("fs")',
  "f = sqrt; f.transform",
  'apply([1], 1, "constructor")',
]);

/** Each leaves something behind in the library, or tries; the sums after it must be as before. */
export const calculateLeaks: readonly CalculateCase[] = cases([
  'config({number: "number"})',
  "pi = 3; e = 2; i = 5; sqrt(x) = 0; sin(x) = 1",
  "5 acre + 3 acre",
  "2 평 * 3",
  "5 inch",
  "m = 5; kg = 3; 원 = 2",
  "1/3 to bignumber",
]);
