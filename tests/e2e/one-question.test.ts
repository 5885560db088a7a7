import { agentEventSchema, turnResultSchema } from "@chingu/core/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshMachine, type Machine } from "../kit/cli.ts";
import { type ModelServer, startModelServer, text } from "../kit/model-server.ts";

let model: ModelServer;
let machine: Machine;
beforeAll(async () => {
  model = await startModelServer(() => text("서울입니다."));
  machine = await freshMachine({ OPENAI_BASE_URL: model.baseURL, CHINGU_MODEL: "test-model" });
});
afterAll(async () => {
  await machine[Symbol.asyncDispose]();
  await model.close();
});

/** What the model was asked by the newest request. */
const asked = () => model.requests.at(-1)?.body.messages.at(-1);

describe("the question", () => {
  test("one question on the command line: the answer alone on stdout, the rest on stderr", async () => {
    const { stdout, stderr, exitCode } = await machine.run(["대한민국의", "수도는?"]);
    expect({ stdout, exitCode }).toEqual({ stdout: "서울입니다.\n", exitCode: 0 });
    expect(stderr).toBe(`model: test-model at ${model.baseURL} (as asked)\n`);
    expect(asked()).toEqual({ role: "user", content: "대한민국의 수도는?" });
  });

  test("-p and a question give the same", async () => {
    const { stdout, exitCode } = await machine.run(["-p", "대한민국의 수도는?"]);
    expect({ stdout, exitCode }).toEqual({ stdout: "서울입니다.\n", exitCode: 0 });
  });

  test("with -p or behind -- a question may be a command's name or begin with a dash", async () => {
    for (const [args, question] of [
      [["-p", "tools"], "tools"],
      [["--", "doctor"], "doctor"],
      [["-p", "--", "-5 + 3"], "-5 + 3"],
      [["-m", "test-model", "--", "search"], "search"],
      [["-p", "--", "search", "--", "x"], "search -- x"],
    ] as const) {
      const { stdout, exitCode } = await machine.run(args);
      expect({ stdout, exitCode }).toEqual({ stdout: "서울입니다.\n", exitCode: 0 });
      expect(asked()).toEqual({ role: "user", content: question });
    }
  });

  test("standard input alone is the question, with - as well", async () => {
    for (const args of [["-p"], ["-"], []]) {
      const { stdout, exitCode } = await machine.run(args, { stdin: { text: "수도는?\n" } });
      expect({ stdout, exitCode }).toEqual({ stdout: "서울입니다.\n", exitCode: 0 });
      expect(asked()).toEqual({ role: "user", content: "수도는?" });
    }
  });

  test("standard input behind a question follows it as a <stdin> block", async () => {
    await machine.run(["이 글을 요약해 줘"], { stdin: { text: "첫째 줄\n둘째 줄\n" } });
    expect(asked()).toEqual({ role: "user", content: "이 글을 요약해 줘\n\n<stdin>\n첫째 줄\n둘째 줄\n\n</stdin>" });
  });

  test("a standard input that the parent leaves open, or that is closed, does not hold the question up", async () => {
    for (const stdin of ["open", "closed", "none"] as const) {
      const { stdout, exitCode } = await machine.run(["수도는?"], { stdin });
      expect({ stdout, exitCode }).toEqual({ stdout: "서울입니다.\n", exitCode: 0 });
      expect(asked()).toEqual({ role: "user", content: "수도는?" });
    }
  });

  test("more than 16 MB on standard input is refused before anything is asked", async () => {
    const before = model.requests.length;
    const { stdout, stderr, exitCode } = await machine.run(["요약"], {
      stdin: { text: new Uint8Array(16 * 1024 * 1024 + 1).fill(0x61) },
    });
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
    expect(stderr).toBe("error: standard input is larger than 16 MB\n  send the part the question is about\n");
    expect(model.requests.length).toBe(before);
  });

  test("no question and no terminal is a usage error that says what to do", async () => {
    for (const stdin of ["none", "closed", { text: " \n" }] as const) {
      const { stdout, stderr, exitCode } = await machine.run(["-p"], { stdin });
      expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
      expect(stderr).toContain("error: there is no question\n  write one behind the command");
    }
  });

  test("a question in decomposed Hangul reaches the model composed", async () => {
    await machine.run(["한글".normalize("NFD")]);
    expect(asked()).toEqual({ role: "user", content: "한글".normalize("NFC") });
  });
});

