import { afterAll, expect, test } from "vitest";
import { startPrograms } from "./harness.ts";

const programs = startPrograms({ timeZone: "Asia/Seoul" });
afterAll(() => programs.close());

const value = async (code: string, session = "one") => {
  const { structured } = await programs.javascript(code, { session });
  return structured.error ?? { repr: structured.value?.repr, from: structured.value?.from };
};

test.each([
  ["the last expression", "const x = 24 * 17;\nx * 5 / 8", "255", "expression"],
  ["what a promise at the end comes to", "async function main() { return 6 * 7 }\nmain()", "42", "expression"],
  ["what await gives", "await Promise.resolve('yes')", "'yes'", "expression"],
  ["ans, when the last line is no expression", "const ans = 6 * 7;\nlet other = 1;", "42", "variable"],
  ["answer, when the last expression has no value", "let answer = 'yes';\nconsole.log('no')", "'yes'", "variable"],
  ["result, assigned in a loop", "var result;\nfor (let i = 0; i < 4; i++) { result = i }", "3", "variable"],
  ["solution(), when nothing else was produced", "function solution() { return 23 - 15 }", "8", "function"],
  [
    "the last assignment, when nothing was printed",
    "const a = 3;\nconst b = a + 4;\nfunction unused() {}",
    "7",
    "last_assignment",
  ],
  ["a pair, when a pair was assigned", "const [q, r] = [Math.trunc(255 / 5), 255 % 5];", "[51, 0]", "last_assignment"],
])("the value of a program is %s", async (_rule, code, repr, from) => {
  expect(await value(code)).toEqual({ repr, from });
});

test("an answer of an earlier call is not taken for the answer of this one", async () => {
  await programs.javascript("ans = 99");
  const { structured } = await programs.javascript("function solution() { return 5 }");
  expect(structured.value).toMatchObject({ repr: "5", from: "function" });
});

test.each([
  ["3", "3", "number"],
  ["-0", "-0", "number"],
  ["0/0", "NaN", "number"],
  ["-1/0", "-Infinity", "number"],
  ["2n ** 200n", `${2n ** 200n}n`, "bigint"],
  ["null", "null", "null"],
  ["'사과 17개 it\\'s\\n'", "'사과 17개 it\\'s\\n'", "string"],
  ["[1, , undefined, 'a']", "[1, <empty>, undefined, 'a']", "Array"],
  ["({ a: 1, 'b c': [2n], 셋: null })", "{a: 1, 'b c': [2n], 셋: null}", "Object"],
  ["new Map([['a', { b: 1 }]])", "Map(1) {'a' => {b: 1}}", "Map"],
  ["new Set([1, 1, 2])", "Set(2) {1, 2}", "Set"],
  ["new Date(0)", "1970-01-01T00:00:00.000Z", "Date"],
  ["new Date('x')", "Invalid Date", "Date"],
  ["new Uint8Array([1, 2])", "Uint8Array(2) [1, 2]", "Uint8Array"],
  ["class P { x = 1; get y() { return 2 } }\nnew P()", "P {x: 1}", "P"],
  ["/a+/gi", "/a+/gi", "RegExp"],
  ["Math.max", "[Function: max]", "function"],
  ["const o = { n: 1 };\no.self = o;\no", "{n: 1, self: [Circular]}", "Object"],
  ["({ get now() { throw 1 } })", "{now: [Getter]}", "Object"],
  ["'\\ud800'", "'\\ud800'", "string"],
])("%s keeps its type and text", async (code, repr, type) => {
  const { structured } = await programs.javascript(code);
  expect(structured.value).toMatchObject({ repr, type, truncated: false });
});

test("values that JSON holds without loss come as JSON too, others do not", async () => {
  expect((await programs.javascript("({ a: [1.5, 'x', null, true] })")).structured.value?.json).toEqual({
    a: [1.5, "x", null, true],
  });
  for (const code of ["[NaN]", "[-0]", "[1n]", "new Map()", "[undefined]"]) {
    expect((await programs.javascript(code)).structured.value).not.toHaveProperty("json");
  }
});

test("numbers, dates and the order of words follow their language", async () => {
  const said = await value(`[
    (1234567.891).toLocaleString(),
    (35000).toLocaleString("ko-KR", { style: "currency", currency: "KRW" }),
    new Intl.NumberFormat("de-DE", { maximumFractionDigits: 1 }).format(1234.56),
    (12345678901234567890n).toLocaleString(),
    new Date(0).toLocaleDateString("ko-KR"),
    new Date(0).getHours(),
    ["b", "a", "B"].sort((a, b) => a.localeCompare(b)).join(""),
  ]`);
  expect(said).toMatchObject({
    repr: "['1,234,567.891', '₩35,000', '1.234,6', '12,345,678,901,234,567,890', '1970. 1. 1.', 9, 'abB']",
  });
});

