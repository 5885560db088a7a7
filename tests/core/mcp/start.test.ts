import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { call, content, echo, echoFile, open } from "./open.ts";

test("a server whose command exits is a failure with command, exit code and its last words", async () => {
  const { failures } = await open({ servers: { files: echo("exit") } });

  expect(failures).toHaveLength(1);
  expect(failures[0]).toMatchObject({ code: "tool_server_unavailable", hint: expect.stringContaining("mcp.json") });
  for (const part of ['"files"', "echo-server.ts exit", "exit code 7", "echo: no licence found"]) {
    expect(failures[0]?.message).toContain(part);
  }
});

test("a command or folder that does not exist is a failure that names it", async () => {
  const { failures } = await open({
    servers: {
      files: { type: "stdio", command: "no-such-program-here" },
      notes: { type: "stdio", command: process.execPath, cwd: "/no/such/folder" },
    },
  });

  expect(failures.map(({ message }) => message)).toEqual([
    expect.stringMatching(/"files" \(no-such-program-here\) did not start: there is no command no-such-program-here/),
    expect.stringMatching(/"notes" .* did not start: its folder \/no\/such\/folder does not exist/),
  ]);
});

test("a server that never answers is given up after the start timeout", async () => {
  const { failures } = await open({ servers: { files: echo("silent") }, limits: { startTimeoutMs: 500 } });

  expect(failures.map(({ message }) => message)).toEqual([expect.stringContaining("did not answer within 0.5 s")]);
});

test("one server that fails costs the others nothing", async () => {
  const { toolbox, failures } = await open({
    servers: { a: echo("exit"), b: echo(), c: echo("silent") },
    limits: { startTimeoutMs: 3_000 },
  });

  expect(failures).toHaveLength(2);
  expect(await content(call(toolbox, "b__echo", { text: "here" }))).toBe("here");
});

test("a server that was too slow for the start comes in when it is ready", async () => {
  const { toolbox, failures } = await open({ servers: { echo: echo() }, signal: AbortSignal.abort() });

  expect(failures).toHaveLength(1);
  await vi.waitFor(() => expect(toolbox.list().map(({ name }) => name)).toContain("echo__echo"), { timeout: 10_000 });
});

test("a call to a server that cannot be started again says why, and the server is back once it can", async () => {
  const folder = await mkdtemp(join(tmpdir(), "chingu-mcp-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const program = join(folder, "server.mjs");
  await symlink(echoFile, program);
  const { toolbox } = await open({
    servers: { echo: { type: "stdio", command: process.execPath, args: [program] } },
    limits: { restartDelayMs: 1 },
  });
  await rm(program);
  await writeFile(program, 'console.error("out of order"); process.exit(9);');
  await call(toolbox, "echo__crash");

  const { outcome } = await call(toolbox, "echo__echo", { text: "lost" });
  expect(outcome).toMatchObject({ kind: "error", code: "failed" });
  expect(outcome).toMatchObject({ message: expect.stringMatching(/exit code 9.*out of order/) });

  await rm(program);
  await symlink(echoFile, program);
  expect(await content(call(toolbox, "echo__echo", { text: "back" }))).toBe("back");
});

test("secrets given to a server are not shown when it does not start", async () => {
  const { failures } = await open({
    servers: {
      files: {
        type: "stdio",
        command: process.execPath,
        args: ["-e", "console.error('bad key ' + process.env.KEY); process.exit(1)", "--", "--token=abc-secret-arg"],
        env: { KEY: "very-secret-key" },
        secrets: ["abc-secret-arg"],
      },
    },
  });

  expect(failures[0]?.message).toContain("bad key …");
  expect(JSON.stringify(failures)).not.toMatch(/very-secret-key|abc-secret-arg/);
});
