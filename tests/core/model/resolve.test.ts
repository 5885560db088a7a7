import { configSchema } from "@chingu/core";
import { describe, expect, test } from "vitest";
import type { LocalServer, ModelList } from "../../../packages/core/src/model/discover.ts";
import {
  describeChoice,
  type ModelChoice,
  type ResolveDeps,
  resolveModel,
} from "../../../packages/core/src/model/resolve.ts";
import { never } from "./support.ts";

const ollama: LocalServer = {
  name: "Ollama",
  baseURL: "http://127.0.0.1:11434/v1",
  models: ["nomic-embed-text", "qwen3:latest", "llama3.2"],
};
const llamaCpp: LocalServer = { name: "llama.cpp", baseURL: "http://127.0.0.1:8080/v1", models: ["gemma"] };
const down: ModelList = {
  kind: "failed",
  failure: { code: "model_unavailable", message: "No model answers at http://box:8000/v1.", retryable: false },
};

interface World extends Partial<Omit<ResolveDeps, "discover" | "listModels">> {
  readonly servers?: readonly LocalServer[];
  readonly lists?: ModelList;
}

/** Resolves in a world where nothing is set up but what is given, and the embedded model is there. */
const resolveIn = ({ servers = [], lists = down, ...deps }: World, signal = never) =>
  resolveModel(
    {
      environment: {},
      config: {},
      embeddedAvailable: true,
      discover: async () => servers,
      listModels: async () => lists,
      ...deps,
    },
    signal,
  );

async function choose(world: World): Promise<ModelChoice> {
  const resolution = await resolveIn(world);
  if (resolution.kind === "failed") throw new Error(resolution.failure.message);
  return resolution.choice;
}

async function fail(world: World) {
  const resolution = await resolveIn(world);
  if (resolution.kind !== "failed") throw new Error(`resolved: ${describeChoice(resolution.choice)}`);
  return resolution.failure;
}

const config = {
  providers: {
    work: { baseURL: "https://llm.example/v1/", apiKeyEnv: "WORK_KEY", headers: { "x-team": "a" } },
    home: { baseURL: "http://127.0.0.1:9000/v1" },
  },
  aliases: { fast: "home/tiny", local: "embedded:small", plain: "gpt-5" },
};

