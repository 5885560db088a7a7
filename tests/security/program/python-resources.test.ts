import { afterAll, expect, test } from "vitest";
import { startPrograms } from "../../tools/program/harness.ts";

const programs = startPrograms();
afterAll(() => programs.close());

const nextIsRight = async () => expect((await programs.python("sum(range(10))")).structured.value?.repr).toBe("45");

test.each([
  ["a loop that catches everything", "while True:\n    try:\n        while True: pass\n    except BaseException: pass"],
  ["a sum in C", "sum(range(10**12))"],
  ["a regular expression", "import re\nre.match('(a+)+$', 'a' * 40 + 'b')"],
])("%s is ended at its time limit", async (_what, code) => {
  const { structured } = await programs.python(code, { timeoutMs: 300 });
  expect(structured).toMatchObject({ ok: false, limit: "time" });
  await nextIsRight();
});

test.each([
  ["a huge bytearray", "bytearray(10**9)"],
  ["a doubling string", "x = 'a'\nwhile True: x += x"],
  ["an endless list", "import itertools\nlist(itertools.count())"],
  ["a full heap", "a = []\nwhile True: a.append(bytearray(10**6))"],
  ["printing a gigabyte", "print('x' * 10**9)"],
  ["JavaScript buffers", "from pyodide.ffi import to_js\nx = []\nwhile True: x.append(to_js(bytes(10**7)))"],
])("%s ends in a memory error", async (_what, code) => {
  const { structured } = await programs.python(code, { timeoutMs: 8_000 });
  expect(structured).toMatchObject({ ok: false, limit: "memory", error: { type: "MemoryError" } });
  await nextIsRight();
});

test("a flood of output is ended, and its beginning and end are kept", async () => {
  const { structured } = await programs.python("while True: print('spam' * 1000)", { timeoutMs: 10_000 });
  expect(structured).toMatchObject({ ok: false, limit: "output", truncated: true });
  expect(Buffer.byteLength(structured.stdout)).toBeLessThan(66 * 1024);
  await nextIsRight();
});

test.each([
  ["one endless file", "f = open('/tmp/a', 'wb')\nwhile True: f.write(b'x' * 2**20)"],
  [
    "open files without a name",
    "import os\nfs = []\nfor i in range(99):\n    f = open('/tmp/u', 'wb'); os.unlink('/tmp/u'); fs.append(f)\n    f.write(b'x' * 10**7); f.flush()",
  ],
  ["a million files", "for i in range(10**6): open(f'/tmp/{i}', 'w').close()"],
  ["a truncated file", "open('/tmp/t', 'wb').truncate(10**10)"],
])("%s meets the quota", async (_what, code) => {
  const cleaned = "import os, gc\nf = fs = None\ngc.collect()\nfor n in os.listdir('/tmp'): os.unlink('/tmp/' + n)";
  await programs.python(cleaned);
  const { structured } = await programs.python(code, { timeoutMs: 8_000 });
  expect(structured.error?.message).toContain("No space left on device");
  await nextIsRight();
});

test.each([
  ["recursion", "def f(n): return f(n + 1)\nf(0)"],
  ["recursion beyond a raised limit", "import sys\nsys.setrecursionlimit(10**9)\ndef f(n): return f(n + 1)\nf(0)"],
  ["an object that shows itself", "class A:\n    def __repr__(self): return repr(self)\nA()"],
])("%s without end is a recursion error", async (_what, code) => {
  const { structured } = await programs.python(code);
  expect(structured).toMatchObject({ ok: false, limit: "recursion", error: { type: "RecursionError" } });
  await nextIsRight();
});

test("a list a million levels deep is shown cut", async () => {
  const { structured } = await programs.python("x = []\nfor i in range(10**6): x = [x]\nx");
  expect(structured.value?.repr).toMatch(/^\[+\.\.\.\]+$/);
  await nextIsRight();
});

test.each([
  ["os._exit", "import os\nos._exit(0)"],
  ["os.abort", "import os\nos.abort()"],
])("%s ends only its own interpreter", async (_what, code) => {
  const { structured } = await programs.python(code);
  expect(structured).toMatchObject({ ok: false, error: { type: "InterpreterDied" } });
  await nextIsRight();
});

test.each([
  ["threads", "import threading\nthreading.Thread(target=print).start()", "RuntimeError"],
  ["nested brackets", "eval('(' * 10**5 + ')' * 10**5)", "SyntaxError"],
  ["a class that cannot be shown", "class A:\n    def __repr__(self): return 5\nA()", "TypeError"],
  ["an error of ten megabytes", "raise ValueError('x' * 10**7)", "ValueError"],
  ["sys.exit with a code", "import sys\nsys.exit(3)", "SystemExit"],
])("%s is an ordinary error", async (_what, code, type) => {
  const { structured } = await programs.python(code);
  expect(structured.error?.type).toBe(type);
  await nextIsRight();
});
