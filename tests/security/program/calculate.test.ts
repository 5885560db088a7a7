import { afterAll, expect, test } from "vitest";
import { calculateEscapes, calculateLeaks } from "../../../proof/attacks-program/calculate-cases.ts";
import { startPrograms } from "../../tools/program/harness.ts";

const programs = startPrograms({ timeMs: 700 });
afterAll(() => programs.close());

const nextIsRight = async () => expect((await programs.calculate("0.1 + 0.2")).structured.exact).toBe("0.3");

test.each(calculateEscapes)("$name is closed or leads nowhere", async ({ expression }) => {
  expect((await programs.calculate(expression)).isError).toBe(true);
  await nextIsRight();
});

test.each(calculateLeaks)("after $name a sum and its unit are as before", async ({ expression }) => {
  await programs.calculate(expression);
  await nextIsRight();
  expect((await programs.calculate("(3 m)^2")).structured.exact).toBe("9 m^2");
  expect((await programs.calculate("pi", { precision: 5 })).structured.exact).toBe("3.1416");
});

test.each([
  "sin.toString()",
  "f = sin; f.toString()",
  "{a: sin}.a.toString()",
  "string(sin)",
  'concat("", sin)',
  "sin",
])("%s does not show the source of the library", async (expression) => {
  const { isError, content } = await programs.calculate(expression);
  expect(isError).toBe(true);
  expect(content).not.toContain("arguments");
});

test("the configuration cannot be changed for later calls", async () => {
  await programs.calculate('config({number: "number", precision: 3})');
  expect((await programs.calculate("1/3 + 1/7")).structured.exact).toBe("10/21");
});

test.each([
  ["brackets", `${"(".repeat(300)}1${")".repeat(300)}`, /nested deeper than 200/],
  ["length", "1".repeat(20_000), /20000 bytes; at most 10000/],
  ["parts", `1${"+1".repeat(4_000)}`, /8001 parts; at most 5000/],
  ["signs", `${"-".repeat(3_000)}1`, /nested too deeply/],
  // Which of the two comes first depends on how much stack the engine has left.
  ["powers", `2${"^2".repeat(2_000)}`, /nested too deeply|infinite/],
  ["recursion", "f(n) = f(n + 1); f(1)", /calls itself without end/],
])("too many %s are refused in words", async (_what, expression, message) => {
  expect((await programs.calculate(expression)).content).toMatch(message);
  await nextIsRight();
});

test.each([
  "sum(1:1e8)",
  "n = 1e9; 1:n",
  "zeros(20000, 20000)",
  "ones(3000, 3000)^2",
  "inv(random([500, 500]))",
  "factorial(bignumber(10^7))",
  "combinations(1e9, 5e8)",
  "isPrime(1000000000000000000000000000057)",
  "setPowerset(1:25)",
])("%s is refused at once with what it would take", async (expression) => {
  const { structured, content } = await programs.calculate(expression);
  expect(structured.limit).toBeUndefined();
  expect(content).toMatch(/at most|up to/);
  await nextIsRight();
});

test.each([
  "f(n) = n < 2 ? n : f(n - 1) + f(n - 2); f(40)",
  "a = [1]; a[1000000000] = 5",
  'format(1, {notation: "fixed", precision: 1e9})',
])("%s is ended, and the next call is right", async (expression) => {
  const { structured } = await programs.calculate(expression);
  expect(structured.ok).toBe(false);
  expect(["time", "memory"]).toContain(structured.limit);
  await nextIsRight();
});
