import { stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { freshMachine, type Machine } from "../kit/cli.ts";
import { type ModelServer, startModelServer, text, toolCall } from "../kit/model-server.ts";
import type { TerminalUnderTest } from "../kit/terminal.ts";

const echoServer = fileURLToPath(new URL("../kit/echo-server.ts", import.meta.url));

let model: ModelServer;
let machine: Machine;
const terminals: TerminalUnderTest[] = [];

beforeAll(async () => {
  // Whoever has no result yet is told to call the tool; then comes the answer.
  model = await startModelServer(({ body }) =>
    body.messages.at(-1).role === "tool" ? text("All done.") : toolCall("echo__echo", { text: "notes/a" }),
  );
});
afterAll(() => model.close());
beforeEach(async () => {
  machine = await freshMachine({ OPENAI_BASE_URL: model.baseURL, CHINGU_MODEL: "test-model" });
  const servers = { mcpServers: { echo: { command: process.execPath, args: [echoServer] } } };
  await machine.write("home/.config/chingu/mcp.json", JSON.stringify(servers));
});
afterEach(async () => {
  for (const terminal of terminals.splice(0)) terminal.close();
  await machine[Symbol.asyncDispose]();
});

function open(args: readonly string[], env: Record<string, string> = {}): TerminalUnderTest {
  const terminal = machine.open(args, { env });
  terminals.push(terminal);
  return terminal;
}

/** A key pressed twice does not answer two questions: a person waits a moment between them. */
const stillHands = () => new Promise((resolve) => setTimeout(resolve, 400));

/** What the newest request said came out of the call. */
const told = () =>
  model.requests.at(-1)?.body.messages.findLast(({ role }: { role: string }) => role === "tool")?.content;

const configure = (approval: string) => machine.write("home/.config/chingu/config.yaml", `approval:\n${approval}`);

async function ask(args: readonly string[] = []) {
  const { stdout, stderr, exitCode } = await machine.run(["go", "--output", "json", ...args]);
  return { result: JSON.parse(stdout), stderr, exitCode };
}

describe("without a terminal", () => {
  test("a call that asks is denied, the result says how to allow it, and nothing waits afterwards", async () => {
    const { result, exitCode } = await ask();
    expect(exitCode).toBe(0);
    expect(result.denied).toEqual([
      { tool: "echo__echo", arguments: '{"text":"notes/a"}', reason: expect.stringContaining("--allow echo__echo") },
    ]);
    const { stderr, exitCode: resumed } = await machine.run(["resume"]);
    expect(resumed).toBe(2);
    expect(stderr).toContain(`no tool call of the thread ${result.threadId} waits for an answer`);
  });

  test("--allow and the user's rules let it run, by its arguments too, and a deny beats both", async () => {
    expect((await ask(["--allow", "echo__echo(text=notes/*)"])).result.denied).toEqual([]);
    expect(told()).toBe("notes/a");
    expect((await ask(["--allow", "echo__echo(text=other/*)"])).result.denied).toHaveLength(1);
    await configure('  allow: ["echo__*"]\n');
    expect((await ask()).result.denied).toEqual([]);
    await machine.write("project/chingu.yaml", 'approval:\n  deny: ["*(text=notes/*)"]\n');
    expect((await ask(["--allow", "echo__echo"])).result.denied).toMatchObject([
      { reason: "denied by the rule *(text=notes/*) (project)" },
    ]);
  });

  test("a project's file allows nothing, and that is said", async () => {
    const file = await machine.write("project/chingu.yaml", 'approval:\n  allow: ["*"]\n');
    const { result, stderr } = await ask();
    expect(result.denied).toHaveLength(1);
    expect(stderr).toContain(`warning: the allow rule "*" in ${file} is ignored: a project's file may only tighten`);
  });

  test.each([
    ["the user's file", [], "echo__*(text)"],
    ["--allow", ["--allow", "echo__*("], undefined],
  ])("a rule in %s that cannot be read is a usage error that names it", async (where, args, rule) => {
    const file = rule === undefined ? where : await configure(`  deny: ["${rule}"]\n`);
    const { stdout, stderr, exitCode } = await machine.run(["go", ...args]);
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
    expect(stderr).toContain(`rule ${JSON.stringify(rule ?? args[1])} in ${file} cannot be read: `);
  });
});

test("a in the terminal shows the rule and its folder, keeps it after a yes, and the next call there runs unasked", async () => {
  const terminal = open([]);
  await terminal.until("/help");
  terminal.send("go\r");
  await terminal.until("a = always");
  terminal.send("a");
  await terminal.until("Keep this rule");
  const shown = terminal.everything().join("").replaceAll(/\s+/g, "");
  expect(shown).toContain(`Therule"allowecho__echo"wouldbekeptfor${machine.folder}`);
  await stillHands();
  terminal.send("y");
  await terminal.until("All done.");
  const file = "home/.local/state/chingu/allowed-tools.json";
  expect(JSON.parse(await machine.read(file))).toEqual({ [machine.folder]: ["echo__echo"] });
  expect((await stat(join(machine.home, ".local/state/chingu/allowed-tools.json"))).mode & 0o777).toBe(0o600);

  expect((await ask()).result.denied).toEqual([]);
  const elsewhere = await machine.run(["go", "--output", "json"], { folder: machine.home });
  expect(JSON.parse(elsewhere.stdout).denied).toHaveLength(1);
});

test("no to keeping the rule comes back to the question, and nothing is kept", async () => {
  const terminal = open([]);
  await terminal.until("/help");
  terminal.send("go\r");
  await terminal.until("a = always");
  terminal.send("ㅁ");
  await terminal.until("Keep this rule");
  await stillHands();
  terminal.send("n");
  await terminal.until(() => terminal.screen().join("\n").includes("a = always"));
  await stillHands();
  terminal.send("y");
  await terminal.until("All done.");
  expect(told()).toBe("notes/a");
  await expect(machine.read("home/.local/state/chingu/allowed-tools.json")).rejects.toThrow("ENOENT");
});

test("a plain terminal asks with y, N and always", async () => {
  const terminal = open(["go"], { TERM: "dumb" });
  await terminal.until("Allow it? [y/N/always]");
  terminal.send("always\r");
  await terminal.until("call? [y/N]");
  terminal.send("y\r");
  await terminal.until("All done.");
  expect(JSON.parse(await machine.read("home/.local/state/chingu/allowed-tools.json"))).toEqual({
    [machine.folder]: ["echo__echo"],
  });
});

test("Ctrl-C at a question leaves it open, and says how it is asked again", async () => {
  const terminal = open([]);
  await terminal.until("/help");
  terminal.send("go\r");
  await terminal.until("Allow it?");
  terminal.send("\u0003");
  await terminal.until("not answered, and not run; `chingu resume` asks again");
  await terminal.until("Stopped.");
  terminal.send("\u0004");
  await terminal.exited;
  expect((await machine.run(["resume", "--allow", "echo__echo"])).stdout).toBe("All done.\n");
  expect(told()).toBe("notes/a");
});

describe("a question that was open when the program was killed", () => {
  beforeEach(async () => {
    const terminal = open([]);
    await terminal.until("/help");
    terminal.send("go\r");
    await terminal.until("Allow it?");
    terminal.kill("SIGKILL");
    await terminal.exited;
  });

  test("goes on waiting where there is no terminal: resume says so and ends with 3", async () => {
    for (let time = 0; time < 2; time++) {
      const { stdout, exitCode } = await machine.run(["resume", "--output", "json"]);
      expect(exitCode).toBe(3);
      expect(JSON.parse(stdout)).toMatchObject({
        status: "denied",
        error: { message: "a tool call of this thread waits for an answer, and there is nobody to ask here" },
      });
    }
  });

  test("is answered with chingu resume in a terminal, and the model goes on", async () => {
    const terminal = open(["resume"]);
    await terminal.until("Allow it? [y/N/always]");
    terminal.send("y\r");
    await terminal.until("All done.");
    expect((await terminal.exited).exitCode).toBe(0);
    expect(told()).toBe("notes/a");
  });

  test("is answered by a rule of the command line, without a terminal", async () => {
    const { stdout, exitCode } = await machine.run(["resume", "--allow", "echo__*"]);
    expect({ stdout, exitCode }).toEqual({ stdout: "All done.\n", exitCode: 0 });
    expect(told()).toBe("notes/a");
  });

  test.each([
    ["terminal", "xterm-256color", "y"],
    ["terminal that only prints lines", "dumb", "y\r"],
  ])("is asked again at once by chingu --continue in a %s", async (_, TERM, yes) => {
    const terminal = open(["--continue"], { TERM });
    await terminal.until("A tool call of this thread waits for your answer.");
    await terminal.until("Allow it?");
    terminal.send(yes);
    await terminal.until("All done.");
    expect(told()).toBe("notes/a");
  });

  test("is closed as never run when something else is said", async () => {
    const { exitCode } = await machine.run(["--continue", "forget it", "--allow", "echo__*"]);
    expect(exitCode).toBe(0);
    const results = model.requests
      .at(-1)
      ?.body.messages.flatMap(({ role, content }: { role: string; content: string }) =>
        role === "tool" ? [content] : [],
      );
    expect(results).toEqual([expect.stringContaining("it was not run: nobody allowed it"), "notes/a"]);
    expect((await machine.run(["resume"])).exitCode).toBe(2);
  });
});
