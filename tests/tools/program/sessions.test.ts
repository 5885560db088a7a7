import { afterAll, expect, test } from "vitest";
import { programLimits } from "../../../packages/tools/src/index.ts";
import { createEvaluator } from "../../../packages/tools/src/program/evaluator.ts";
import { createQueue } from "../../../packages/tools/src/program/queue.ts";
import { startPrograms } from "./harness.ts";

const programs = startPrograms();
afterAll(() => programs.close());

test.each([
  ["a loop", "count = 0\nwhile True: count += 1", 2],
  ["a sleep", "import time\ncount = 1\ntime.sleep(60)", 3],
])("%s over its time is interrupted where it is, and what was defined is kept", async (_what, code, line) => {
  await programs.python("kept = 1", { thread: "one" });
  const { structured, content } = await programs.python(`print('begun')\n${code}`, { thread: "one", timeoutMs: 1500 });
  expect(structured).toMatchObject({
    ok: false,
    limit: "time",
    stdout: "begun\n",
    error: { type: "TimeLimit", message: "stopped after 1.5 s", line: line + 1 },
  });
  expect(content).toContain("timeout_ms");
  expect(content).toContain("The names defined so far are still there");
  const next = await programs.python("kept, count > 0", { thread: "one" });
  expect(next.structured).toMatchObject({ value: { repr: "(1, True)" }, session: { state: "kept" } });
});

test.each([
  ["catches every interrupt", "while True:\n    try:\n        while True: pass\n    except BaseException: pass"],
  ["counts where no interrupt reaches", "sum(range(10**12))"],
  ["waits in an event loop", "import asyncio\nasyncio.run(asyncio.sleep(60))"],
])("a run over its time that %s is killed, says so, and the thread starts anew", async (_what, code) => {
  await programs.python("kept = 1", { thread: "one" });
  const { structured, content } = await programs.python(`print('begun')\n${code}`, { thread: "one", timeoutMs: 1500 });
  expect(structured).toMatchObject({ ok: false, limit: "time", stdout: "begun\n", error: { type: "TimeLimit" } });
  expect(content).toContain("The names defined in this conversation are gone");
  const next = await programs.python("kept", { thread: "one" });
  expect(next.structured).toMatchObject({ error: { type: "NameError" }, session: { state: "new", call_no: 1 } });
  expect(structured.session.state).toBe("lost");
  expect(next.content).toContain("Names defined earlier in this conversation are gone");
});

test("a program that catches the interrupt and comes to an end keeps its answer", async () => {
  const code = "try:\n    while True: pass\nexcept KeyboardInterrupt:\n    best = 41\nbest + 1";
  const { structured } = await programs.python(code, { thread: "one", timeoutMs: 1500 });
  expect(structured).toMatchObject({ ok: true, value: { repr: "42" } });
});

test("a thread can keep several sessions apart, and begin one again", async () => {
  await programs.python("x = 1", { thread: "many" });
  const named = await programs.python("x = 2", { thread: "many", session: "draft" });
  expect(named.structured.session).toMatchObject({ id: "draft", state: "new" });
  const own = await programs.python("x", { thread: "many" });
  expect(own.structured).toMatchObject({ value: { repr: "1" }, session: { state: "kept" } });
  const byName = await programs.python("x", { thread: "many", session: own.structured.session.id });
  expect(byName.structured).toMatchObject({ value: { repr: "1" }, session: { state: "kept", call_no: 3 } });
  const elsewhere = await programs.python("x", { thread: "another", session: "draft" });
  expect(elsewhere.structured).toMatchObject({ error: { type: "NameError" }, session: { state: "new" } });
  const again = await programs.python("x", { thread: "many", session: "draft", fresh: true });
  expect(again.structured).toMatchObject({ error: { type: "NameError" }, session: { state: "new", call_no: 1 } });
});

