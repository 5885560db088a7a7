import { describe, expect, test } from "vitest";
import { isKnownEndpoint, profileOf } from "../../../packages/core/src/model/capability-table.ts";
import type { ModelRequest } from "../../../packages/core/src/model/chat-model.ts";
import { createTransport, type Transport } from "../../../packages/core/src/model/transport.ts";
import type { Message } from "../../../packages/core/src/protocol/index.ts";
import { startModelServer, text } from "../../kit/model-server.ts";
import { ask, calculate, collect, lastEvent, message, modelAt, user } from "./support.ts";

/** Takes requests for anywhere, `/v1` being wherever it is, to the scripted server. */
function redirected(to: string): Transport {
  const transport = createTransport();
  return { ...transport, send: (url, init) => transport.send(to + url.slice(url.indexOf("/v1/")), init) };
}

/** What `model` at `baseURL` is sent. */
async function sentTo(baseURL: string, model: string, request: ModelRequest) {
  await using server = await startModelServer([text("ok")]);
  const transport = redirected(`http://127.0.0.1:${server.port}`);
  await using asked = modelAt(baseURL, { model, transport });
  await lastEvent(asked, request);
  await transport.close();
  expect(server.requests).toHaveLength(1);
  const [{ path, body } = { path: "", body: {} }] = server.requests;
  return { path, body };
}

const everything: Partial<ModelRequest> = {
  tools: [calculate],
  maxOutputTokens: 100,
  temperature: 0.5,
  reasoningEffort: "low",
  logprobs: 2,
  outputSchema: { schema: { type: "object" }, strict: true },
};
const tools = [
  {
    type: "function",
    function: { name: "calculate", description: "Calculates", parameters: calculate.inputSchema },
  },
];
const system = { role: "system", content: "Be brief." };
const question = { role: "user", content: "Hi" };
const streamed = { stream: true, stream_options: { include_usage: true } };
const schema = {
  response_format: { type: "json_schema", json_schema: { name: "answer", schema: { type: "object" }, strict: true } },
};

