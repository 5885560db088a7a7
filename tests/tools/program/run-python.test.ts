import { afterAll, expect, test } from "vitest";
import { startPrograms } from "./harness.ts";

const programs = startPrograms({ timeZone: "Asia/Seoul" });
afterAll(() => programs.close());

const value = async (code: string) => {
  const { structured } = await programs.python(code);
  return structured.error ?? { repr: structured.value?.repr, from: structured.value?.from };
};

test.each([
  ["the last expression", "x = 24 * 17\nx * 5 / 8", "255.0", "expression"],
  ["ans, when the last line is no expression", "ans = 6 * 7\nother = 1", "42", "variable"],
  ["answer, when the last expression is None", "answer = 'yes'\nprint('no')", "'yes'", "variable"],
  ["result, assigned in a loop", "for i in range(4):\n    result = i", "3", "variable"],
  ["solution(), when nothing else was produced", "def solution():\n    return 23 - 15", "8", "function"],
  ["solver()", "def solver(n=4):\n    return n ** 2", "16", "function"],
  ["the last assignment, when nothing was printed", "a = 3\nb = a + 4\ndef unused(): pass", "7", "last_assignment"],
  ["a pair, when a pair was assigned", "q, r = divmod(255, 5)", "(51, 0)", "last_assignment"],
])("the value of a program is %s", async (_rule, code, repr, from) => {
  expect(await value(code)).toEqual({ repr, from });
});

test("a program that prints has no guessed value, and its output is its answer", async () => {
  const { structured, display, receipt } = await programs.python("total = 12\nprint('한 사람당', total, '개 🍎')");
  expect(structured).toMatchObject({ ok: true, stdout: "한 사람당 12 개 🍎\n" });
  expect(structured.value).toBeUndefined();
  expect(display).toBe("한 사람당 12 개 🍎");
  expect(receipt).toMatchObject({ kind: "computation", language: "python", stdout: "한 사람당 12 개 🍎\n", value: "" });
});

test("an answer of an earlier call is not taken for the answer of this one", async () => {
  await programs.python("ans = 99");
  expect(await value("def solution():\n    return 5")).toEqual({ repr: "5", from: "function" });
  expect(await value("if False:\n    ans = 1\nunused = 7")).toEqual({ repr: "7", from: "last_assignment" });
});

test.each([
  ["3", "3", "int"],
  ["3.0", "3.0", "float"],
  ["(1, [2, {'셋': 3}], {4}, frozenset())", "(1, [2, {'셋': 3}], {4}, frozenset())", "tuple"],
  ["(1,)", "(1,)", "tuple"],
  ["'사과 17개'", "'사과 17개'", "str"],
  ["from fractions import Fraction as F\nF(1, 3) + F(1, 7)", "Fraction(10, 21)", "Fraction"],
  ["2 ** 300", String(2n ** 300n), "int"],
  ["from decimal import Decimal\nDecimal('0.1') + Decimal('0.2')", "Decimal('0.3')", "Decimal"],
  ["from datetime import date, timedelta\ndate(2024, 2, 28) + timedelta(days=2)", "datetime.date(2024, 3, 1)", "date"],
  ["import asyncio\nasync def f():\n    await asyncio.sleep(0.001)\n    return 7\nasyncio.run(f())", "7", "int"],
  ["from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\nP(3)", "P(x=3)", "P"],
  ["'\\ud800'", "'\\ud800'", "str"],
])("%s keeps its Python type and text", async (code, repr, type) => {
  const { structured } = await programs.python(code);
  expect(structured.value).toMatchObject({ repr, type, truncated: false });
});

test("exact numbers come with their exact and decimal form", async () => {
  const { structured, content } = await programs.python("from fractions import Fraction\nFraction(10, 21)");
  expect(structured.value).toMatchObject({ exact: "10/21", decimal: "0.47619047619047616" });
  expect(content).toContain("10/21 ≈ 0.476190476190476");
});

test("an error names its line, its source and what the program printed before", async () => {
  const { structured, content, isError, receipt } = await programs.python(
    "print('시작')\ndef share(n):\n    return 10 / n\nshare(0)",
  );
  expect(isError).toBe(true);
  expect(receipt).toBeUndefined();
  expect(structured.error).toMatchObject({
    type: "ZeroDivisionError",
    line: 3,
    column: 12,
    source_line: "return 10 / n",
  });
  expect(structured.stdout).toBe("시작\n");
  expect(structured.error?.traceback).not.toContain("_pyodide");
  for (const part of ["ZeroDivisionError", "Line 3", "return 10 / n", "시작"]) expect(content).toContain(part);
});

test("the variable that was announced is the answer, and only where the program has no better one", async () => {
  const { structured } = await programs.python("total = 3\nanswer = 4", { expect: "total" });
  expect(structured.value).toMatchObject({ repr: "3", from: "variable" });
  const last = await programs.python("total = 5\n6", { expect: "total" });
  expect(last.structured.value).toMatchObject({ repr: "6", from: "expression" });
});

test("a syntax error names its line", async () => {
  const { structured } = await programs.python("a = 1\nb = (2,\nc = 3");
  expect(structured.error).toMatchObject({ type: "SyntaxError", line: 2 });
});

test("a package that is not there is answered with what is", async () => {
  const { structured } = await programs.python("import sympy");
  expect(structured.error?.type).toBe("ModuleNotFoundError");
  expect(structured.error?.message).toMatch(/'sympy'.*standard library.*fractions/);
});

test("input() is refused with the way out", async () => {
  const { content } = await programs.python("name = input('이름? ')");
  expect(content).toContain("EOFError");
  expect(content).toContain("Write the values into the code");
});

test("names are kept within a thread, counted, and unknown to another thread", async () => {
  const first = await programs.python("secret = 41");
  const second = await programs.python("secret + 1");
  const other = await programs.python("secret", { thread: "other" });
  const number = first.structured.session.call_no + 1;
  expect(second.structured).toMatchObject({ value: { repr: "42" }, session: { state: "kept", call_no: number } });
  expect(other.structured).toMatchObject({ error: { type: "NameError" }, session: { state: "new", call_no: 1 } });
  expect(other.content).toContain("This interpreter is new");
  expect(other.structured.session.id).not.toBe(first.structured.session.id);
});

test("the clock of programs stands in the zone asked for", async () => {
  const { structured } = await programs.python("import time\ntime.localtime(0).tm_hour");
  expect(structured.value?.repr).toBe("9");
});

test("long output keeps its beginning and its end and says that something is missing", async () => {
  const { structured } = await programs.python("for i in range(30000):\n    print('line', i)");
  expect(structured.truncated).toBe(true);
  expect(structured.printed_bytes).toBe(Array.from({ length: 30000 }, (_, i) => `line ${i}\n`).join("").length);
  expect(structured.stdout).toMatch(/^line 0\nline 1\n/);
  expect(structured.stdout).toMatch(/bytes left out\][\s\S]*line 29999\n$/);
  expect(Buffer.byteLength(structured.stdout)).toBeLessThan(66 * 1024);
});

test("a long value is cut where it is made", async () => {
  const { structured } = await programs.python("'가' * 10**7");
  expect(structured.value?.truncated).toBe(true);
  expect(Buffer.byteLength(structured.value?.repr ?? "")).toBeLessThan(64 * 1024);
});

test("a program that is too long is refused before it is run", async () => {
  const { isError, content } = await programs.python(`# ${"x".repeat(70_000)}`);
  expect(isError).toBe(true);
  expect(content).toMatch(/70002 bytes; at most 65536/);
});
