import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { freshMachine, type Machine } from "../kit/cli.ts";
import { type ModelServer, type Reply, stalled, startModelServer, text, toolCall } from "../kit/model-server.ts";
import { childrenOf, stillRunning } from "../kit/processes.ts";

let machine: Machine;
beforeAll(async () => {
  machine = await freshMachine({ CHINGU_MODEL: "test-model" });
});
afterAll(() => machine[Symbol.asyncDispose]());

const modelThatSays = async (replies: readonly Reply[]) => {
  const model = await startModelServer(replies);
  return { model, env: { OPENAI_BASE_URL: model.baseURL }, [Symbol.asyncDispose]: () => model.close() };
};

const newest = (model: ModelServer) =>
  model.requests
    .at(-1)
    ?.body.messages.slice(1)
    .map(({ role, content }: Record<string, string>) => `${role}: ${content}`);

// The first program warms the child process up, so that the second is soon inside its loop.
const endlessProgram = [toolCall("run_python", { code: "1" }), toolCall("run_python", { code: "while True: pass" })];

/** Starts a turn whose second program never ends, and waits until it runs. */
async function startEndless(question: string, env: Record<string, string>) {
  const running = machine.start([question, "--output", "jsonl"], { env });
  await vi.waitUntil(() => running.stdout().split('"type":"tool_start"').length === 3, { timeout: 20_000 });
  const children = childrenOf(running.pid);
  expect(children).not.toEqual([]);
  return { running, children };
}

describe.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("%s", (signal, exitCode) => {
  test(`in the middle of an answer: exit ${exitCode}, the model is let go, and the thread goes on`, async () => {
    await using script = await modelThatSays([stalled("서울은 한강 "), text("이어서 말하면 그렇습니다.")]);
    const { model, env } = script;
    const running = machine.start(["--stream", "서울은?"], { env });
    await running.until("한강 ");
    running.kill(signal);
    const ended = await running.finished;
    expect(ended).toMatchObject({ stdout: "서울은 한강 \n", exitCode });
    expect(ended.stderr.split("\n").at(-2)).toBe("stopped");
    await model.requests[0]?.hungUp;

    expect(await machine.run(["--continue", "계속해"], { env })).toMatchObject({
      stdout: "이어서 말하면 그렇습니다.\n",
      exitCode: 0,
    });
    expect(newest(model)).toEqual(["user: 서울은?", "user: 계속해"]);
    const [thread] = JSON.parse((await machine.run(["threads", "list", "--output", "json"])).stdout);
    expect((await machine.run(["threads", "show", thread.id])).stdout).toContain("assistant (aborted) ·");
  });
});

test("SIGINT while a program runs ends the program too, and the result says aborted", async () => {
  await using script = await modelThatSays(endlessProgram);
  const { running, children } = await startEndless("돌려 줘", script.env);
  running.kill("SIGINT");
  const { stdout, exitCode } = await running.finished;
  expect(exitCode).toBe(130);
  expect(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "")).toMatchObject({
    type: "turn_end",
    result: { status: "aborted", error: null, receipts: [{ id: "r1", value: "1" }] },
  });
  expect(stillRunning(children)).toEqual([]);
});

test("SIGKILL while a program runs: the thread goes on, and the model is told that it may have run", async () => {
  await using script = await modelThatSays([...endlessProgram, text("다시 하지 않겠습니다.")]);
  const { running, children } = await startEndless("오래 걸리는 계산", script.env);
  running.kill("SIGKILL");
  expect(await running.finished).toMatchObject({ exitCode: null, signal: "SIGKILL" });
  // A program that loops outlives us until its CPU time is used up: nothing here waits for that.
  for (const pid of stillRunning(children)) process.kill(pid, "SIGKILL");

  expect((await machine.run(["--continue", "어떻게 됐어?"], { env: script.env })).exitCode).toBe(0);
  const [called, result, again] = script.model.requests[2]?.body.messages.slice(-3) ?? [];
  expect(called.tool_calls).toMatchObject([
    { function: { name: "run_python", arguments: '{"code":"while True: pass"}' } },
  ]);
  expect(result).toMatchObject({ role: "tool", tool_call_id: called.tool_calls[0].id });
  expect(result.content).toContain("no result was stored for this call");
  expect(result.content).toContain("may have run");
  expect(again).toEqual({ role: "user", content: "어떻게 됐어?" });
});

describe("a closed pipe", () => {
  test("in the middle of a stream is exit 0 and silent, lets the model go, and keeps what was said", async () => {
    const seen = Promise.withResolvers<void>();
    const lines = Array.from({ length: 50 }, (_, index) => `${index}번째 줄\n`);
    await using script = await modelThatSays([
      toolCall("calculate", { expression: "1 + 1" }, { text: ["첫 줄\n"], stop: seen.promise }),
      stalled(lines.join("")),
    ]);
    const running = machine.start(["--stream", "--quiet", "많이 말해"], { env: script.env });
    await running.until("첫 줄");
    running.closeStdout();
    // The next step's text meets a pipe that nobody reads.
    seen.resolve();
    expect(await running.finished).toMatchObject({ stderr: "", exitCode: 0 });
    await script.model.requests[1]?.hungUp;
    const [thread] = JSON.parse((await machine.run(["threads", "list", "--output", "json"])).stdout);
    const shown = (await machine.run(["threads", "show", thread.id])).stdout;
    expect(shown).toMatch(/^── 1 · user · .*\n많이 말해\n/);
    expect(shown).toMatch(/\n── 4 · assistant \(aborted\) · .*\n0번째 줄\n/);
  });

  test("before a long answer is written is exit 0 and silent", async () => {
    await using script = await modelThatSays([
      text(Array.from({ length: 100_000 }, (_, word) => `답${word}`).join(" ")),
    ]);
    const running = machine.start(["--quiet", "길게"], { env: script.env });
    running.closeStdout();
    expect(await running.finished).toMatchObject({ stderr: "", exitCode: 0 });
  });

  test("of a list is exit 0 and silent", async () => {
    const running = machine.start(["threads", "list"]);
    running.closeStdout();
    expect(await running.finished).toMatchObject({ stderr: "", exitCode: 0 });
  });
});
