import { expect, test } from "vitest";
import { computedValue, valueJson, valueText } from "../../../packages/core/src/receipts/value.ts";
import { sameValue, vote } from "../../../packages/core/src/receipts/vote.ts";

const read = (value: string, stdout = "") => computedValue({ value, stdout });

test.each([
  ["51", "51", 51],
  ["-0.5", "-0.5", -0.5],
  ["1e+16", "1e+16", 1e16],
  ["9007199254740993", "9007199254740993", "9007199254740993"],
  ["Fraction(-3, 10)", "-3/10", "-3/10"],
  ["Decimal('0.10')", "0.10", 0.1],
  ["np.float64(2.5)", "2.5", 2.5],
  ["inf", "inf", "inf"],
  ["True", "True", true],
  ["'사과'", "사과", "사과"],
  ["'a\\n\\x41\\u00e9\\\\'", "a\nAé\\", "a\nAé\\"],
  ['"it\'s"', "it's", "it's"],
  ["[1, 2.5, 'x']", "1, 2.5, x", [1, 2.5, "x"]],
  ["(7,)", "7", [7]],
  ["{3, 4}", "3, 4", [3, 4]],
  ["{}", "", {}],
  ["{'a': 1, 2: [3, (4, 5)]}", "a: 1\n2: [3, [4, 5]]", { a: 1, "2": [3, [4, 5]] }],
  ["datetime.date(2026, 1, 5)", "2026-01-05", "2026-01-05"],
  ["sqrt(2)*x", "sqrt(2)*x", "sqrt(2)*x"],
  ["[Point(x=1, y='a, b'), 3]", "Point(x=1, y='a, b'), 3", ["Point(x=1, y='a, b')", 3]],
  ["{'cut': [1, 2...", "{'cut': [1, 2...", "{'cut': [1, 2..."],
  ["'open", "'open", "'open"],
])("%s is shown as %j", (repr, text, json) => {
  const value = read(repr);
  expect(valueText(value)).toBe(text);
  expect(valueJson(value)).toEqual(json);
});

test("a key that would reach behind an object is only a key", () => {
  const json = valueJson(read("{'__proto__': {'x': 1}}"));
  expect(Object.keys(json as object)).toEqual(["__proto__"]);
  expect(({} as { x?: number }).x).toBeUndefined();
});

test("without a value, what was printed counts: a number as one, all else as text", () => {
  expect(valueJson(read("", "42\n"))).toBe(42);
  expect(valueJson(read("", "a: 1\n[2]\n"))).toBe("a: 1\n[2]");
});

test.each(["[", "{", "({["])("a value that opens %s without end is text as it stands", (opening) => {
  const deep = opening.repeat(50_000);
  expect(valueText(read(deep))).toBe(deep);
});

test("sets within sets are read in one go", () => {
  const deep = `${"{".repeat(40)}1${"}".repeat(40)}`;
  expect(valueText(read(deep))).toBe(`${"[".repeat(39)}1${"]".repeat(39)}`);
});

test.each([
  ["42", "42.00000000001", true],
  ["42", "42.1", false],
  ["1/3", "0.3333333333333333", true],
  ["1000000000000", "1000000000001", false],
  ["'Monday '", "'monday'", true],
  ["{'a': 1, 'b': 2}", "{'b': 2, 'a': 1}", true],
  ["{'per person': 51, 'left': 0}", "(51, 0)", true],
  ["{'a': 1, 'b': 2}", "{'x': 2, 'y': 1}", false],
  ["[1, 2]", "[1, 2, 3]", false],
  ["1234.0", "'1,234'", true],
  ["42", "'about 42'", false],
])("%s and %s are the same answer: %s", (one, other, same) => {
  expect(sameValue(read(one), read(other))).toBe(same);
  expect(sameValue(read(other), read(one))).toBe(same);
});

test("the majority wins, and of equal votes the earliest", () => {
  expect(vote(["1", "2", "2.0"].map((value) => read(value)))).toEqual({ winner: 1, agreeing: [1, 2, 2] });
  expect(vote(["1", "2", "2", "1"].map((value) => read(value)))).toEqual({ winner: 0, agreeing: [2, 2, 2, 2] });
});