describe("every quirk of an endpoint shows in what it is sent", () => {
  test("an unknown one gets the common denominator", async () => {
    expect(await sentTo("https://models.example/v1", "some-model", ask("Hi", everything))).toEqual({
      path: "/v1/chat/completions",
      body: {
        model: "some-model",
        ...streamed,
        tools,
        messages: [system, question],
        tool_choice: "auto",
        max_tokens: 100,
        temperature: 0.5,
        logprobs: true,
        top_logprobs: 2,
      },
    });
  });

  test("OpenAI has renamed the output limit, and holds answers to a schema", async () => {
    expect(await sentTo("https://api.openai.com/v1", "gpt-4.1-mini", ask("Hi", everything))).toEqual({
      path: "/v1/chat/completions",
      body: {
        model: "gpt-4.1-mini",
        ...streamed,
        tools,
        messages: [system, question],
        tool_choice: "auto",
        max_completion_tokens: 100,
        temperature: 0.5,
        ...schema,
        logprobs: true,
        top_logprobs: 2,
      },
    });
  });

  test("OpenAI's reasoning models take Responses, an effort, no temperature and no logprobs", async () => {
    expect(await sentTo("https://api.openai.com/v1", "gpt-5-mini", ask("Hi", everything))).toEqual({
      path: "/v1/responses",
      body: {
        model: "gpt-5-mini",
        stream: true,
        store: false,
        include: ["reasoning.encrypted_content"],
        instructions: "Be brief.",
        tools: [
          {
            type: "function",
            name: "calculate",
            description: "Calculates",
            parameters: calculate.inputSchema,
            strict: false,
          },
        ],
        input: [question],
        tool_choice: "auto",
        max_output_tokens: 100,
        reasoning: { effort: "low" },
        text: { format: { type: "json_schema", name: "answer", schema: { type: "object" }, strict: true } },
      },
    });
  });

  test("the same at Azure speak Chat Completions, with a developer in place of the system", async () => {
    expect(await sentTo("https://team.openai.azure.com/openai/v1", "o4-mini", ask("Hi", everything))).toEqual({
      path: "/v1/chat/completions",
      body: {
        model: "o4-mini",
        ...streamed,
        tools,
        messages: [{ role: "developer", content: "Be brief." }, question],
        tool_choice: "auto",
        max_completion_tokens: 100,
        reasoning_effort: "low",
        ...schema,
      },
    });
  });

  test("an effort that the model does not know is not sent", async () => {
    const { body } = await sentTo("https://api.openai.com/v1", "gpt-5-pro", ask("Hi", { reasoningEffort: "low" }));
    expect(body).not.toHaveProperty("reasoning");
  });

  test("OpenRouter has its own field for the effort", async () => {
    expect(
      await sentTo("https://openrouter.ai/api/v1", "openai/gpt-5-mini", ask("Hi", { reasoningEffort: "low" })),
    ).toEqual({
      path: "/v1/chat/completions",
      body: { model: "openai/gpt-5-mini", ...streamed, messages: [system, question], reasoning: { effort: "low" } },
    });
  });

  test("Mistral gets no stream options and ids of nine letters and digits, the same in every request", async () => {
    const call = (id: string) => ({ type: "tool_call" as const, call: { id, name: "calculate", arguments: "{}" } });
    const result = (callId: string) => ({
      type: "tool_result" as const,
      callId,
      name: "calculate",
      outcome: { kind: "value" as const, content: callId },
    });
    const ids = ["01JZ9Y3Q8K7V5W2X4N6M8P0R1S", "01JZ9Y3Q8K7V5W2X4N6M8P0R1T", "abcdEF123"];
    const messages = [user("Hi"), message("assistant", ids.map(call)), message("tool", ids.map(result))];

    const { body } = await sentTo("https://api.mistral.ai/v1", "mistral-large-latest", ask("", { messages }));

    const [, , { tool_calls }] = body.messages;
    const wire = tool_calls.map(({ id }: { id: string }) => id);
    expect(wire.every((id: string) => /^[A-Za-z0-9]{9}$/.test(id))).toBe(true);
    expect(new Set(wire).size).toBe(ids.length);
    expect(wire[2]).toBe("abcdEF123");
    expect(body).toEqual({
      model: "mistral-large-latest",
      stream: true,
      messages: [
        system,
        question,
        {
          role: "assistant",
          content: null,
          tool_calls: wire.map((id: string) => ({
            id,
            type: "function",
            function: { name: "calculate", arguments: "{}" },
          })),
        },
        ...wire.map((tool_call_id: string, i: number) => ({ role: "tool", tool_call_id, content: ids[i] })),
      ],
    });
    const again = await sentTo("https://api.mistral.ai/v1", "mistral-large-latest", ask("", { messages }));
    expect(again.body).toEqual(body);
  });

  test("DeepSeek gets its own reasoning back, and no other model's", async () => {
    const thought = (model: string) => ({ type: "reasoning" as const, text: `${model} thinks`, replay: { model } });
    const messages = [
      user("Hi"),
      message("assistant", [thought("deepseek-v4-flash"), { type: "text", text: "Hello" }]),
      message("assistant", [thought("another"), { type: "text", text: "Hello again" }]),
    ];

    expect(await sentTo("https://api.deepseek.com/v1", "deepseek-v4-flash", ask("", { messages }))).toEqual({
      path: "/v1/chat/completions",
      body: {
        model: "deepseek-v4-flash",
        ...streamed,
        messages: [
          system,
          question,
          { role: "assistant", content: "Hello", reasoning_content: "deepseek-v4-flash thinks" },
          { role: "assistant", content: "Hello again" },
        ],
      },
    });
  });

  test("DeepSeek's reasoning comes out of the answer so that it can be stored", async () => {
    await using server = await startModelServer([text("Hello", { reasoning: "Greet." })]);
    await using model = modelAt(server.baseURL, { profile: { replayReasoning: true } });

    expect(await lastEvent(model)).toMatchObject({
      reasoning: [{ type: "reasoning", text: "Greet.", replay: { model: "test-model" } }],
    });
  });

  test("llama.cpp is asked for parallel calls, which it does not make otherwise", async () => {
    expect(await sentTo("http://127.0.0.1:8080/v1", "some-model", ask("Hi", { tools: [calculate] }))).toEqual({
      path: "/v1/chat/completions",
      body: {
        model: "some-model",
        ...streamed,
        tools,
        messages: [system, question],
        tool_choice: "auto",
        parallel_tool_calls: true,
      },
    });
  });

  test("Gemma 2 gets no tools, no system role, and user and assistant in turn", async () => {
    const messages = [
      user("Hi"),
      user("Are you there?"),
      message("assistant", [{ type: "text", text: "Yes" }]),
      user("Good"),
    ];
    expect(
      await sentTo("http://10.0.0.5:8000/v1", "google/gemma-2-9b-it", ask("", { messages, tools: [calculate] })),
    ).toEqual({
      path: "/v1/chat/completions",
      body: {
        model: "google/gemma-2-9b-it",
        ...streamed,
        messages: [
          { role: "user", content: "Be brief.\n\nHi\n\nAre you there?" },
          { role: "assistant", content: "Yes" },
          { role: "user", content: "Good" },
        ],
      },
    });
  });

  test("Gemma 3 has a system role, but wants user and assistant in turn", async () => {
    const messages = [user("Hi"), user("Are you there?")];
    const { body } = await sentTo("http://10.0.0.5:8000/v1", "gemma-3-12b-it", ask("", { messages }));
    expect(body.messages).toEqual([system, { role: "user", content: "Hi\n\nAre you there?" }]);
  });

  test("newer Claude models and Groq are spared what they refuse", async () => {
    const claude = await sentTo("https://api.anthropic.com/v1", "claude-opus-5", ask("Hi", everything));
    expect(claude.body).toEqual({
      model: "claude-opus-5",
      ...streamed,
      tools,
      messages: [system, question],
      tool_choice: "auto",
      max_tokens: 100,
    });
    const groq = await sentTo("https://api.groq.com/openai/v1", "openai/gpt-oss-120b", ask("Hi", everything));
    expect(groq.body).toEqual({
      model: "openai/gpt-oss-120b",
      ...streamed,
      tools,
      messages: [system, question],
      tool_choice: "auto",
      max_completion_tokens: 100,
      temperature: 0.5,
      reasoning_effort: "low",
    });
  });
});

