import { expect, onTestFinished, type TestContext, test } from "vitest";
import { startChild } from "../../../packages/tools/src/program/child.ts";
import { createEvaluator } from "../../../packages/tools/src/program/evaluator.ts";
import { createQueue } from "../../../packages/tools/src/program/queue.ts";

const megabyte = 1024 * 1024;
const limit = 600 * megabyte;

function needsLinux({ skip }: Pick<TestContext, "skip">): void {
  if (process.platform !== "linux") skip("Only Linux tells how much memory a process holds.");
}

/** An evaluator over a child that holds as much memory as it is told, and answers 300 ms later where it is to answer. */
function startHoarder() {
  const main = `
    const say = (frame) => console.log(JSON.stringify(frame));
    say({ kind: "ready", engine: "hoarder" });
    const held = [];
    let asked = 0;
    require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
      if (asked++ === 0) return;
      const { id, megabytes, answers } = JSON.parse(line);
      held.push(Buffer.alloc(megabytes * ${megabyte}, 1));
      if (answers) setTimeout(() => say({ kind: "result", id, result: held.length }), 300);
    });`;
  const start = () => startChild({ command: process.execPath, args: ["-e", main], env: {} }, {});
  const evaluator = createEvaluator({
    name: "math",
    init: {
      next: async () => ({ kind: "", start }),
      refresh: () => {},
      close: () => {},
    },
    queue: createQueue({ running: 1, waiting: 1 }),
    confinement: { node: process.execPath, timeZone: "UTC" },
    sessions: 1,
    idleMs: 60_000,
  });
  onTestFinished(() => evaluator.close());
  return async (megabytes: number, answers = true) => {
    const { signal } = new AbortController();
    const request = { megabytes, answers };
    const call = { threadId: "one", request, timeoutMs: 60_000, residentBytes: limit, signal };
    const evaluation = await evaluator.evaluate(call);
    if (evaluation.kind === "busy") throw new Error("busy");
    return evaluation;
  };
}

test("a program that takes more memory than is allowed is ended, and the next one starts anew", async (context) => {
  needsLinux(context);
  const hold = startHoarder();
  expect(await hold(700, false)).toMatchObject({ kind: "stopped", reason: "memory" });
  expect(await hold(1)).toMatchObject({ kind: "result", result: 1, session: { state: "new" } });
});

test("an interpreter that rests with nearly all the memory it may have is replaced, and says why", async (context) => {
  needsLinux(context);
  const hold = startHoarder();
  expect(await hold(1)).toMatchObject({ kind: "result", result: 1, session: { state: "new" } });
  expect(await hold(1)).toMatchObject({ kind: "result", result: 2, session: { state: "kept" } });
  expect(await hold(515)).toMatchObject({
    kind: "result",
    result: 3,
    session: { state: "lost", lostBecause: "it held too much memory", callNo: 3 },
  });
  expect(await hold(1)).toMatchObject({ kind: "result", result: 1, session: { state: "new", callNo: 1 } });
});