describe("a model that is named", () => {
  test("`provider/model` is that model at the configured provider, with its key from the environment", async () => {
    const environment = { WORK_KEY: "w", OPENAI_API_KEY: "o", OPENAI_BASE_URL: "http://box:8000/v1" };
    expect(await choose({ requested: "work/team/large", environment, config })).toEqual({
      kind: "endpoint",
      model: "team/large",
      baseURL: "https://llm.example/v1",
      apiKey: "w",
      headers: { "x-team": "a" },
      reason: "provider work",
    });
  });

  test("at a provider that speaks another API is asked over it", async () => {
    const speaking = { providers: { home: { ...config.providers.home, api: "responses" as const } } };
    expect(await choose({ requested: "home/tiny", config: speaking })).toMatchObject({ api: "responses" });
  });

  test("at a provider whose key is not set is an error", async () => {
    expect(await fail({ requested: "work/large", environment: { WORK_KEY: "" }, config })).toEqual({
      code: "model_unavailable",
      message: "The provider work takes its key from WORK_KEY, which is not set.",
      hint: "Set WORK_KEY, or run `chingu setup`.",
    });
  });

  test.each([
    ["fast", { kind: "endpoint", model: "tiny", baseURL: "http://127.0.0.1:9000/v1", reason: "provider home" }],
    ["local", { kind: "embedded", size: "small", reason: "alias local" }],
    [
      "plain",
      { kind: "endpoint", model: "gpt-5", baseURL: "https://api.openai.com/v1", apiKey: "o", reason: "alias plain" },
    ],
  ])("by the alias `%s` is what the alias stands for", async (requested, expected) => {
    expect(await choose({ requested, environment: { OPENAI_API_KEY: "o" }, config })).toEqual(expected);
  });

  test.each([
    ["embedded", "default"],
    ["embedded:small", "small"],
  ])("`%s` is the embedded model, whatever endpoint is set", async (requested, size) => {
    const environment = { OPENAI_API_KEY: "o", CHINGU_MODEL: "gpt-5" };
    expect(await choose({ requested, environment })).toEqual({ kind: "embedded", size, reason: "as asked" });
  });

  test("`embedded:huge` is an error", async () => {
    expect(await fail({ requested: "embedded:huge" })).toEqual({
      code: "model_unavailable",
      message: 'There is no embedded model "embedded:huge".',
      hint: "There are `embedded` and `embedded:small`.",
    });
  });

  test("by any other name goes as it is to OPENAI_BASE_URL", async () => {
    const environment = { OPENAI_BASE_URL: "http://box:8000/v1" };
    expect(await choose({ requested: "org/qwen3:8b", environment, config, servers: [ollama] })).toEqual({
      kind: "endpoint",
      model: "org/qwen3:8b",
      baseURL: "http://box:8000/v1",
      reason: "as asked",
    });
  });

  test.each([
    ["llama3.2", ollama.baseURL, "llama3.2", "Ollama on this machine"],
    ["qwen3", ollama.baseURL, "qwen3:latest", "Ollama on this machine"],
    ["gemma", llamaCpp.baseURL, "gemma", "llama.cpp on this machine"],
  ])("`%s` is found on a local server where no endpoint is set", async (requested, baseURL, model, reason) => {
    expect(await choose({ requested, servers: [ollama, llamaCpp] })).toEqual({
      kind: "endpoint",
      model,
      baseURL,
      reason,
    });
  });

  test("and is nowhere is an error that names what there is", async () => {
    expect(await fail({ requested: "gpt-5", servers: [llamaCpp] })).toEqual({
      code: "model_unavailable",
      message: 'Nothing is set up that has the model "gpt-5": on this machine there are gemma.',
      hint: "Set OPENAI_BASE_URL and OPENAI_API_KEY for its endpoint, run `chingu setup`, or see `chingu models`.",
    });
  });

  test("by CHINGU_MODEL counts where the flag and the configuration name none", async () => {
    const environment = { OPENAI_API_KEY: "o", CHINGU_MODEL: "gpt-5" };
    expect(await choose({ environment })).toMatchObject({ model: "gpt-5" });
    expect(await choose({ requested: "gpt-4.1", environment })).toMatchObject({ model: "gpt-4.1" });
  });
});

