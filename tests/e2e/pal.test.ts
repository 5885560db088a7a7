import { turnResultSchema } from "@chingu/core/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshMachine, type Machine } from "../kit/cli.ts";
import { startModelServer, text, toolCall } from "../kit/model-server.ts";

let machine: Machine;
beforeAll(async () => {
  machine = await freshMachine({ CHINGU_MODEL: "test-model" });
});
afterAll(() => machine[Symbol.asyncDispose]());

const program = (code: string) => toolCall("run_python", { code });
const fruit = "left = 24 * 17 - 24 * 17 * 3 // 8\n{'한 사람당': left // 5, '남은 사과': left % 5}";

test("chingu --pal writes what the program gives, and its receipt under it", async () => {
  await using model = await startModelServer([program(fruit)]);
  const { stdout, stderr, exitCode } = await machine.run(["--pal", "사과는 몇 개?"], {
    env: { OPENAI_BASE_URL: model.baseURL },
  });
  expect({ stdout, exitCode }).toEqual({ stdout: "한 사람당: 51\n남은 사과: 0\n", exitCode: 0 });
  expect(stderr).toContain("[r1] run_python → {'한 사람당': 51, '남은 사과': 0}");
  expect(model.requests).toHaveLength(1);
});

test("with --stream the model's words around the program stay off stdout", async () => {
  await using model = await startModelServer([text("It is 41:\n```python\n6 * 7\n```")]);
  const { stdout, exitCode } = await machine.run(["-p", "--pal", "--stream", "6 * 7?"], {
    env: { OPENAI_BASE_URL: model.baseURL },
  });
  expect({ stdout, exitCode }).toEqual({ stdout: "42\n", exitCode: 0 });
});

test("--samples takes the majority, and says how many agree", async () => {
  const codes = ["41", "6 * 7", "84 / 2"];
  await using model = await startModelServer((_, index) => program(codes[index] ?? ""));
  const env = { OPENAI_BASE_URL: model.baseURL };
  const { stdout, exitCode } = await machine.run(["-p", "--pal", "--samples", "3", "6 * 7?", "--output", "json"], {
    env,
  });
  const result = turnResultSchema.parse(JSON.parse(stdout));
  expect({ exitCode, value: result.value }).toEqual({ exitCode: 0, value: 42 });
  expect(result.receipts.map((one) => one.kind === "computation" && one.agreement?.programs).toSorted()).toEqual([
    1, 2, 2,
  ]);
  const { stderr } = await machine.run(["-p", "--pal", "--samples", "1", "6 * 7?"], { env });
  expect(stderr).not.toContain("agree");
});

test("a model that writes no program ends with exit 6 and no number on stdout", async () => {
  await using model = await startModelServer(() => text("It is 42."));
  const { stdout, stderr, exitCode } = await machine.run(["-p", "--pal", "6 * 7?"], {
    env: { OPENAI_BASE_URL: model.baseURL },
  });
  expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 6 });
  expect(stderr).toContain("error: the model wrote no program\n  ask again without --pal");
});

test("flags that do not go together are usage errors that name the way out", async () => {
  const alone = await machine.run(["-p", "--samples", "3", "hi"]);
  expect(alone).toMatchObject({ stdout: "", exitCode: 2 });
  expect(alone.stderr).toContain("--pal");
  expect(await machine.run(["-p", "--pal", "--samples", "0", "hi"])).toMatchObject({ exitCode: 2 });
  const many = await machine.run(["-p", "--pal", "--samples", "41", "hi", "--output", "json"]);
  expect(many.exitCode).toBe(2);
  expect(JSON.parse(many.stdout)).toMatchObject({ status: "failed", error: { code: "usage" } });
});

test("/pal switches a conversation on a plain terminal to programs and back", async () => {
  const words = text("It is 42.");
  await using model = await startModelServer([words, words, words, text("Hello.")]);
  const terminal = machine.open([], { env: { OPENAI_BASE_URL: model.baseURL, TERM: "dumb" } });
  try {
    await terminal.until(/^>/m);
    terminal.send("/pal\r");
    await terminal.until("Answers are now what a program gives.");
    terminal.send("6 * 7?\r");
    await terminal.until("the model wrote no program");
    terminal.send("/pal off\r");
    await terminal.until("Answers are the model's own words again.");
    terminal.send("Hi\r");
    await terminal.until("Hello.");
  } finally {
    terminal.close();
  }
  expect(model.requests.map(({ body }) => typeof body.tool_choice)).toEqual(["object", "object", "object", "string"]);
});
