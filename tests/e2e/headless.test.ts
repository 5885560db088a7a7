import { agentEventSchema, turnResultSchema } from "@chingu/core/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSchemaCompiler } from "../../packages/core/src/agent/validate.ts";
import { schemaDocuments } from "../../scripts/schemas.ts";
import { type Finished, freshMachine, type Machine } from "../kit/cli.ts";
import {
  html,
  httpError,
  malformedStream,
  type Script,
  stalled,
  startModelServer,
  text,
  toolCall,
} from "../kit/model-server.ts";

let machine: Machine;
beforeAll(async () => {
  machine = await freshMachine({ CHINGU_MODEL: "test-model" });
});
afterAll(() => machine[Symbol.asyncDispose]());

/** Runs `chingu -p ARGS…` against a model that says what the script says. */
async function ask(script: Script, args: readonly string[], on: Machine = machine) {
  await using model = await startModelServer(script);
  const ended = await on.run(["-p", ...args], { env: { OPENAI_BASE_URL: model.baseURL } });
  return { ...ended, requests: model.requests };
}

/** The one object on the one line of stdout. */
function objectOf({ stdout }: Pick<Finished, "stdout">) {
  expect(stdout.endsWith("}\n")).toBe(true);
  expect(stdout.trimEnd()).not.toContain("\n");
  return turnResultSchema.parse(JSON.parse(stdout));
}

const used = (prompt_tokens: number) => ({ usage: { prompt_tokens, completion_tokens: 1 } });
const addition = toolCall("calculate", { expression: "1 + 1" }, used(20_000));
const schema = '{"type": "object", "properties": {"sum": {"type": "number"}}, "required": ["sum"]}';