test("what a program prints is its output, errors apart", async () => {
  const { structured, display, receipt } = await programs.javascript(
    "console.log('%s은 %d개', '사과', 3, { 값: [1] });\nconsole.error('uh');\nsetTimeout(() => console.log('b'), 20);\nsetTimeout(() => console.log('a'), 10);\nconst unused = 1;",
  );
  expect(structured).toMatchObject({ ok: true, stdout: "사과은 3개 {값: [1]}\na\nb\n", stderr: "uh\n" });
  expect(structured.value).toBeUndefined();
  expect(display).toBe("b");
  expect(receipt).toMatchObject({ kind: "computation", tool: "run_javascript", language: "javascript", value: "" });
});

test("an error names its line, its column and its source", async () => {
  const { structured, content, isError, receipt } = await programs.javascript(
    "console.log('시작');\nfunction share(n) {\n  return nope / n;\n}\nshare(0);",
  );
  expect(isError).toBe(true);
  expect(receipt).toBeUndefined();
  expect(structured).toMatchObject({
    error: {
      type: "ReferenceError",
      message: "'nope' is not defined",
      line: 3,
      column: 10,
      source_line: "return nope / n;",
    },
    stdout: "시작\n",
  });
  for (const part of ["ReferenceError", "Line 3", "return nope / n;", "시작"]) expect(content).toContain(part);
});

test("a syntax error names its line and column, and an earlier call's line is not mixed up with it", async () => {
  const { structured } = await programs.javascript("let a = 1;\nlet b = (2,\n  3;");
  expect(structured.error).toMatchObject({ type: "SyntaxError", line: 3, column: 4, source_line: "3;" });
});

test.each([
  ["throw { code: 5 }", "{code: 5}"],
  ["throw 'no'", "no"],
  ["class Broken extends Error {}\nthrow new Broken('no')", "Broken: no"],
  ["await Promise.reject(new TypeError('late'))", "TypeError: late"],
  ["await new Promise(() => {})", "nothing will ever settle"],
  ["require('fs')", "Only the language itself is here"],
  ["import fs from 'fs'", "There are no modules here"],
  ["await import('fs')", "There are no modules here"],
])("%s is an error that says what happened", async (code, said) => {
  const { content, isError } = await programs.javascript(code);
  expect(isError).toBe(true);
  expect(content).toContain(said);
});

test("names are kept within a session, may be declared again, and are unknown to another", async () => {
  await programs.javascript("const secret = 41; class Box { v = 1 }\nlet left", { session: "a" });
  const again = await programs.javascript("const secret = 42; class Box { v = 2 }\nnew Box().v + secret", {
    session: "a",
  });
  expect(again.structured).toMatchObject({ value: { repr: "44" }, session: { id: "a", state: "kept", call_no: 2 } });
  const other = await programs.javascript("typeof secret", { session: "b" });
  expect(other.structured).toMatchObject({ value: { repr: "'undefined'" }, session: { state: "new", call_no: 1 } });
  const elsewhere = await programs.javascript("typeof secret", { session: "a", thread: "other" });
  expect(elsewhere.structured.value?.repr).toBe("'undefined'");
  const fresh = await programs.javascript("typeof secret", { session: "a", fresh: true });
  expect(fresh.structured).toMatchObject({ value: { repr: "'undefined'" }, session: { state: "new", call_no: 1 } });
});

test("a loop is interrupted at its limit and the names of the session are kept", async () => {
  await programs.javascript("const kept = 7");
  const { structured, content } = await programs.javascript("console.log('begun');\nfor (;;) {}", { timeoutMs: 200 });
  expect(structured).toMatchObject({ ok: false, limit: "time", stdout: "begun\n", error: { type: "TimeLimit" } });
  expect(content).toContain("timeout_ms");
  expect((await programs.javascript("kept")).structured).toMatchObject({
    value: { repr: "7" },
    session: { state: "kept" },
  });
});

test("a value too long to show is cut and marked", async () => {
  const { structured } = await programs.javascript("Array.from({ length: 1e6 }, (_, i) => i)");
  expect(structured.value).toMatchObject({ type: "Array", truncated: true });
  expect(structured.value?.repr).toMatch(/^\[0, 1, 2.*\.\.\.$/);
});

test("cancelling a running program ends it at once and leaves the tool usable", async () => {
  const cancel = new AbortController();
  const running = programs.javascript("for (;;) {}", { signal: cancel.signal });
  setTimeout(() => cancel.abort(new Error("stop")), 200);
  await expect(running).rejects.toThrow("stop");
  expect((await programs.javascript("2 + 2")).structured).toMatchObject({
    value: { repr: "4" },
    session: { state: "lost" },
  });
});
