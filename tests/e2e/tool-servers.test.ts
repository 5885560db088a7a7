import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cliPath, freshMachine, type Machine } from "../kit/cli.ts";
import type { EchoMode } from "../kit/echo-server.ts";
import { startModelServer, text, toolCall } from "../kit/model-server.ts";

const echoPath = fileURLToPath(new URL("../kit/echo-server.ts", import.meta.url));
const servers = (named: Readonly<Record<string, EchoMode>>): string =>
  JSON.stringify({
    mcpServers: Object.fromEntries(
      Object.entries(named).map(([name, mode]) => [name, { command: process.execPath, args: [echoPath, mode] }]),
    ),
  });
const userFile = "home/.config/chingu/mcp.json";

const ours = [
  "calculate",
  "memory_forget",
  "memory_save",
  "memory_search",
  "read_output",
  "run_javascript",
  "run_python",
];

/** The first column of `chingu tools`. */
const names = (stdout: string): string[] =>
  stdout
    .trimEnd()
    .split("\n")
    .map((line) => line.split(" ")[0] ?? "");

describe("chingu tools", () => {
  test("lists our own tools for a person and for a program", async () => {
    await using machine = await freshMachine();
    const told = await machine.run(["tools"]);
    expect(names(told.stdout)).toEqual(ours);
    const json = JSON.parse((await machine.run(["tools", "--output", "json"])).stdout);
    expect(json).toMatchObject([
      { name: "calculate", server: "chingu" },
      ...ours.slice(1, -1).map((name) => ({ name })),
      { name: "run_python" },
    ]);
  });

  test("starts the servers of the user's own mcp.json", async () => {
    await using machine = await freshMachine();
    await machine.write(userFile, servers({ echo: "plain" }));
    const { stdout, stderr, exitCode } = await machine.run(["tools"]);
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    expect(names(stdout)).toEqual(expect.arrayContaining(["calculate", "echo__echo", "echo__add"]));
  });

  test("starts no server of a project's .mcp.json that nobody agreed to, and says how to", async () => {
    await using machine = await freshMachine();
    const file = await machine.write("project/.mcp.json", servers({ echo: "plain" }));
    const { stdout, stderr, exitCode } = await machine.run(["tools"]);
    expect(names(stdout)).toEqual(ours);
    expect(exitCode).toBe(0);
    expect(stderr).toBe(
      `warning: The tool servers in ${file} were not started: a project's servers need your consent first.\n` +
        `  Run chingu here in a terminal to be asked, or put the servers you trust into ${machine.home}/.config/chingu/mcp.json.\n`,
    );
  });

  test("asks about a project's servers in a terminal, shows what would start, and remembers a yes for that content", async () => {
    await using machine = await freshMachine();
    await machine.write("project/.mcp.json", servers({ echo: "plain" }));
    const terminal = machine.open(["tools"]);
    try {
      await terminal.until(/\[y\/N\]/);
      expect(terminal.everything().join("")).toContain(`"command":"${process.execPath}"`);
      terminal.send("y\r");
      expect((await terminal.exited).exitCode).toBe(0);
    } finally {
      terminal.close();
    }
    expect(names((await machine.run(["tools"])).stdout)).toContain("echo__echo");
    await machine.write("project/.mcp.json", servers({ echo: "noise" }));
    expect(names((await machine.run(["tools"])).stdout)).not.toContain("echo__echo");
  });

  test("a server that does not start is one clear sentence, and the others work", async () => {
    await using machine = await freshMachine();
    await machine.write(userFile, servers({ echo: "plain", broken: "exit" }));
    const { stdout, stderr, exitCode } = await machine.run(["tools"]);
    expect(names(stdout)).toContain("echo__echo");
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/^warning: [^\n]*"?broken"?[^\n]*no licence found[^\n]*\n {2}[^\n]+\n$/);
  });

  test("a servers file that is no JSON names the file and never quotes it", async () => {
    await using machine = await freshMachine();
    const file = await machine.write(userFile, '{"mcpServers": {"x": {"env": {"KEY": "sk-hidden"}');
    const { stdout, stderr, exitCode } = await machine.run(["tools"]);
    expect(names(stdout)).toEqual(ours);
    expect(exitCode).toBe(0);
    expect(stderr).toContain(file);
    expect(stderr).not.toContain("sk-hidden");
  });
});

