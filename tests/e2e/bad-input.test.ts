import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Finished, freshMachine, type Machine } from "../kit/cli.ts";
import { html, type ModelServer, raw, startModelServer, text } from "../kit/model-server.ts";
import { startRedis } from "../kit/redis.ts";

let machine: Machine;
let model: ModelServer;
beforeAll(async () => {
  model = await startModelServer(() => text("네."), { apiKey: "sk-right" });
  machine = await freshMachine({ CHINGU_MODEL: "test-model" });
});
afterAll(async () => {
  await machine[Symbol.asyncDispose]();
  await model.close();
});

const secret = "sk-hidden-0123456789";

/** One sentence, the way out below it, and nothing that only a programmer could read. */
function expectPlain({ stdout, stderr }: Finished, what: RegExp): void {
  expect(stdout).toBe("");
  const lines = stderr.split("\n").filter((line) => !/^(model: |Asking )/.test(line));
  expect(lines).toEqual([expect.stringMatching(what), expect.stringMatching(/^ {2}\S/), ""]);
  expect(stderr).not.toMatch(/\n\s+at |node:internal|\.ts:\d|\.js:\d/);
  expect(stderr).not.toContain(secret);
}

/** The newest thread's messages, as `threads show` prints them. */
async function newestThread(env: Record<string, string> = {}): Promise<string> {
  const [thread] = JSON.parse((await machine.run(["threads", "list", "--output", "json"], { env })).stdout);
  return (await machine.run(["threads", "show", thread.id], { env })).stdout;
}

describe("a model that cannot be reached is exit 5, one sentence with the way out, and keeps the question", () => {
  test.each([
    ["nobody listens there", () => "http://127.0.0.1:9/v1", /^error: No model answers at .*connection refused\.$/],
    [
      "the key is wrong",
      () => model.baseURL,
      /^error: .* does not accept the key \(401: Incorrect API key provided\)\.$/,
    ],
    ["the path is wrong", () => `http://127.0.0.1:${model.port}/nothing/v1`, /^error: .*not.*$/],
    [
      "the address is no URL",
      () => "localhost",
      /^error: The base URL "localhost" is not an http:\/\/ or https:\/\/ URL\.$/,
    ],
    ["the host is unknown", () => "http://chingu.invalid/v1", /^error: No model answers at .*host name.*$/],
  ])("%s", async (name, url, what) => {
    const question = `질문: ${name}`;
    const ended = await machine.run([question], { env: { OPENAI_BASE_URL: url(), OPENAI_API_KEY: secret } });
    expectPlain(ended, what);
    expect(ended.exitCode).toBe(5);
    expect(await newestThread()).toMatch(new RegExp(`^── 1 · user · .*\\n${question}\\n`));
  });

  test("the address is that of a web page, with a model named or not", async () => {
    await using page = await startModelServer(() => html());
    for (const CHINGU_MODEL of ["test-model", ""]) {
      const ended = await machine.run(["질문"], { env: { OPENAI_BASE_URL: page.baseURL, CHINGU_MODEL } });
      expect(ended.exitCode).toBe(5);
      if (CHINGU_MODEL)
        expectPlain(ended, /^error: .* is not an OpenAI-compatible endpoint: it answers with a web page\.$/);
    }
  });

  test("the model is unknown there", async () => {
    await using strict = await startModelServer([], { strictModels: true, models: ["other"] });
    const ended = await machine.run(["질문"], { env: { OPENAI_BASE_URL: strict.baseURL } });
    expectPlain(ended, /^error: .* has no model "test-model" .*$/);
    expect(ended.exitCode).toBe(5);
  });

  test("as JSON: the same in the object's error, and stdout is still one line", async () => {
    const { stdout, exitCode } = await machine.run(["질문", "--output", "json"], {
      env: { OPENAI_BASE_URL: model.baseURL, OPENAI_API_KEY: secret },
    });
    expect(exitCode).toBe(5);
    expect(stdout.trimEnd()).not.toContain("\n");
    expect(JSON.parse(stdout)).toMatchObject({
      status: "failed",
      answer: "",
      error: {
        code: "model_unavailable",
        message: expect.stringContaining("does not accept the key"),
        hint: expect.any(String),
      },
    });
    expect(stdout).not.toContain(secret);
  });

  test("an endpoint that repeats the key in its words is not quoted with it", async () => {
    await using parrot = await startModelServer([raw(401, `{"error":{"message":"bad key ${secret}"}}`)]);
    const ended = await machine.run(["질문"], { env: { OPENAI_BASE_URL: parrot.baseURL, OPENAI_API_KEY: secret } });
    expectPlain(ended, /^error: .*bad key \[secret\].*$/);
  });
});

