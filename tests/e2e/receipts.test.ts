import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { turnResultSchema } from "@chingu/core/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshMachine, type Machine } from "../kit/cli.ts";
import { call, startModelServer, text, toolCall, toolCalls } from "../kit/model-server.ts";

let machine: Machine;
beforeAll(async () => {
  machine = await freshMachine({ CHINGU_MODEL: "test-model" });
});
afterAll(() => machine[Symbol.asyncDispose]());

const apples = "left = 24 * 17 - 24 * 17 * 3 // 8\nleft // 5, left % 5";

test("the program that was run is in the JSON as a receipt, sealed by its hash", async () => {
  await using model = await startModelServer([
    toolCall("run_python", { code: apples }),
    text("한 사람당 51개이고 0개가 남습니다."),
  ]);
  const { stdout, exitCode } = await machine.run(["사과는 한 사람당 몇 개?", "--output", "json"], {
    env: { OPENAI_BASE_URL: model.baseURL },
  });
  const result = turnResultSchema.parse(JSON.parse(stdout));
  expect(exitCode).toBe(0);
  expect(result).toMatchObject({ status: "completed", steps: 2, unsupported: [], denied: [] });
  expect(result.receipts).toEqual([
    {
      id: "r1",
      kind: "computation",
      tool: "run_python",
      language: "python",
      program: apples,
      value: "(51, 0)",
      stdout: "",
      hash: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    },
  ]);
  // The model was told what came out, behind its own call.
  const [, second] = model.requests;
  expect(second?.body.messages.slice(-2)).toEqual([
    {
      role: "assistant",
      content: null,
      tool_calls: [
        {
          id: expect.any(String),
          type: "function",
          function: { name: "run_python", arguments: JSON.stringify({ code: apples }) },
        },
      ],
    },
    { role: "tool", tool_call_id: expect.any(String), content: expect.stringContaining("(51, 0)") },
  ]);
});

test("several calls of one step give numbered receipts, and a person sees one line for each under the answer", async () => {
  await using model = await startModelServer([
    toolCalls([call("calculate", { expression: "2^89 - 1" }), call("run_python", { code: "sum(range(101))" })]),
    text("2^89 − 1 = 618970019642690137449562111, 합은 5050입니다."),
  ]);
  const { stdout, stderr, exitCode } = await machine.run(["계산해 줘"], { env: { OPENAI_BASE_URL: model.baseURL } });
  expect({ stdout, exitCode }).toEqual({
    stdout: "2^89 − 1 = 618970019642690137449562111, 합은 5050입니다.\n",
    exitCode: 0,
  });
  expect(stderr).toContain("[r1] calculate → 618970019642690137449562111\n[r2] run_python → 5050\n");
});

test("a number that nothing computed is marked, with its place in the JSON", async () => {
  await using model = await startModelServer([
    toolCall("calculate", { expression: "17 * 24" }),
    text("모두 408개이고, 다른 상자에는 12.5개가 있습니다."),
    text("모두 999개입니다."),
  ]);
  const env = { OPENAI_BASE_URL: model.baseURL };
  const json = await machine.run(["17 상자에 24개씩이면?", "--output", "json"], { env });
  expect(JSON.parse(json.stdout).unsupported).toEqual([{ text: "12.5", start: 19, end: 23 }]);
  const told = await machine.run(["몇 개?"], { env });
  expect(told.stderr).toContain("≈ not computed: 999 (in no tool result, message or quote)");
});

test("a program that fails is told to the model, which may mend it; nothing is a receipt that did not compute", async () => {
  await using model = await startModelServer([
    toolCall("run_python", { code: "1 / 0" }),
    toolCall("run_python", { code: "1 / 4" }),
    text("0.25입니다."),
  ]);
  const { stdout, exitCode } = await machine.run(["1/4은?", "--output", "json"], {
    env: { OPENAI_BASE_URL: model.baseURL },
  });
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout).receipts).toMatchObject([{ id: "r1", program: "1 / 4", value: "0.25" }]);
  expect(model.requests[1]?.body.messages.at(-1)?.content).toContain("ZeroDivisionError");
});