describe("the exit code, the status and the one JSON object of every ending", () => {
  const cases: readonly (readonly [string, Script, readonly string[], number, object])[] = [
    ["an answer", [text("2")], [], 0, { status: "completed", answer: "2", error: null }],
    [
      "steps used up",
      [addition, toolCall("calculate", { expression: "2 + 2" })],
      ["--max-steps", "2"],
      4,
      { status: "max_steps", error: { code: "max_steps" } },
    ],
    ["tokens used up", [addition], ["--max-tokens", "20500"], 4, { status: "max_tokens", steps: 1 }],
    ["time used up", [stalled("half ")], ["--max-time", "700ms"], 4, { status: "max_time", answer: "half " }],
    [
      "the same call over and over",
      () => toolCall("calculate", { expression: "1 + 1" }),
      [],
      4,
      { status: "repeating", error: { code: "repeating" } },
    ],
    ["a wrong key", [httpError(401, "no")], [], 5, { status: "failed", error: { code: "model_unavailable" } }],
    ["an unknown model", [httpError(404, "no such model", { code: "model_not_found" })], [], 5, { status: "failed" }],
    ["a web page", [html()], [], 5, { status: "failed", error: { code: "model_unavailable" } }],
    ["a refusal", [text("", { refusal: "no" })], [], 6, { status: "refused" }],
    ["an answer that is cut", [text("ha", { finish: "length" })], [], 6, { status: "incomplete", answer: "ha" }],
  ];
  test.each(cases)("%s", async (_, script, args, exitCode, expected) => {
    const ended = await ask(script, ["--output", "json", "--quiet", "1 + 1?", ...args]);
    expect(ended.exitCode).toBe(exitCode);
    const result = objectOf(ended);
    expect(result).toMatchObject(expected);
    // Nothing but the error, and no error without a way out.
    const said = result.error ? [`error: ${result.error.message}`, `  ${result.error.hint}`, ""] : [""];
    expect(ended.stderr.split("\n")).toEqual(said);
  });

  test("a malformed stream is tried again, and then said in one sentence", async () => {
    const ended = await ask(() => malformedStream(), ["--output", "json", "--quiet", "1 + 1?"]);
    expect(ended.exitCode).toBe(5);
    expect(objectOf(ended)).toMatchObject({
      status: "failed",
      error: { message: expect.stringContaining("malformed") },
    });
  });

  test("a store that cannot be opened", async () => {
    const ended = await ask([], ["--output", "json", "--quiet", "--memory", "redis://127.0.0.1:9/0", "1 + 1?"]);
    expect(ended.exitCode).toBe(5);
    expect(objectOf(ended)).toMatchObject({ status: "failed", error: { code: "store_unavailable" } });
  });

  test.each([
    ["no question", [], { stdin: "none" as const }, "there is no question"],
    ["a thread that is not there", ["--thread", "nosuchthread", "hm"], {}, 'there is no thread "nosuchthread"'],
    ["a file that is not there", ["--file", "gone.txt", "hm"], {}, "gone.txt cannot be used: there is no such file"],
  ])("%s: exit 2, and a program gets its object all the same", async (_, args, options, message) => {
    for (const form of ["json", "jsonl"]) {
      const ended = await machine.run(["-p", "--output", form, ...args], options);
      expect(ended.exitCode).toBe(2);
      const line = JSON.parse(ended.stdout);
      const result = turnResultSchema.parse(form === "json" ? line : agentEventSchema.parse(line) && line.result);
      expect(result).toMatchObject({
        status: "failed",
        error: { code: "usage", message: expect.stringContaining(message) },
      });
      expect(ended.stderr).toContain(message);
    }
  });

  test("a configuration that cannot be used: exit 2, the file's name, and an object", async () => {
    await using broken = await freshMachine({ CHINGU_MODEL: "test-model" });
    const file = await broken.write("home/.config/chingu/config.yaml", "budget: { maxCost: lots }\n");
    const ended = await ask([], ["--output", "json", "hm"], broken);
    expect(ended.exitCode).toBe(2);
    expect(objectOf(ended).error?.message).toContain(file);
    expect(ended.stderr).toMatch(/`budget\.maxCost`: expected number, received string/);
  });

  test.each(["SIGINT", "SIGTERM"] as const)("%s while the model speaks, and before anything began", async (signal) => {
    await using model = await startModelServer([stalled("half an ")]);
    const running = machine.start(["-p", "--output", "json", "go"], { env: { OPENAI_BASE_URL: model.baseURL } });
    while (model.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    running.kill(signal);
    const ended = await running.finished;
    expect(ended.exitCode).toBe(signal === "SIGINT" ? 130 : 143);
    expect(objectOf(ended)).toMatchObject({ status: "aborted", error: null });

    const waiting = machine.start(["-p", "--output", "json"], { stdin: "open" });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    waiting.kill(signal);
    const early = await waiting.finished;
    expect(early.exitCode).toBe(signal === "SIGINT" ? 130 : 143);
    expect(objectOf(early)).toMatchObject({ status: "aborted", error: null, threadId: "" });
  });
});

test("the documented schemas describe what is printed, line by line", async () => {
  const documents = schemaDocuments();
  const compiled = createSchemaCompiler()(JSON.parse(documents["events.json"] ?? ""));
  if (compiled.kind === "unusable") throw new Error(compiled.reason);
  const { stdout } = await ask([addition, text("2")], ["--output", "jsonl", "1 + 1?"]);
  const lines = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines.at(-1)).toMatchObject({ v: 1, type: "turn_end", reason: "completed" });
  expect(lines.flatMap(compiled.validate)).toEqual([]);
});

describe("--quiet and --verbose", () => {
  test("--quiet leaves the answer and errors", async () => {
    const { stdout, stderr } = await ask([addition, text("2, not 3")], ["--quiet", "1 + 1?"]);
    expect({ stdout, stderr }).toEqual({ stdout: "2, not 3\n", stderr: "" });
  });

  test("--verbose adds each call and what the turn took", async () => {
    const { stdout, stderr } = await ask([addition, text("2")], ["--verbose", "1 + 1?"]);
    expect(stdout).toBe("2\n");
    expect(stderr).toContain('→ calculate {"expression":"1 + 1"}\n');
    expect(stderr).toMatch(/\n2 steps, 20010 tokens in and 6 out, \$0\n$/);
  });
});

