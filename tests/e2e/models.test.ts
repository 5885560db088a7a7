import { expect, test } from "vitest";
import { freshMachine } from "../kit/cli.ts";
import { startModelServer } from "../kit/model-server.ts";

test("models lists what the endpoint offers and the embedded models, and marks the one that answers", async () => {
  await using model = await startModelServer([], { models: ["alpha", "beta"] });
  await using machine = await freshMachine({ OPENAI_BASE_URL: model.baseURL, CHINGU_MODEL: "beta" });
  const told = await machine.run(["models"]);
  expect(told).toMatchObject({ stderr: `model: beta at ${model.baseURL} (as asked)\n`, exitCode: 0 });
  expect(told.stdout).toMatch(/^ {2}alpha +OPENAI_BASE_URL .*\n\* beta +OPENAI_BASE_URL /);
  const rows = JSON.parse((await machine.run(["models", "list", "--output", "json"])).stdout);
  expect(rows).toMatchObject([
    { name: "alpha", from: "OPENAI_BASE_URL", chosen: false },
    { name: "beta", from: "OPENAI_BASE_URL", chosen: true },
    { name: "embedded", from: "embedded", chosen: false },
    { name: "embedded:small", from: "embedded", chosen: false },
  ]);
});

test("models goes on when the endpoint is down, and says so on stderr", async () => {
  await using machine = await freshMachine({ OPENAI_BASE_URL: "http://127.0.0.1:9/v1", CHINGU_MODEL: "x" });
  const { stdout, stderr, exitCode } = await machine.run(["models"]);
  expect(exitCode).toBe(0);
  expect(stdout).toContain("embedded:small");
  expect(stderr).toContain("OPENAI_BASE_URL: error: No model answers at http://127.0.0.1:9/v1: connection refused.");
});

test("models pull does nothing offline, nor where nobody agreed to the download: exit 5 with the way out", async () => {
  await using machine = await freshMachine();
  const offline = await machine.run(["models", "pull"], { env: { CHINGU_OFFLINE: "1", CHINGU_DOWNLOAD: "1" } });
  expect(offline).toMatchObject({ stdout: "", exitCode: 5 });
  expect(offline.stderr).toMatch(/^error: [^\n]*Qwen2\.5-Coder 1\.5B[^\n]*\n {2}[^\n]*CHINGU_OFFLINE[^\n]*\n$/);
  const unasked = await machine.run(["models", "pull", "embedded:small"]);
  expect(unasked).toMatchObject({ stdout: "", exitCode: 5 });
  expect(unasked.stderr).toContain("--yes or CHINGU_DOWNLOAD=1");
});

test("an embedded model that is not here makes a question exit 5, with the question kept", async () => {
  await using machine = await freshMachine({ CHINGU_OFFLINE: "1" });
  const { stdout, stderr, exitCode } = await machine.run(["17 * 3은?", "--model", "embedded"]);
  expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 5 });
  expect(stderr).toContain("CHINGU_OFFLINE");
  expect((await machine.run(["threads", "list"])).stdout).toContain("17 * 3은?");
});

test("models rm asks before it removes; --yes answers; a name nobody knows is a usage error", async () => {
  await using machine = await freshMachine();
  const asked = await machine.run(["models", "rm", "embedded:small"]);
  expect(asked).toMatchObject({
    stdout: "",
    stderr: "error: embedded:small was not removed\n  --yes removes it without asking\n",
    exitCode: 2,
  });
  const removed = await machine.run(["models", "rm", "embedded:small", "--yes", "--output", "json"]);
  expect(JSON.parse(removed.stdout)).toEqual([{ name: "embedded:small", freed: 0 }]);
  const unknown = await machine.run(["models", "rm", "gpt-7"]);
  expect(unknown).toMatchObject({
    stdout: "",
    stderr: 'error: there is no embedded model "gpt-7"\n  there are embedded and embedded:small\n',
    exitCode: 2,
  });
});
