import { stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { freshMachine } from "../kit/cli.ts";
import { startModelServer, text } from "../kit/model-server.ts";

const configFile = "home/.config/chingu/config.yaml";
const flags = (baseURL: string) =>
  ["setup", "--provider", "custom", "--base-url", baseURL, "--model", "test-model", "--key-env", "MY_KEY"] as const;

describe("chingu setup", () => {
  test("by flags: checks with one small call, writes a file only its owner reads, and then questions are answered", async () => {
    await using model = await startModelServer([text("OK"), text("네.")], { apiKey: "sk-right" });
    await using machine = await freshMachine({ MY_KEY: "sk-right" });
    const done = await machine.run(flags(model.baseURL));
    const path = join(machine.home, ".config/chingu/config.yaml");
    expect(done).toMatchObject({ stdout: `custom/test-model answers. Written to ${path}.\n`, exitCode: 0 });
    expect(model.requests).toHaveLength(1);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await machine.read(configFile)).toBe(
      `model: custom/test-model\nproviders:\n  custom:\n    baseURL: ${model.baseURL}\n    apiKeyEnv: MY_KEY\n`,
    );
    const answered = await machine.run(["있니?"]);
    expect(answered).toMatchObject({ stdout: "네.\n", exitCode: 0 });
    expect(answered.stderr).toBe(`model: test-model at ${model.baseURL} (provider custom)\n`);
    expect(model.requests[1]?.headers["authorization"]).toBe("Bearer sk-right");
  });

  test("keeps what else stands in the file, comments too", async () => {
    await using model = await startModelServer([text("OK")]);
    await using machine = await freshMachine({ MY_KEY: "sk-right" });
    await machine.write(configFile, "# mine\nsystem: 반말로 답해 줘 # always\n");
    expect((await machine.run(flags(model.baseURL))).exitCode).toBe(0);
    expect(await machine.read(configFile)).toMatch(
      /^# mine\nsystem: 반말로 답해 줘 # always\nmodel: custom\/test-model\n/,
    );
  });

  test("a wrong key, a closed port or a page that is no endpoint: exit 5, nothing written, no key shown", async () => {
    await using model = await startModelServer([], { apiKey: "sk-right" });
    await using machine = await freshMachine({ MY_KEY: "sk-wrong-and-secret" });
    for (const [url, what] of [
      [model.baseURL, "does not accept the key"],
      ["http://127.0.0.1:9/v1", "No model answers at"],
      [`http://127.0.0.1:${model.port}/elsewhere`, "does not accept the key"],
    ] as const) {
      const { stdout, stderr, exitCode } = await machine.run(flags(url));
      expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 5 });
      expect(stderr).toContain(what);
      expect(stderr).not.toContain("sk-wrong-and-secret");
    }
    await expect(machine.read(configFile)).rejects.toThrow("ENOENT");
  });

  test("says which flag is missing instead of asking where there is no terminal", async () => {
    await using machine = await freshMachine();
    for (const [args, error] of [
      [[], "setup asks questions and there is no terminal to ask them in"],
      [["--provider", "nobody"], 'there is no provider "nobody"'],
      [["--provider", "custom"], "custom needs its endpoint"],
      [["--provider", "ollama"], "setup needs a model"],
      [["--provider", "openai", "--model", "m"], "the variable OPENAI_API_KEY holds no key"],
    ] as const) {
      const { stdout, stderr, exitCode } = await machine.run(["setup", ...args]);
      expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
      expect(stderr).toMatch(new RegExp(`^error: ${RegExp.escape(error)}\\n {2}[^\\n]+\\n$`));
    }
  });
});

describe("chingu doctor", () => {
  test("exit 0 when every part of a turn works, one line each", async () => {
    await using model = await startModelServer([text("OK"), text("OK")]);
    await using machine = await freshMachine({ OPENAI_BASE_URL: model.baseURL, CHINGU_MODEL: "test-model" });
    const { stdout, exitCode } = await machine.run(["doctor"]);
    expect(stdout).not.toContain("FAIL");
    expect(exitCode).toBe(0);
    const checks = JSON.parse((await machine.run(["doctor", "--output", "json"])).stdout);
    expect(checks.map(({ check, ok }: { check: string; ok: boolean }) => `${check}: ${ok}`)).toEqual([
      "node: true",
      "config: true",
      "data folder: true",
      "cache folder: true",
      "state folder: true",
      "store: true",
      "model: true",
      "calculate: true",
      "run_python: true",
      "instructions: true",
    ]);
  });

  test("exit 1 when something does not work: it names the part and the way out, and looks at the rest", async () => {
    await using machine = await freshMachine({
      OPENAI_BASE_URL: "http://127.0.0.1:9/v1",
      CHINGU_MODEL: "x",
      CHINGU_MEMORY_URL: "redis://:hidden@127.0.0.1:9/0",
    });
    const { stdout, stderr, exitCode } = await machine.run(["doctor"]);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^FAIL {2}store +.*127\.0\.0\.1:9.*\n {20}\S/m);
    expect(stdout).toMatch(/^FAIL {2}model +No model answers at .*\n {20}\S/m);
    expect(stdout).toMatch(/^ok {4}run_python +computes$/m);
    expect(stdout + stderr).not.toContain("hidden");
  });
});
