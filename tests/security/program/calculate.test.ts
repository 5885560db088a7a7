import { afterAll, expect, test } from "vitest";
import { startPrograms } from "../../tools/program/harness.ts";

const programs = startPrograms({ timeMs: 700 });
afterAll(() => programs.close());

const nextIsRight = async () => expect((await programs.calculate("0.1 + 0.2")).structured.exact).toBe("0.3");

const closed =
  "import config create createUnit parser parse compile evaluate typed chain help simplify derivative rationalize resolve reviver replacer";

test.each(closed.split(" "))("%s is closed, called or passed on", async (name) => {
  for (const expression of [`${name}("1")`, `f = ${name}; f("1")`, `map(["1"], ${name})`]) {
    expect((await programs.calculate(expression)).isError).toBe(true);
  }
  await nextIsRight();
});

test.each([
  'cos.constructor("return 1")',
  '"a".constructor',
  '{}["constructor"]',
  '{}["__proto__"]',
  "a = {b: {}}; a.b.__proto__.polluted = 1",
  "f(x) = x; f.constructor",
  "[1]._data",
  'unit("1 cm").constructor',
  "bignumber(1).constructor",
  "process",
  "globalThis",
  'require("fs")',
])("%s leads nowhere", async (expression) => {
  expect((await programs.calculate(expression)).isError).toBe(true);
  await nextIsRight();
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
  ["powers", `2${"^2".repeat(2_000)}`, /nested too deeply/],
  ["recursion", "f(n) = f(n + 1); f(1)", /calls itself without end/],
])("too many %s are refused in words", async (_what, expression, message) => {
  expect((await programs.calculate(expression)).content).toMatch(message);
  await nextIsRight();
});

test.each([
  "sum(1:1e8)",
  "zeros(20000, 20000)",
  "ones(3000, 3000)^2",
  "factorial(bignumber(10^7))",
  "f(n) = n < 2 ? n : f(n - 1) + f(n - 2); f(40)",
  "setPowerset(1:25)",
  'format(1, {notation: "fixed", precision: 1e9})',
])("%s is ended, and the next call is right", async (expression) => {
  const { structured } = await programs.calculate(expression);
  expect(structured.ok).toBe(false);
  expect(["time", "memory"]).toContain(structured.limit);
  await nextIsRight();
});

test.each(["9^9^9", "1.5^100000", "2^(2^40)", "10^(10^8)"])("%s is answered at once, rounded", async (expression) => {
  expect((await programs.calculate(expression)).structured).toMatchObject({
    ok: true,
    exact: expect.stringMatching(/e\+\d+$/),
  });
});