test("an interpreter that left something running behind its answer is replaced before the next call", async () => {
  const trap = "import asyncio\ndef trap():\n    while True: pass\nasyncio.get_event_loop().call_soon(trap)\n'set'";
  await programs.python(trap, { thread: "one" });
  const { structured } = await programs.python("1 + 1", { thread: "one", timeoutMs: 20_000 });
  expect(structured).toMatchObject({ ok: true, value: { repr: "2" } });
});

test("after five hundred programs a thread gets a new interpreter and is told so", async () => {
  let last = await programs.python("x = 1", { thread: "busy" });
  while (last.structured.session.call_no < programLimits.program.calls) {
    last = await programs.python("1", { thread: "busy" });
  }
  expect(last.structured.session).toMatchObject({ state: "lost", lost_because: "it had run 500 programs" });
  const { structured } = await programs.python("1", { thread: "busy" });
  expect(structured.session).toMatchObject({ state: "new", call_no: 1, lost_because: "it had run 500 programs" });
});

test("cancelling a running program ends it at once and leaves the tool usable", async () => {
  const cancel = new AbortController();
  await programs.python("1", { thread: "one" });
  const running = programs.python("while True: pass", { thread: "one", signal: cancel.signal });
  setTimeout(() => cancel.abort(new Error("stop")), 2_000);
  await expect(running).rejects.toThrow("stop");
  const next = await programs.python("2 + 2", { thread: "one" });
  expect(next.structured).toMatchObject({ value: { repr: "4" }, session: { state: "lost" } });
});

test("calls of one thread run one after the other, and a waiting one can be cancelled without harm", async () => {
  const cancel = new AbortController();
  await programs.python("log = []", { thread: "one" });
  const first = programs.python("import time\ntime.sleep(0.5)\nlog.append(1)", { thread: "one" });
  const cancelled = programs.python("log.append(2)", { thread: "one", signal: cancel.signal });
  const last = programs.python("log", { thread: "one" });
  cancel.abort(new Error("changed my mind"));
  await expect(cancelled).rejects.toThrow("changed my mind");
  await first;
  expect((await last).structured).toMatchObject({ value: { repr: "[1]" }, session: { state: "kept" } });
});

test("when too many wait the answer is busy, and those that wait are served", async () => {
  const calls = Array.from({ length: 30 }, (_, i) => programs.calculate(`${i} * 2`, { thread: "crowd" }));
  const answers = await Promise.all(calls);
  const busy = answers.filter(({ content }) => content.startsWith("busy"));
  expect(busy).toHaveLength(13);
  expect(answers.slice(0, 17).map(({ structured }) => structured.exact)).toEqual(
    Array.from({ length: 17 }, (_, i) => String(i * 2)),
  );
});

test("the thread unused longest makes room, and is told so when it returns", async () => {
  const evaluator = createEvaluator({
    name: "math",
    init: (library) => ({ library, limits: programLimits.calculate }),
    queue: createQueue({ running: 1, waiting: 1 }),
    confinement: { node: process.execPath, timeZone: "UTC" },
    sessions: 2,
    idleMs: 60_000,
  });
  const session = async (threadId: string) => {
    const { signal } = new AbortController();
    const request = { expression: "1 + 1", digits: 5 };
    const evaluation = await evaluator.evaluate({
      threadId,
      request,
      timeoutMs: 5_000,
      residentBytes: 2 ** 30,
      signal,
    });
    return evaluation.kind === "busy" ? undefined : evaluation.session;
  };
  expect(await session("a")).toMatchObject({ state: "new", callNo: 1 });
  expect(await session("b")).toMatchObject({ state: "new" });
  expect(await session("a")).toMatchObject({ state: "kept", callNo: 2 });
  expect(await session("c")).toMatchObject({ state: "new" });
  expect(await session("a")).toMatchObject({ state: "kept", callNo: 3 });
  expect(await session("b")).toMatchObject({
    state: "lost",
    lostBecause: "it made room for other conversations",
    callNo: 1,
  });
  evaluator.close();
});

test("after close every call fails with a clear message", async () => {
  const other = startPrograms();
  await other.calculate("1 + 1");
  await other.close();
  await expect(other.calculate("1 + 1")).rejects.toThrow("math has been closed");
});