test("a turn that only calls tools stops at --max-steps with exit 4 and can go on", async () => {
  await using model = await startModelServer([
    toolCall("calculate", { expression: "1 + 1" }),
    toolCall("calculate", { expression: "1 + 2" }),
    text("2와 3입니다."),
  ]);
  const env = { OPENAI_BASE_URL: model.baseURL };
  const stopped = await machine.run(["세어 줘", "--max-steps", "2"], { env });
  expect(stopped).toMatchObject({ stdout: "", exitCode: 4 });
  expect(stopped.stderr).toContain(
    "error: the turn reached its limit of 2 steps\n  say `go on`, or raise --max-steps\n",
  );
  expect(await machine.run(["--continue", "go on"], { env })).toMatchObject({ stdout: "2와 3입니다.\n", exitCode: 0 });
});

test("receipts of a thread are shown, checked and run again", async () => {
  await using own = await freshMachine({ CHINGU_MODEL: "test-model" });
  await using model = await startModelServer([
    toolCalls([
      call("run_python", { code: "apples = 17 * 24\napples" }),
      call("run_python", { code: "apples // 5" }),
      call("calculate", { expression: "1/3 + 1/7" }),
    ]),
    text("408, 81, 10/21."),
    toolCall("calculate", { expression: "2^10" }),
    text("1024."),
  ]);
  const env = { OPENAI_BASE_URL: model.baseURL };
  const { threadId } = JSON.parse((await own.run(["사과는?", "--output", "json"], { env })).stdout);
  const shown = await own.run(["receipts", "show", threadId, "--output", "json"]);
  expect(JSON.parse(shown.stdout)).toMatchObject([
    { name: "1.r1", receipt: { value: "408" } },
    { name: "1.r2", receipt: { value: "81" } },
    { name: "1.r3", receipt: { tool: "calculate", value: "10/21" } },
  ]);
  const text1 = await own.run(["receipts", "show", threadId, "r2"]);
  expect(text1.stdout).toMatch(/── 1\.r2 · run_python \(python\) · .*\n {4}apples \/\/ 5\n→ 81\nsha256:/);
  expect(await own.run(["receipts", "verify", threadId])).toMatchObject({ exitCode: 0 });
  const again = await own.run(["receipts", "rerun", threadId]);
  expect(again).toMatchObject({
    exitCode: 0,
    stdout: "1.r1  run_python  same\n1.r2  run_python  same\n1.r3  calculate  same\n",
  });

  await own.run(["--continue", "2^10?"], { env });
  const unclear = await own.run(["receipts", "show", threadId, "r1"]);
  expect(unclear).toMatchObject({ exitCode: 2, stdout: "" });
  expect(unclear.stderr).toContain('several receipts of this thread are "r1": 1.r1, 2.r1');
  expect(await own.run(["receipts", "verify", threadId, "r9"])).toMatchObject({ exitCode: 2 });
});

test("a receipt that was changed in the store does not verify, and its program gives something else", async () => {
  await using own = await freshMachine({ CHINGU_MODEL: "test-model" });
  await using model = await startModelServer([toolCall("run_python", { code: "6 * 7" }), text("42.")]);
  const { threadId } = JSON.parse(
    (await own.run(["?", "--output", "json"], { env: { OPENAI_BASE_URL: model.baseURL } })).stdout,
  );
  const database = new DatabaseSync(join(own.home, ".local/share/chingu/chingu.db"));
  database.exec(`update message set body = replace(body, '"value":"42"', '"value":"43"')`);
  database.close();
  const verified = await own.run(["receipts", "verify", threadId, "--output", "jsonl"]);
  expect(JSON.parse(verified.stdout)).toMatchObject({ name: "1.r1", holds: false });
  expect(verified.exitCode).toBe(1);
  expect(await own.run(["receipts", "rerun", threadId])).toMatchObject({
    exitCode: 1,
    stdout: "1.r1  run_python  differs\n  - 43\n  + 42\n",
  });
});

test("a thread without receipts says so, and an unknown thread is a usage error", async () => {
  await using own = await freshMachine({ CHINGU_MODEL: "test-model" });
  await using model = await startModelServer([text("Hi.")]);
  const { threadId } = JSON.parse(
    (await own.run(["Hi", "--output", "json"], { env: { OPENAI_BASE_URL: model.baseURL } })).stdout,
  );
  expect(await own.run(["receipts", "show", threadId])).toMatchObject({
    stdout: "",
    stderr: "this thread has no receipts\n",
    exitCode: 0,
  });
  expect(await own.run(["receipts", "rerun", "nothing-like-it"])).toMatchObject({ exitCode: 2, stdout: "" });
});