describe("limits", () => {
  test("a turn that reached one goes on with --continue once it is raised, and nothing said is lost", async () => {
    await using fresh = await freshMachine({ CHINGU_MODEL: "test-model" });
    const stopped = await ask([addition], ["--max-tokens", "20500", "1 + 1?"], fresh);
    expect(stopped).toMatchObject({ stdout: "", exitCode: 4 });
    expect(stopped.stderr).toMatch(
      /error: The limit of 20500 tokens leaves no room .*\n {2}Raise --max-tokens and go on\.\n$/,
    );
    const { stdout, exitCode, requests } = await ask(
      [text("2")],
      ["--continue", "--max-tokens", "99999", "go on"],
      fresh,
    );
    expect({ stdout, exitCode }).toEqual({ stdout: "2\n", exitCode: 0 });
    expect(
      requests[0]?.body.messages.slice(1).map(({ role, content }: Record<string, string>) => content ?? role),
    ).toEqual(["1 + 1?", "assistant", expect.stringContaining("2"), "go on"]);
  });

  test("in money needs a price: exit 2 with the way out, and with the user's own price it holds", async () => {
    await using fresh = await freshMachine({ CHINGU_MODEL: "test-model" });
    // Not this machine's loopback by name, so nobody can take it for free.
    const env = { OPENAI_BASE_URL: "http://models.invalid/v1" };
    const refused = await fresh.run(["-p", "--max-cost", "0.5", "hm"], { env });
    expect(refused).toMatchObject({ stdout: "", exitCode: 2 });
    expect(refused.stderr).toMatch(
      /error: No price is known for test-model, .*\n {2}Write its price into prices\.yaml/,
    );

    await fresh.write("home/.config/chingu/prices.yaml", "prices: { test-model: { input: 100, output: 100 } }\n");
    const stopped = await ask([addition], ["--output", "json", "--max-cost", "2.01", "1 + 1?"], fresh);
    expect(stopped.exitCode).toBe(4);
    expect(objectOf(stopped)).toMatchObject({ status: "max_cost", cost: { usd: 2.0001, known: true }, steps: 1 });

    await fresh.write("home/.config/chingu/config.yaml", "budget: { perDay: { maxCost: 2.01 } }\n");
    const tomorrow = await ask([], ["and now?"], fresh);
    expect(tomorrow).toMatchObject({ stdout: "", exitCode: 4 });
    expect(tomorrow.stderr).toContain("The limit of $2.01 a day");
  });

  test("of the configuration hold, a project's only where it is lower, and a flag stands above both", async () => {
    await using fresh = await freshMachine({ CHINGU_MODEL: "test-model" });
    await fresh.write("home/.config/chingu/config.yaml", "budget: { maxTokens: 20500, maxSteps: 5, maxTime: 20s }\n");
    await fresh.write("project/chingu.yaml", "budget: { maxTokens: 90000, maxSteps: 2 }\n");
    expect(objectOf(await ask([addition], ["--output", "json", "hm"], fresh)).status).toBe("max_tokens");
    const script = [addition, toolCall("calculate", { expression: "2 + 2" })];
    const flagged = await ask(script, ["--output", "json", "--max-tokens", "90000", "hm"], fresh);
    expect(objectOf(flagged)).toMatchObject({ status: "max_steps", steps: 2 });
  });

  test.each([
    [["--max-cost", "free"], /number above 0/],
    [["--max-cost", "-1"], /number above 0/],
    [["--max-tokens", "1.5"], /whole number above 0/],
    [["--max-time", "soon"], /duration such as 90s or 5m/],
    [["--max-time", "0s"], /duration such as 90s or 5m/],
  ])("%j is exit 2 and says what was meant", async (args, what) => {
    const { stdout, stderr, exitCode } = await machine.run(["-p", ...args, "hm"]);
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
    expect(stderr).toMatch(what);
  });
});

