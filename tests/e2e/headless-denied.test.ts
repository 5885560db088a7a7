import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshMachine, type Machine } from "../kit/cli.ts";
import { startModelServer, text, toolCall } from "../kit/model-server.ts";

const echoServer = fileURLToPath(new URL("../kit/echo-server.ts", import.meta.url));

let machine: Machine;
beforeAll(async () => {
  machine = await freshMachine({ CHINGU_MODEL: "test-model" });
  const echo = { command: process.execPath, args: [echoServer] };
  await machine.write("home/.config/chingu/mcp.json", JSON.stringify({ mcpServers: { echo } }));
});
afterAll(() => machine[Symbol.asyncDispose]());

const denied = [{ tool: "echo__echo", arguments: '{"text":"hi"}', reason: expect.stringContaining("nobody to ask") }];
const call = toolCall("echo__echo", { text: "hi" });

test("a denied call that the model answers without is exit 0, and `denied` says so", async () => {
  await using model = await startModelServer([call, text("without it, then")]);
  const ended = await machine.run(["-p", "--output", "json", "say hi"], { env: { OPENAI_BASE_URL: model.baseURL } });
  expect(ended.exitCode).toBe(0);
  expect(JSON.parse(ended.stdout)).toMatchObject({ status: "completed", answer: "without it, then", denied });
});

test("a denied call that the model stops at is exit 3, names the tool and the rule that would allow it", async () => {
  await using model = await startModelServer((_, index) => (index === 0 ? call : text("")));
  const ended = await machine.run(["-p", "--output", "json", "say hi"], { env: { OPENAI_BASE_URL: model.baseURL } });
  expect(ended.exitCode).toBe(3);
  expect(JSON.parse(ended.stdout)).toMatchObject({
    status: "denied",
    denied,
    error: { code: "denied", message: expect.stringContaining("echo__echo"), hint: "--allow echo__echo allows it" },
  });
});

test("with -p nobody is asked in a terminal either: the command ends by itself", async () => {
  await using model = await startModelServer([call, text("without it, then")]);
  const terminal = machine.open(["-p", "say hi"], { env: { OPENAI_BASE_URL: model.baseURL } });
  try {
    expect(await terminal.exited).toMatchObject({ exitCode: 0 });
    await terminal.until("without it, then");
  } finally {
    terminal.close();
  }
});

test("with -p and no question a terminal is not read: exit 2 says what is missing", async () => {
  const terminal = machine.open(["-p"]);
  try {
    expect(await terminal.exited).toMatchObject({ exitCode: 2 });
    await terminal.until("there is no question");
  } finally {
    terminal.close();
  }
});
