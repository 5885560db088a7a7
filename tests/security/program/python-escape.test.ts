import { afterAll, beforeAll, expect, test } from "vitest";
import { type Canaries, openCanaries } from "../../../proof/attacks-program/canaries.ts";
import { pythonEscapes, pythonForgeries, pythonPoisons } from "../../../proof/attacks-program/python-cases.ts";
import { startPrograms } from "../../tools/program/harness.ts";

// Without bubblewrap: the walls that every machine has must hold alone.
const programs = startPrograms({ bubblewrap: false });
let canaries: Canaries;

beforeAll(async () => {
  canaries = await openCanaries();
});
afterAll(async () => {
  await programs.close();
  canaries.close();
});

const withoutPackages = pythonEscapes.filter(({ sympy = false }) => !sympy);

test.each(withoutPackages)("$name reaches nothing outside, and the next call is right", async ({ code }) => {
  const { content, structured } = await programs.python(canaries.aim(code), { timeoutMs: 3_000 });
  expect(canaries.faults(content + JSON.stringify(structured))).toEqual([]);
  expect((await programs.python("sum(range(10))")).structured.value?.repr).toBe("45");
});

test.each(pythonForgeries)("a forged answer $name is only output", async ({ code }) => {
  const { structured } = await programs.python(code);
  expect(structured).toMatchObject({ ok: true, value: { repr: "2" }, engine: expect.stringMatching(/^pyodide /) });
  expect((await programs.python("40 + 2")).structured.value?.repr).toBe("42");
});

test.each(pythonPoisons)("poisoning $name does not spoil the next call", async ({ code }) => {
  await programs.python(code);
  const { structured } = await programs.python("print(len('abc'))\nrepr([1, 2])");
  expect(structured).toMatchObject({ stdout: "3\n", value: { repr: "'[1, 2]'" } });
});

test("one conversation sees neither names nor files of another", async () => {
  await programs.python("mine = 'secret'\nopen('/tmp/mine', 'w').write(mine)\nimport math\nmath.leak = mine");
  const other = await programs.python(
    "import os, gc, math\n('mine' in globals(), os.path.exists('/tmp/mine'), hasattr(math, 'leak'))",
    { thread: "other" },
  );
  expect(other.structured.value?.repr).toBe("(False, False, False)");
});