describe("--output-schema", () => {
  beforeAll(() => machine.write("project/sum.json", schema));

  test("prints the value on one line, and as JSON puts it into the result", async () => {
    const said = 'Sure:\n```json\n{"sum": 2,\n "note": "한\\u001b[31m글"}\n```';
    const plain = await ask([text(said)], ["--stream", "--output-schema", "sum.json", "1 + 1?"]);
    expect(plain).toMatchObject({ stdout: '{"sum":2,"note":"한\\u001b[31m글"}\n', exitCode: 0 });
    const json = await ask([addition, text(said)], ["--output", "json", "--output-schema", "sum.json", "1 + 1?"]);
    expect(objectOf(json)).toMatchObject({ status: "completed", value: { sum: 2 }, answer: said, steps: 2 });
  });

  test("an answer that misses twice is exit 6, stdout stays empty, and stderr says what misses", async () => {
    const ended = await ask([text('{"sum": "2"}'), text('{"sum": "two"}')], ["--output-schema", "sum.json", "1 + 1?"]);
    expect(ended).toMatchObject({ stdout: "", exitCode: 6 });
    expect(ended.stderr).toContain(
      'error: the answer does not fit the output schema: $.sum must be number, received "two"\n',
    );
  });

  test.each([
    ["gone.json", undefined, "there is no such file"],
    ["folder/x.json/y.json", undefined, "there is no such file"],
    ["words.json", "not json", "it is not JSON"],
    ["list.json", "[1]", "it is not a JSON Schema"],
    ["wrong.json", '{"type": "sting"}', "the output schema cannot be used: schema is invalid"],
    ["large.json", `{"title": "${"x".repeat(300_000)}"}`, "it is larger than 256 KB"],
  ])("%s is exit 2 before anything is asked", async (name, content, reason) => {
    if (content !== undefined) await machine.write(`project/${name}`, content);
    const { stdout, stderr, exitCode, requests } = await ask([], ["--output-schema", name, "hm"]);
    expect({ stdout, exitCode, asked: requests.length }).toEqual({ stdout: "", exitCode: 2, asked: 0 });
    expect(stderr).toContain(`error: ${name} cannot be used: ${reason}`);
  });
});

describe("--file", () => {
  test("puts text files behind the question, fenced so that they cannot break out, before what is piped in", async () => {
    await machine.write("project/a.ts", "const a = 1;\n");
    await machine.write("project/b.md", "```\n````js\n");
    await using model = await startModelServer([text("ok")]);
    const env = { OPENAI_BASE_URL: model.baseURL };
    await machine.run(["-p", "compare", "--file", "a.ts", "--file", "b.md"], { env, stdin: { text: "and this" } });
    expect(model.requests[0]?.body.messages.at(-1)).toEqual({
      role: "user",
      content:
        "compare\n\na.ts:\n```ts\nconst a = 1;\n```\n\nb.md:\n`````md\n```\n````js\n`````\n\n<stdin>\nand this\n</stdin>",
    });
  });

  test("sends a picture as a picture, by what it is and not by its name", async () => {
    const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    await machine.write("project/shot.txt", Buffer.from(png, "base64"));
    const { requests, exitCode } = await ask([text("a dot")], ["what is it?", "--file", "shot.txt"]);
    expect(exitCode).toBe(0);
    expect(requests[0]?.body.messages.at(-1)).toEqual({
      role: "user",
      content: [
        { type: "text", text: "what is it?" },
        { type: "image_url", image_url: expect.objectContaining({ url: `data:image/png;base64,${png}` }) },
      ],
    });
  });

  test.each([
    ["gone.txt", undefined, "there is no such file"],
    [".", undefined, "it is a folder"],
    ["program.bin", Buffer.from([1, 0, 2]), "it is a binary file"],
    ["cp949.txt", Buffer.from([0xc7, 0xd1, 0xb1, 0xdb]), "it is not UTF-8 text"],
    ["large.txt", Buffer.alloc(16 * 1024 * 1024 + 1, 0x61), "it is larger than 16 MB"],
  ])("%s is exit 2 and named", async (name, content, reason) => {
    if (content !== undefined) await machine.write(`project/${name}`, content);
    const { stdout, stderr, exitCode, requests } = await ask([], ["hm", "--file", name]);
    expect({ stdout, exitCode, asked: requests.length }).toEqual({ stdout: "", exitCode: 2, asked: 0 });
    expect(stderr).toContain(`error: ${name} cannot be used: ${reason}`);
  });
});

test("chingu resume with nothing to resume prints its one object too", async () => {
  await using own = await freshMachine({ CHINGU_MODEL: "embedded" });
  const ended = await own.run(["resume", "--output", "json"]);
  expect(ended.exitCode).toBe(2);
  expect(JSON.parse(ended.stdout)).toMatchObject({ status: "failed", error: { code: "usage" } });
});
