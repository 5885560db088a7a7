import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type Finished, freshMachine } from "../kit/cli.ts";
import { httpError, startModelServer, text, toolCall } from "../kit/model-server.ts";

const echoPath = fileURLToPath(new URL("../kit/echo-server.ts", import.meta.url));

/** Colour, window title, clipboard, screen, 8-bit forms, a carriage return that overwrites, bidi and invisible text. */
const hostile =
  "a\u001b[31mb\u001b]0;owned\u0007c\u001b]52;c;cm0gLXJm\u0007d\u001b[2Je\u009b31mf\u009d0;x\u009cg\rh\u0008i\u202ej\u200bk\u{e0041}l";
// biome-ignore lint/suspicious/noControlCharactersInRegex: this is what must not be there
const raw = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u200b]|[\u{e0000}-\u{e007f}]/u;

function expectHarmless({ stdout, stderr }: Finished): void {
  expect(stdout).not.toMatch(raw);
  expect(stderr).not.toMatch(raw);
}

test("escapes in the model's answer reach neither stdout nor stderr, streamed or not", async () => {
  await using machine = await freshMachine({ CHINGU_MODEL: "test-model" });
  for (const flags of [[], ["--stream"]]) {
    // One character a piece: every sequence is split at every place.
    await using model = await startModelServer([text([...hostile, "\n", "끝"])]);
    const ended = await machine.run(["말해 줘", ...flags], { env: { OPENAI_BASE_URL: model.baseURL } });
    expectHarmless(ended);
    expect(ended.stdout).toMatch(/^a.*b.*c/);
    expect(ended.stdout.endsWith("\n끝\n")).toBe(true);
    expect(ended.exitCode).toBe(0);
  }
});

test("escapes in a question, and so in a thread's title, are shown by no list and no thread", async () => {
  await using model = await startModelServer(() => text(hostile));
  await using machine = await freshMachine({ OPENAI_BASE_URL: model.baseURL, CHINGU_MODEL: "test-model" });
  await machine.run(["-p"], { stdin: { text: hostile } });
  expectHarmless(await machine.run(["threads", "list"]));
  const [thread] = JSON.parse((await machine.run(["threads", "list", "--output", "json"])).stdout);
  expectHarmless(await machine.run(["threads", "show", thread.id]));
  // For a program nothing is lost: JSON escapes what a terminal must not see.
  const json = await machine.run(["threads", "show", thread.id, "--output", "json"]);
  expect(json.stdout).not.toContain("\u001b");
  expect(JSON.parse(json.stdout).messages[0].parts[0].text).toBe(hostile);
});

test("escapes in tool names, arguments, results and server names stay out of what a person reads", async () => {
  await using model = await startModelServer([
    toolCall("evil\u001b]0;owned\u0007", { text: hostile }),
    toolCall("echo__echo", { text: hostile }),
    toolCall("run_python", { code: `print(${JSON.stringify(hostile)})` }),
    text("끝"),
  ]);
  await using machine = await freshMachine({ OPENAI_BASE_URL: model.baseURL, CHINGU_MODEL: "test-model" });
  const config = { mcpServers: { echo: { command: process.execPath, args: [echoPath, "escapes"] } } };
  await machine.write("home/.config/chingu/mcp.json", JSON.stringify(config));
  expectHarmless(await machine.run(["tools"]));
  expectHarmless(await machine.run(["해 줘", "--allow", "echo__*", "--verbose"]));
  const [thread] = JSON.parse((await machine.run(["threads", "list", "--output", "json"])).stdout);
  expectHarmless(await machine.run(["threads", "show", thread.id]));
});

test("escapes in an endpoint's error, in a configuration and in a folder's name stay out as well", async () => {
  await using model = await startModelServer([httpError(400, hostile)]);
  await using machine = await freshMachine({ CHINGU_MODEL: "test-model" });
  expectHarmless(await machine.run(["네?"], { env: { OPENAI_BASE_URL: model.baseURL } }));
  expectHarmless(await machine.run(["네?", "--model", hostile], { env: { OPENAI_BASE_URL: "http://127.0.0.1:9/v1" } }));
  expectHarmless(await machine.run(["--thread", hostile, "네?"]));
  expectHarmless(await machine.run(["models", "rm", hostile]));
  expectHarmless(await machine.run([`--${hostile.replaceAll("\n", "")}`]));
  await machine.write("project/chingu.yaml", `"${"\\u001b"}[31mkey": 1\n`);
  expectHarmless(await machine.run(["네?"]));
});