describe("probabilities of tokens", () => {
  test("come with the answer that was asked for them", async () => {
    const token = { token: "51", logprob: -0.1, top_logprobs: [{ token: "52", logprob: -2.5 }] };
    await using server = await startModelServer([text("51", { logprobs: [token] })]);
    await using model = modelAt(server.baseURL);

    expect(await lastEvent(model, ask("17*3?", { logprobs: 1 }))).toMatchObject({
      logprobs: [{ token: "51", logprob: -0.1, alternatives: [{ token: "52", logprob: -2.5 }] }],
    });
  });
});

describe("the table knows", () => {
  const at = (baseURL: string, model: string) => profileOf({ baseURL, model });
  const openai = "https://api.openai.com/v1";

  test.each([
    [openai, "gpt-5-mini", { api: "responses", contextWindow: 400_000, images: true }],
    [openai, "gpt-5-chat-latest", { api: "chat", temperature: true, contextWindow: 128_000 }],
    [openai, "gpt-5.6", { api: "responses", contextWindow: 1_050_000 }],
    [openai, "gpt-5.6-luna", { api: "responses", contextWindow: 400_000 }],
    [openai, "gpt-6-astra", { api: "responses", systemRole: "developer", temperature: false }],
    [openai, "o3-mini", { api: "responses", images: false, contextWindow: 200_000 }],
    [openai, "gpt-4o-mini", { api: "chat", systemRole: "system", images: true }],
    ["https://openrouter.ai/api/v1", "openai/gpt-5", { api: "chat", systemRole: "system", temperature: false }],
    ["https://api.deepseek.com", "deepseek-v4-pro", { images: false, contextWindow: 1_000_000 }],
    ["https://api.deepseek.com", "deepseek-v4-flash-vision-exp", { images: true }],
    ["http://localhost:11434/v1", "qwen2.5-coder:14b", { dialects: ["json-text", "tagged"] }],
    ["http://localhost:11434/v1", "qwen2.5-coder:1.5b", { dialects: ["json-text", "tagged", "fenced-code"] }],
    ["http://localhost:11434/v1", "qwen3:8b", { dialects: ["tagged"] }],
    ["http://localhost:11434/v1", "llama3.1:8b", { dialects: ["json-text"], images: false }],
    ["http://localhost:11434/v1", "gemma3:4b", { tools: false, systemRole: "system", mergeUserMessages: true }],
    ["http://localhost:11434/v1", "gpt-oss:20b", { dialects: [], images: false }],
    ["http://localhost:1234/v1", "mistralai/devstral-small-2507", { toolIds: "9-alphanumerics", streamUsage: true }],
  ])("%s %s", (baseURL, model, expected) => {
    expect(at(baseURL, model)).toMatchObject(expected);
  });

  test("which endpoints it has never heard of", () => {
    expect(isKnownEndpoint("https://api.openai.com/v1")).toBe(true);
    expect(isKnownEndpoint("https://api.openai.com.example/v1")).toBe(false);
    expect(isKnownEndpoint("https://models.example/v1")).toBe(false);
  });
});