describe("without a name", () => {
  test("a key alone means OpenAI's own endpoint", async () => {
    expect(await choose({ environment: { OPENAI_API_KEY: "o" }, servers: [ollama] })).toEqual({
      kind: "endpoint",
      model: "gpt-5-mini",
      baseURL: "https://api.openai.com/v1",
      apiKey: "o",
      reason: "OPENAI_API_KEY",
    });
  });

  test("a base URL means the first model there that chats", async () => {
    const lists: ModelList = { kind: "models", models: ["text-embedding-3", "qwen3", "llama"] };
    const environment = { OPENAI_BASE_URL: "http://box:8000/v1/" };
    expect(await choose({ environment, lists, servers: [ollama] })).toEqual({
      kind: "endpoint",
      model: "qwen3",
      baseURL: "http://box:8000/v1",
      reason: "OPENAI_BASE_URL",
    });
  });

  test("a configured endpoint that is down is an error, though another model is there", async () => {
    const environment = { OPENAI_BASE_URL: "http://box:8000/v1" };
    expect(await fail({ environment, servers: [ollama] })).toMatchObject({
      message: "No model answers at http://box:8000/v1.",
    });
  });

  test("a configured endpoint without a model is an error", async () => {
    const environment = { OPENAI_BASE_URL: "http://box:8000/v1" };
    expect(await fail({ environment, lists: { kind: "models", models: [] } })).toEqual({
      code: "model_unavailable",
      message: "http://box:8000/v1 lists no model.",
      hint: "Load a model there, or name one with CHINGU_MODEL or `--model`.",
    });
  });

  test.each(["localhost:8000/v1", "box", "ftp://box/v1"])(
    "the base URL `%s` is an error that quotes it",
    async (url) => {
      const failure = await fail({ environment: { OPENAI_BASE_URL: url } });
      expect(failure).toEqual({
        code: "model_unavailable",
        message: `The base URL "${url}" is not an http:// or https:// URL.`,
        hint: "Check OPENAI_BASE_URL, or the provider's `baseURL` in the configuration.",
      });
    },
  );

  test("empty variables count as unset, and a local server is used", async () => {
    const environment = { OPENAI_API_KEY: "", OPENAI_BASE_URL: " ", CHINGU_MODEL: "" };
    expect(await choose({ environment, servers: [ollama, llamaCpp] })).toEqual({
      kind: "endpoint",
      model: "qwen3:latest",
      baseURL: "http://127.0.0.1:11434/v1",
      reason: "Ollama on this machine",
    });
  });

  test("and without a server the embedded model answers", async () => {
    expect(await choose({})).toEqual({ kind: "embedded", size: "default", reason: "nothing else is set up" });
  });

  test("and without the embedded model the error says the ways out", async () => {
    expect(await fail({ embeddedAvailable: false })).toEqual({
      code: "model_unavailable",
      message:
        "There is no model: no key or base URL is set, no model server runs on this machine, and the embedded model is not available here.",
      hint: "Run `chingu setup`, set OPENAI_API_KEY or OPENAI_BASE_URL, or start Ollama, LM Studio or a llama.cpp server.",
    });
  });
});

test("an abort is told as one", async () => {
  expect(await resolveIn({}, AbortSignal.abort())).toMatchObject({ kind: "failed", failure: { code: "aborted" } });
});

test.each<[ModelChoice, string]>([
  [
    { kind: "endpoint", model: "qwen3", baseURL: ollama.baseURL, reason: "Ollama on this machine" },
    "model: qwen3 at http://127.0.0.1:11434/v1 (Ollama on this machine)",
  ],
  [
    { kind: "endpoint", model: "m", baseURL: "https://me:secret@box/v1?key=x", apiKey: "k", reason: "OPENAI_BASE_URL" },
    "model: m at https://box/v1 (OPENAI_BASE_URL)",
  ],
  [{ kind: "embedded", size: "small", reason: "as asked" }, "model: embedded:small, on this machine (as asked)"],
])("the choice is said in one line without secrets: %#", (choice, line) => {
  expect(describeChoice(choice)).toBe(line);
});

test("a provider's base URL must be http or https, and a misspelt setting is an error", () => {
  expect(configSchema.safeParse({ providers: { one: { baseURL: "http://127.0.0.1:11434/v1" } } }).success).toBe(true);
  expect(configSchema.safeParse({ providers: { one: { baseURL: "127.0.0.1:11434" } } }).success).toBe(false);
  expect(configSchema.safeParse({ providers: { one: { baseURL: "http://box/v1", api_key: "x" } } }).success).toBe(
    false,
  );
});

test("a provider's name with a slip goes to no house that nobody named, though a key for one is there", async () => {
  const world = { config, requested: "nope/model", environment: { OPENAI_API_KEY: "key" } };
  expect(await fail(world)).toMatchObject({ message: 'There is no provider "nope" in the configuration.' });
  const elsewhere = { ...world, environment: { OPENAI_API_KEY: "key", OPENAI_BASE_URL: "http://router:1/v1" } };
  expect(await choose(elsewhere)).toMatchObject({ model: "nope/model", baseURL: "http://router:1/v1" });
});