describe("what is written", () => {
  const ulid = expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{26}$/);

  test("--output json is the result object of the contract on one line", async () => {
    const { stdout, exitCode } = await machine.run(["수도는?", "--output", "json"]);
    expect(exitCode).toBe(0);
    expect(stdout.endsWith("}\n")).toBe(true);
    expect(stdout.trimEnd()).not.toContain("\n");
    const result = turnResultSchema.parse(JSON.parse(stdout));
    expect(JSON.parse(stdout)).toEqual({
      status: "completed",
      answer: "서울입니다.",
      value: null,
      receipts: [],
      unsupported: [],
      denied: [],
      usage: { input: 10, cacheRead: 0, cacheWrite: 0, output: 5, reasoning: 0, estimated: false },
      // The kit's endpoint is on this machine: it costs nothing.
      cost: { usd: 0, known: true },
      model: "test-model",
      steps: 1,
      threadId: ulid,
      turnId: ulid,
      annotations: [],
      error: null,
    });
    expect(result.threadId).not.toBe(result.turnId);
  });

  test("--output jsonl writes every event of the turn as a line and ends with the one turn_end", async () => {
    const { stdout, exitCode } = await machine.run(["--output", "jsonl", "수도는?"]);
    expect(exitCode).toBe(0);
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const events = lines.map(({ v, ...event }) => {
      expect(v).toBe(1);
      return agentEventSchema.parse(event);
    });
    expect(events.map(({ type }) => type)).toEqual([
      "turn_start",
      "message",
      "step_start",
      "text_delta",
      "text_delta",
      "usage",
      "message",
      "turn_end",
    ]);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index));
  });

  test("--stream writes the answer as it comes", async () => {
    const rest = Promise.withResolvers<void>();
    await using slow = await startModelServer([text(["앞부분 ", "뒷부분"], { stop: rest.promise })]);
    const running = machine.start(["--stream", "말해 줘"], { env: { OPENAI_BASE_URL: slow.baseURL } });
    await running.until("뒷부분");
    expect(running.stdout()).toBe("앞부분 뒷부분");
    rest.resolve();
    expect(await running.finished).toMatchObject({ stdout: "앞부분 뒷부분\n", exitCode: 0 });
  });

  test("without --stream a withdrawn beginning never reaches a pipe", async () => {
    await using broken = await startModelServer([text("처음 답", { stop: "reset" }), text("두 번째 답")]);
    const { stdout, stderr } = await machine.run(["말해 줘"], { env: { OPENAI_BASE_URL: broken.baseURL } });
    expect(stdout).toBe("두 번째 답\n");
    expect(stderr).toContain("trying again (1): ");
  });

  test("with --stream a withdrawn beginning is marked on stderr and the answer starts again", async () => {
    await using broken = await startModelServer([text("처음 답", { stop: "reset" }), text("두 번째 답")]);
    const { stdout, stderr } = await machine.run(["--stream", "말해 줘"], { env: { OPENAI_BASE_URL: broken.baseURL } });
    expect(stdout).toBe("처음 답\n두 번째 답\n");
    expect(stderr).toContain("(the text above is withdrawn: the answer starts again)");
  });

  test("--quiet leaves the answer alone", async () => {
    expect(await machine.run(["--quiet", "수도는?"])).toMatchObject({
      stdout: "서울입니다.\n",
      stderr: "",
      exitCode: 0,
    });
  });

  test("an answer without a line end gets one, an answer with one gets no second", async () => {
    await using server = await startModelServer([text("한 줄"), text("두 줄\n")]);
    const env = { OPENAI_BASE_URL: server.baseURL };
    expect((await machine.run(["a"], { env })).stdout).toBe("한 줄\n");
    expect((await machine.run(["b"], { env })).stdout).toBe("두 줄\n");
  });

  test("an answer cut by the model's limit is exit 6, a refusal too, and both say so", async () => {
    await using server = await startModelServer([
      text("반만", { finish: "length" }),
      text("", { refusal: "안 됩니다" }),
    ]);
    const env = { OPENAI_BASE_URL: server.baseURL };
    const cut = await machine.run(["길게"], { env });
    expect(cut).toMatchObject({ stdout: "반만\n", exitCode: 6 });
    expect(cut.stderr).toContain("error: the answer reached the model's output limit and is cut");
    const refused = await machine.run(["나쁜 것", "--output", "json"], { env });
    expect(refused.exitCode).toBe(6);
    expect(JSON.parse(refused.stdout)).toMatchObject({ status: "refused", error: { code: "refused" } });
  });

  test("--help and --version answer on stdout", async () => {
    const help = await machine.run(["--help"]);
    expect(help).toMatchObject({ stderr: "", exitCode: 0 });
    expect(help.stdout).toContain("Usage: chingu [options] [command] [text...]");
    expect(await machine.run(["--version"])).toMatchObject({ stdout: "0.1.0\n", stderr: "", exitCode: 0 });
  });
});