describe("a foreign tool", () => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await freshMachine({ CHINGU_MODEL: "test-model" });
    await machine.write(userFile, servers({ echo: "plain" }));
  });
  afterAll(() => machine[Symbol.asyncDispose]());

  test("is denied where nobody can be asked: the model is told, the JSON says so, the answer is exit 0", async () => {
    await using model = await startModelServer([
      toolCall("echo__echo", { text: "안녕" }),
      text("그 도구는 못 씁니다."),
    ]);
    const { stdout, exitCode } = await machine.run(["메아리", "--output", "json"], {
      env: { OPENAI_BASE_URL: model.baseURL },
    });
    expect(exitCode).toBe(0);
    const reason =
      "echo__echo needs a yes: it comes from the server echo, and there is nobody to ask; --allow echo__echo allows it";
    expect(JSON.parse(stdout)).toMatchObject({
      status: "completed",
      answer: "그 도구는 못 씁니다.",
      denied: [{ tool: "echo__echo", arguments: '{"text":"안녕"}', reason }],
    });
    expect(model.requests[1]?.body.messages.at(-1)?.content).toContain(reason);
  });

  test("that a denial leaves without an answer is exit 3", async () => {
    await using model = await startModelServer([toolCall("echo__echo", { text: "안녕" }), text(""), text("")]);
    const { stdout, stderr, exitCode } = await machine.run(["메아리"], { env: { OPENAI_BASE_URL: model.baseURL } });
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 3 });
    expect(stderr).toContain("--allow echo__echo allows it");
  });

  test("--yes approves no tool", async () => {
    await using model = await startModelServer([toolCall("echo__echo", { text: "안녕" }), text("못 씁니다.")]);
    const { stderr } = await machine.run(["메아리", "--yes"], { env: { OPENAI_BASE_URL: model.baseURL } });
    expect(stderr).toContain("denied: echo__echo (");
  });

  test("runs with --allow echo__*, and what it calls a receipt is none", async () => {
    await using model = await startModelServer([toolCall("echo__forge", {}), text("5라고 합니다.")]);
    const { stdout, exitCode } = await machine.run(["2 + 2?", "--allow", "echo__*", "--output", "json"], {
      env: { OPENAI_BASE_URL: model.baseURL },
    });
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ status: "completed", denied: [], receipts: [] });
    expect(model.requests[1]?.body.messages.at(-1)?.content).toContain("2 + 2 = 5");
  });

  test("gets nothing of the environment but what it needs to run", async () => {
    await using model = await startModelServer([toolCall("echo__env", {}), text("봤습니다.")]);
    await machine.run(["환경", "--allow", "echo__env"], {
      env: { OPENAI_BASE_URL: model.baseURL, OPENAI_API_KEY: "sk-very-secret", CHINGU_LANG: "en" },
    });
    const seen = model.requests[1]?.body.messages.at(-1)?.content;
    expect(seen).toContain("PATH");
    expect(seen).not.toMatch(/sk-very-secret|OPENAI|CHINGU_/);
  });
});

describe("chingu mcp serve", () => {
  test("serves our tools to another MCP client over standard input and output, until it hangs up", async () => {
    await using machine = await freshMachine();
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [cliPath, "mcp", "serve"],
      env: { PATH: process.env["PATH"] ?? "", HOME: machine.home },
      stderr: "pipe",
    });
    const client = new Client({ name: "stranger", version: "1.0.0" });
    await client.connect(transport);
    try {
      const { tools } = await client.listTools();
      expect(tools.map(({ name }) => name).sort()).toEqual(["calculate", "run_javascript", "run_python"]);
      const answer = await client.callTool({ name: "calculate", arguments: { expression: "2^10" } });
      expect(answer.content).toEqual([{ type: "text", text: expect.stringContaining("1024") }]);
      expect(await client.callTool({ name: "calculate", arguments: { expression: "2 +" } })).toMatchObject({
        isError: true,
      });
    } finally {
      await client.close();
    }
  });
});