describe("a wrong command line is exit 2 and says what was meant", () => {
  test.each([
    [["--outptu", "json", "질문"], /^error: unknown option '--outptu'\n\(Did you mean --output\?\)\n/],
    [["--output", "yaml", "질문"], /Allowed choices are text, json, jsonl/],
    [["--max-steps", "0", "질문"], /whole number above 0/],
    [["threads", "lsit"], /^error: unknown command 'lsit'\n\(Did you mean list\?\)\n/],
    [["threads", "list", "--lmit", "3"], /^error: unknown option '--lmit'\n\(Did you mean --limit\?\)\n/],
    [["threads", "list", "--limit", "99999999999999999999"], /whole number above 0, and at most/],
    [["threads", "show", "x", "--at", "1e30"], /whole number above 0, and at most/],
    [["threads", "rewind", "x", "--to", "99999999999999999999"], /whole number, and at most/],
    [["threads", "show"], /missing required argument 'id'/],
    [["models", "rm"], /missing required argument 'name'/],
    [["tools", "are", "great"], /too many arguments for 'tools'/],
  ])("%j", async (args, what) => {
    const { stdout, stderr, exitCode } = await machine.run(args);
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
    expect(stderr).toMatch(what);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});

describe("a configuration that cannot be used is exit 2 and names the file", () => {
  const cases: readonly [string, string, RegExp][] = [
    ["an unknown key", "modle: x\n", /there is no setting `modle`/],
    ["a wrong value", "maxSteps: many\n", /`maxSteps`: expected number, received string/],
    ["a wrong duration", "timeouts:\n  tool: soon\n", /`timeouts\.tool`: is not a duration such as 20s or 5m/],
    ["no YAML", "model: [unclosed\n", /line 2/],
    ["a key that is shown to nobody", `providers:\n  x: {apiKey: ${secret}, baseURL: 7}\n`, /providers\.x\.baseURL/],
  ];
  test.each(cases)("%s", async (_, yaml, what) => {
    await using own = await freshMachine({ OPENAI_BASE_URL: model.baseURL });
    const file = await own.write("home/.config/chingu/config.yaml", yaml);
    const ended = await own.run(["질문"]);
    expectPlain(
      ended,
      new RegExp(`^error: the configuration ${RegExp.escape(file)} cannot be used: .*(${what.source})`),
    );
    expect(ended.exitCode).toBe(2);
  });

  test("a file that may not be read, or is a folder", async () => {
    await using own = await freshMachine();
    // A folder of that name cannot be read by anyone, not even by root.
    await own.write("home/.config/chingu/config.yaml/inside", "");
    const ended = await own.run(["질문"]);
    expectPlain(ended, /^error: the configuration .*config\.yaml cannot be used: it is a folder, not a file$/);
    expect(ended.exitCode).toBe(2);
  });

  test("a project's file that points keys, rights or memory elsewhere", async () => {
    for (const [key, yaml] of [
      ["providers", "providers: {x: {baseURL: 'http://evil.example/v1'}}\n"],
      ["allow", "allow: ['*']\n"],
      ["memory", "memory: {url: 'redis://evil.example'}\n"],
    ] as const) {
      await using own = await freshMachine();
      const file = await own.write("project/chingu.yaml", yaml);
      const ended = await own.run(["질문"]);
      expectPlain(ended, new RegExp(`^error: the configuration ${RegExp.escape(file)} cannot be used: .*\`${key}\``));
      expect(ended.exitCode).toBe(2);
    }
  });
});

describe("a store that cannot be used", () => {
  const env = { OPENAI_API_KEY: "sk-right" };
  const ask = (memory: string, more: readonly string[] = []) =>
    machine.run(["질문", "--memory", memory, ...more], { env: { ...env, OPENAI_BASE_URL: model.baseURL } });

  test("Redis that is down is exit 5 with the way out, and the password stays hidden", async () => {
    const ended = await ask(`redis://user:${secret}@127.0.0.1:9/0`);
    expectPlain(ended, /^error: .*127\.0\.0\.1:9.*$/);
    expect(ended.exitCode).toBe(5);
    const json = await ask(`redis://user:${secret}@127.0.0.1:9/0`, ["--output", "json"]);
    expect(json.exitCode).toBe(5);
    expect(JSON.parse(json.stdout)).toMatchObject({ status: "failed", error: { code: "store_unavailable" } });
    expect(json.stdout + json.stderr).not.toContain(secret);
  });

  test("Redis that hangs is exit 5 as well", async () => {
    const redis = await startRedis();
    try {
      redis.freeze();
      const ended = await ask(redis.url);
      expectPlain(ended, /^error: .*$/);
      expect(ended.exitCode).toBe(5);
    } finally {
      await redis.stop();
    }
  });

  test("an unknown scheme is exit 2, names the forms there are, and shows nothing of the URL", async () => {
    const ended = await ask(`postgres://user:${secret}@db/chingu`);
    expectPlain(ended, /^error: No store can be opened from a URL with postgres:\.$/);
    expect(ended.stderr).toContain("redis://HOST:PORT/DB, rediss://HOST:PORT/DB, sqlite:PATH or memory:");
    expect(ended.exitCode).toBe(2);
  });

  test("a file that is no database is left as it is", async () => {
    const file = await machine.write("home/notes.txt", "내 메모입니다. 데이터베이스가 아닙니다.\n".repeat(50));
    const ended = await ask(`sqlite:${file}`);
    expectPlain(ended, /^error: .*notes\.txt.*$/);
    expect([1, 5]).toContain(ended.exitCode);
    expect(await machine.read("home/notes.txt")).toBe("내 메모입니다. 데이터베이스가 아닙니다.\n".repeat(50));
  });

  test("a file where nothing can ever be made ends with a sentence, and does end", async () => {
    await using own = await freshMachine({ OPENAI_BASE_URL: model.baseURL, CHINGU_MODEL: "x" });
    const ended = await own.run(["--memory", "sqlite:/proc/nothing/here.db", "질문"]);
    expectPlain(ended, /^error: .*cannot be opened.*$/);
    expect(ended.exitCode).toBe(5);
  });

  test("a data folder that cannot be made is one sentence too", async () => {
    await using own = await freshMachine({ OPENAI_BASE_URL: model.baseURL, CHINGU_MODEL: "x" });
    await own.write("home/.local", "a file where a folder should be");
    const ended = await own.run(["질문"]);
    expectPlain(ended, /^error: .*$/);
    expect(ended.exitCode).toBe(5);
  });
});
