import { afterAll, expect, test } from "vitest";
import { startPrograms } from "./harness.ts";

const programs = startPrograms({ sessions: 2 });
afterAll(() => programs.close());

test("a run over its time is ended, says so, keeps what it printed, and the thread starts anew", async () => {
  await programs.python("kept = 1", { thread: "slow" });
  const { structured, content } = await programs.python("print('begun')\nwhile True: pass", {
    thread: "slow",
    timeoutMs: 500,
  });
  expect(structured).toMatchObject({ ok: false, limit: "time", stdout: "begun\n", error: { type: "TimeLimit" } });
  expect(content).toContain("timeout_ms");
  const next = await programs.python("kept", { thread: "slow" });
  expect(next.structured).toMatchObject({ error: { type: "NameError" }, session: { state: "lost", call_no: 1 } });
  expect(next.content).toContain("Names defined earlier in this conversation are gone");
});

test("cancelling a running program ends it at once and leaves the tool usable", async () => {
  const cancel = new AbortController();
  await programs.python("1", { thread: "cancelled" });
  const running = programs.python("while True: pass", { thread: "cancelled", signal: cancel.signal });
  setTimeout(() => cancel.abort(new Error("stop")), 200);
  await expect(running).rejects.toThrow("stop");
  const next = await programs.python("2 + 2", { thread: "cancelled" });
  expect(next.structured).toMatchObject({ value: { repr: "4" }, session: { state: "lost" } });
});

test("calls of one thread run one after the other, and a waiting one can be cancelled without harm", async () => {
  const cancel = new AbortController();
  await programs.python("log = []", { thread: "queue" });
  const first = programs.python("import time\ntime.sleep(0.5)\nlog.append(1)", { thread: "queue" });
  const cancelled = programs.python("log.append(2)", { thread: "queue", signal: cancel.signal });
  const last = programs.python("log", { thread: "queue" });
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
  await programs.calculate("1 + 1", { thread: "a" });
  await programs.python("mine = 1", { thread: "a" });
  await programs.python("1", { thread: "b" });
  await programs.python("1", { thread: "c" });
  const back = await programs.python("1", { thread: "a" });
  expect(back.structured.session).toMatchObject({
    state: "lost",
    lost_because: "it made room for other conversations",
  });
});

test("after close every call fails with a clear message", async () => {
  const other = startPrograms();
  await other.calculate("1 + 1");
  await other.close();
  await expect(other.calculate("1 + 1")).rejects.toThrow("math has been closed");
});
