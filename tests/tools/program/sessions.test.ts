import { afterAll, expect, test } from "vitest";
import { programLimits } from "../../../packages/tools/src/index.ts";
import { createEvaluator } from "../../../packages/tools/src/program/evaluator.ts";
import { createQueue } from "../../../packages/tools/src/program/queue.ts";
import { startPrograms } from "./harness.ts";

const programs = startPrograms();
afterAll(() => programs.close());

test("a run over its time is ended, says so, keeps what it printed, and the thread starts anew", async () => {
  await programs.python("kept = 1", { thread: "one" });
  const { structured, content } = await programs.python("print('begun')\nwhile True: pass", {
    thread: "one",
    timeoutMs: 500,
  });
  expect(structured).toMatchObject({ ok: false, limit: "time", stdout: "begun\n", error: { type: "TimeLimit" } });
  expect(content).toContain("timeout_ms");
  const next = await programs.python("kept", { thread: "one" });
  expect(next.structured).toMatchObject({ error: { type: "NameError" }, session: { state: "lost", call_no: 1 } });
  expect(next.content).toContain("Names defined earlier in this conversation are gone");
});

test("cancelling a running program ends it at once and leaves the tool usable", async () => {
  const cancel = new AbortController();
  const running = programs.python("while True: pass", { thread: "one", signal: cancel.signal });
  setTimeout(() => cancel.abort(new Error("stop")), 200);
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
