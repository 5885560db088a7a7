import { afterAll, expect, test } from "vitest";
import { named } from "../../../proof/attacks-program/ends.ts";
import { pythonBombs } from "../../../proof/attacks-program/python-cases.ts";
import { startPrograms } from "../../tools/program/harness.ts";

const programs = startPrograms();
afterAll(() => programs.close());

const nextIsRight = async () => expect((await programs.python("sum(range(10))")).structured.value?.repr).toBe("45");

/** One or two of each way to end; the proof `attacks-program` tries them all. */
const sample = [
  "a loop that catches everything",
  "a loop deaf to interrupts",
  "a sum in C",
  "a regular expression",
  "a huge bytearray",
  "a doubling string",
  "an endless list",
  "a full heap",
  "printing a gigabyte",
  "JavaScript buffers",
  "printing without end",
  "recursion",
  "recursion beyond a raised limit",
  "an object that shows itself",
];

test.each(pythonBombs.filter(({ name }) => sample.includes(name)))(
  "$name meets its limit, and the next call is right",
  async ({ code, ends }) => {
    const { structured } = await programs.python(code, { timeoutMs: named(ends).includes("time") ? 300 : 10_000 });
    expect(structured.ok).toBe(false);
    expect(ends).toContain(structured.limit);
    expect(Buffer.byteLength(structured.stdout)).toBeLessThan(66 * 1024);
    await nextIsRight();
  },
);

test.each(pythonBombs.filter(({ error }) => error !== undefined))(
  "$name is an error, and the next call is right",
  async ({ code, error }) => {
    const { structured } = await programs.python(code, { timeoutMs: 20_000 });
    expect(structured.error?.type).toBe(error);
    if (error === "OSError") expect(structured.error?.message).toContain("No space left on device");
    await nextIsRight();
  },
);

test("a million files meet the quota", async () => {
  const code = "for i in range(10**6): open(f'/tmp/{i}', 'w').close()";
  const { structured } = await programs.python(code, { timeoutMs: 30_000, fresh: true });
  expect(structured.error?.message).toContain("No space left on device");
});

test("a list a million levels deep is shown cut", async () => {
  const { structured } = await programs.python("x = []\nfor i in range(10**6): x = [x]\nx", { fresh: true });
  expect(structured.value?.repr).toMatch(/^\[+\.\.\.\]+$/);
  await nextIsRight();
});