describe("images and files", () => {
  const photo = { type: "image" as const, mediaType: "image/png", data: "aGk=", name: "photo.png" };
  const paper = { type: "file" as const, mediaType: "application/pdf", data: "cGRm", name: "paper.pdf" };
  const shown = (...parts: Message["parts"]) => message("user", [{ type: "text", text: "What is this?" }, ...parts]);

  test("are sent over Chat Completions", async () => {
    const request = ask("", { messages: [shown(photo, paper)] });
    const { body } = await sentTo("https://models.example/v1", "some-model", request);
    expect(body.messages[1]).toEqual({
      role: "user",
      content: [
        { type: "text", text: "What is this?" },
        { type: "image_url", image_url: { url: "data:image/png;base64,aGk=" } },
        { type: "file", file: { filename: "paper.pdf", file_data: "data:application/pdf;base64,cGRm" } },
      ],
    });
  });

  test("are sent over Responses", async () => {
    const request = ask("", { messages: [shown(photo, paper)] });
    const { body } = await sentTo("https://api.openai.com/v1", "gpt-5", request);
    expect(body.input).toEqual([
      {
        role: "user",
        content: [
          { type: "input_text", text: "What is this?" },
          { type: "input_image", detail: "auto", image_url: "data:image/png;base64,aGk=" },
          { type: "input_file", filename: "paper.pdf", file_data: "data:application/pdf;base64,cGRm" },
        ],
      },
    ]);
  });

  test("are refused before the call where the model takes none, with the way out", async () => {
    await using server = await startModelServer();
    await using model = modelAt(server.baseURL, { profile: { images: false } });

    expect(await lastEvent(model, ask("", { messages: [shown(photo)] }))).toEqual({
      type: "failed",
      error: {
        code: "invalid_request",
        message: "The model test-model takes no images (photo.png).",
        hint: "Use a model that does (`--model`), or ask again without the image.",
        retryable: false,
      },
    });
    expect(server.requests).toEqual([]);
  });

  test("that were shown earlier, to another model, do not stop the thread", async () => {
    await using server = await startModelServer([text("ok")]);
    await using model = modelAt(server.baseURL, { profile: { images: false } });

    await collect(model, ask("", { messages: [shown(photo), user("And 2 more?")] }));

    expect(server.requests[0]?.body.messages.slice(1)).toEqual([
      { role: "user", content: "What is this?\n[photo.png: not shown, this model cannot read it]\n" },
      { role: "user", content: "And 2 more?" },
    ]);
  });
});

describe("a tool that must be called", () => {
  const forced: Partial<ModelRequest> = { tools: [calculate], toolChoice: { tool: "calculate" } };

  test("is named as each API wants it", async () => {
    const chat = await sentTo("https://models.example/v1", "some-model", ask("Hi", forced));
    expect(chat.body.tool_choice).toEqual({ type: "function", function: { name: "calculate" } });
    const responses = await sentTo("https://api.openai.com/v1", "gpt-5", ask("Hi", forced));
    expect(responses.body.tool_choice).toEqual({ type: "function", name: "calculate" });
  });

  test.each([
    ["https://models.example/v1", "some-model", true],
    ["https://api.openai.com/v1", "gpt-5", true],
    ["https://api.deepseek.com/v1", "deepseek-chat", false],
    ["https://openrouter.ai/api/v1", "deepseek/deepseek-v4-flash", false],
    ["http://127.0.0.1:8080/v1", "some-model", false],
    ["http://localhost:11434/v1", "qwen3", false],
    ["http://localhost:1234/v1", "qwen3", false],
    ["https://models.example/v1", "gemma-3-4b", false],
  ])("is known to be possible or not: %s %s %s", async (baseURL, model, possible) => {
    await using asked = modelAt(baseURL, { model });
    expect(asked.capabilities.forcedTool).toBe(possible);
  });
});
