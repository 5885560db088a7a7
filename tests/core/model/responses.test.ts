import { describe, expect, test } from "vitest";
import type { EndpointModelOptions } from "../../../packages/core/src/model/endpoint.ts";
import {
  call,
  cut,
  html,
  overflow,
  rateLimited,
  raw,
  resetMidStream,
  slow,
  stalled,
  startModelServer,
  text,
  toolCalls,
} from "../../kit/model-server.ts";
import { ask, calculate, collect, failureFrom, lastEvent, message, modelAt, user } from "./support.ts";

const usage = { input: 10, cacheRead: 0, cacheWrite: 0, output: 5, reasoning: 0, estimated: false };

/** A model with the habits of OpenAI's reasoning models, wherever it answers. */
const reasoning: Partial<Omit<EndpointModelOptions, "apiKey">> = {
  api: "responses",
  profile: {
    sealedReasoning: true,
    reasoningEffort: ["low", "medium", "high"],
    temperature: false,
    structuredOutput: true,
  },
};

describe("an answer over the Responses API", () => {
  test("streams as text and ends with its reason and usage", async () => {
    await using server = await startModelServer([text(["Hel", "lo"], { reasoning: "Greet back." })]);
    await using model = modelAt(server.baseURL, reasoning);

    expect(await collect(model, ask("Hi"))).toEqual([
      { type: "reasoning_delta", text: "Greet " },
      { type: "reasoning_delta", text: "back." },
      { type: "text_delta", text: "Hel" },
      { type: "text_delta", text: "lo" },
      { type: "finished", reason: "stop", raw: "completed", calls: [], usage },
    ]);
    expect(server.requests[0]?.path).toBe("/v1/responses");
  });

  test("comes whole where streaming is off", async () => {
    await using server = await startModelServer([
      text("Hello", { reasoning: "Greet back.", calls: [call("calculate", { expression: "1+1" })] }),
    ]);
    await using model = modelAt(server.baseURL, { ...reasoning, stream: false });

    expect(await collect(model, ask("Hi"))).toEqual([
      { type: "reasoning_delta", text: "Greet back." },
      { type: "text_delta", text: "Hello" },
      { type: "tool_call_delta", index: 0, name: "calculate", arguments: '{"expression":"1+1"}' },
      {
        type: "finished",
        reason: "tool_calls",
        raw: "completed",
        calls: [{ id: "id-1", name: "calculate", arguments: '{"expression":"1+1"}', providerId: "call_1" }],
        usage,
      },
    ]);
  });

  test("is read from the last event where the stream brings nothing before it", async () => {
    const response = {
      status: "completed",
      output: [{ type: "message", content: [{ type: "output_text", text: "Hi" }] }],
    };
    const body = `data: ${JSON.stringify({ type: "response.completed", response })}\n\n`;
    await using server = await startModelServer([raw(200, body, { "content-type": "text/event-stream" })]);
    await using model = modelAt(server.baseURL, reasoning);

    expect(await collect(model, ask("Hi"))).toEqual([
      { type: "text_delta", text: "Hi" },
      { type: "finished", reason: "stop", raw: "completed", calls: [] },
    ]);
  });

  test("names the model that answered where it is another", async () => {
    await using server = await startModelServer([text("Hi", { model: "test-model-2026-01" })]);
    await using model = modelAt(server.baseURL, reasoning);

    expect(await lastEvent(model)).toMatchObject({ model: "test-model-2026-01" });
  });

  test("rule 27: usage comes in disjoint buckets", async () => {
    const wire = {
      prompt_tokens: 100,
      completion_tokens: 50,
      prompt_tokens_details: { cached_tokens: 70, cache_write_tokens: 10 },
      completion_tokens_details: { reasoning_tokens: 30 },
    };
    await using server = await startModelServer([text("Hi", { usage: wire })]);
    await using model = modelAt(server.baseURL, reasoning);

    expect(await lastEvent(model)).toMatchObject({
      usage: { input: 20, cacheRead: 70, cacheWrite: 10, output: 20, reasoning: 30, estimated: false },
    });
  });

  test("has its calls in their order, with ids of ours, and shows their arguments as they arrive", async () => {
    await using server = await startModelServer([
      toolCalls([call("calculate", "{}", { pieces: ["{", "}"] }), call("calculate", { expression: "2^10" })]),
    ]);
    await using model = modelAt(server.baseURL, reasoning);

    const events = await collect(model, ask("?", { tools: [calculate] }));
    expect(events.slice(0, 3)).toEqual([
      { type: "tool_call_delta", index: 0, name: "calculate", arguments: "" },
      { type: "tool_call_delta", index: 0, name: "calculate", arguments: "{" },
      { type: "tool_call_delta", index: 0, name: "calculate", arguments: "}" },
    ]);
    expect(events.at(-1)).toMatchObject({
      reason: "tool_calls",
      calls: [
        { id: "id-1", name: "calculate", arguments: "{}", providerId: "call_1" },
        { id: "id-2", name: "calculate", arguments: '{"expression":"2^10"}', providerId: "call_2" },
      ],
    });
  });

  test.each([
    ["a stream cut after some text", cut("The answer is"), { reason: "incomplete" }],
    ["an end without text", text(""), { reason: "incomplete", raw: "completed" }],
    ["the length limit", text("The answer", { finish: "length" }), { reason: "length", raw: "max_output_tokens" }],
    ["a content filter", text("", { finish: "content_filter" }), { reason: "refused", raw: "content_filter" }],
    ["another reason", text("Hi", { finish: "steered" }), { reason: "incomplete", raw: "steered" }],
    ["a refusal", text("", { refusal: "I can't." }), { reason: "refused", raw: "completed" }],
  ])("rules 10 to 12: %s is told as what it is", async (_, reply, expected) => {
    await using server = await startModelServer([reply]);
    await using model = modelAt(server.baseURL, reasoning);

    expect(await lastEvent(model)).toMatchObject({ type: "finished", calls: [], ...expected });
  });
});

describe("a failure over the Responses API says the same as over the other", () => {
  const stream = { "content-type": "text/event-stream" };
  const failed = (code: string, words: string) =>
    `data: ${JSON.stringify({ type: "response.failed", response: { status: "failed", error: { code, message: words } } })}\n\n`;
  const error = (fields: object) => `data: ${JSON.stringify({ type: "error", ...fields })}\n\n`;

  test.each([
    ["a rate limit", rateLimited(), { code: "rate_limited", retryable: true }],
    ["a thread too long", overflow(), { code: "overflow", retryable: false }],
    ["a web page", html(), { code: "model_unavailable", retryable: false }],
    [
      "some other JSON",
      raw(200, '{"status":"ok"}', { "content-type": "application/json" }),
      { code: "model_unavailable" },
    ],
    [
      "a failed response",
      raw(200, failed("server_error", "Oops"), stream),
      { code: "provider_error", retryable: true },
    ],
    [
      "a limit met while it streams",
      raw(200, failed("rate_limit_exceeded", "Slow down"), stream),
      { code: "rate_limited", retryable: true },
    ],
    [
      "a request it cannot use",
      raw(200, failed("invalid_image", "No image"), stream),
      { code: "provider_error", retryable: false },
    ],
    ["an error event", raw(200, error({ code: "server_error", message: "Oops" }), stream), { code: "provider_error" }],
    ["a nested one", raw(200, error({ error: { message: "Oops" } }), stream), { code: "provider_error" }],
    [
      "a thread too long, told in the stream",
      raw(200, failed("context_length_exceeded", ""), stream),
      { code: "overflow" },
    ],
    ["a broken connection", resetMidStream("The answer"), { code: "network", retryable: true }],
    [
      "a malformed event",
      raw(200, 'data: {"type"\n\ndata: {"type":"response.completed"}\n\n', stream),
      { code: "provider_error", retryable: true },
    ],
  ])("%s", async (_, reply, expected) => {
    await using server = await startModelServer([reply]);
    await using model = modelAt(server.baseURL, reasoning);

    expect(await failureFrom(model)).toMatchObject(expected);
  });

  test("rule 18: an abort during a stalled stream ends it and hangs up", async () => {
    await using server = await startModelServer([stalled("The answer")]);
    await using model = modelAt(server.baseURL, reasoning);
    const abort = new AbortController();

    const events = [];
    for await (const event of model.stream(ask("Hi"), abort.signal)) {
      events.push(event);
      if (events.length === 2) abort.abort();
    }

    expect(events.at(-1)).toMatchObject({ type: "failed", error: { code: "aborted" } });
    await server.requests[0]?.hungUp;
  });

  test("rule 18: an abort before the first byte ends the wait", async () => {
    await using server = await startModelServer([slow(text("late"), new Promise(() => {}))]);
    await using model = modelAt(server.baseURL, reasoning);
    const abort = new AbortController();
    const failure = failureFrom(model, ask("Hi"), abort.signal);
    await expect.poll(() => server.requests.length).toBe(1);

    abort.abort();

    expect(await failure).toMatchObject({ code: "aborted" });
  });
});

describe("what is sent over the Responses API", () => {
  const tool = {
    type: "function",
    name: "calculate",
    description: "Calculates",
    parameters: calculate.inputSchema,
    strict: false,
  };

  test("is the whole thread, kept nowhere, with what changes at the end", async () => {
    await using server = await startModelServer([text("51")]);
    await using model = modelAt(server.baseURL, reasoning);
    const messages = [
      user("17*3?"),
      message("assistant", [
        { type: "text", text: "Let me calculate." },
        { type: "tool_call", call: { id: "a", name: "calculate", arguments: '{"expression":"17*3"}' } },
      ]),
      message("tool", [
        { type: "tool_result", callId: "a", name: "calculate", outcome: { kind: "value", content: "51" } },
      ]),
    ];

    await collect(
      model,
      ask("", {
        messages,
        tools: [calculate],
        maxOutputTokens: 100,
        temperature: 0.5,
        reasoningEffort: "low",
        outputSchema: { schema: { type: "object" }, strict: true },
      }),
    );

    expect(server.requests[0]?.body).toEqual({
      model: "test-model",
      stream: true,
      store: false,
      include: ["reasoning.encrypted_content"],
      instructions: "Be brief.",
      tools: [tool],
      input: [
        { role: "user", content: "17*3?" },
        { role: "assistant", content: "Let me calculate." },
        { type: "function_call", call_id: "a", name: "calculate", arguments: '{"expression":"17*3"}' },
        { type: "function_call_output", call_id: "a", output: "51" },
      ],
      tool_choice: "auto",
      max_output_tokens: 100,
      reasoning: { effort: "low" },
      text: { format: { type: "json_schema", name: "answer", schema: { type: "object" }, strict: true } },
    });
  });

  test("asks an endpoint that is not OpenAI's for nothing it may not know", async () => {
    await using server = await startModelServer([text("Hi")]);
    await using model = modelAt(server.baseURL, { api: "responses", stream: false });

    await collect(model, ask("Hi", { system: "", reasoningEffort: "low" }));

    expect(server.requests[0]?.body).toEqual({
      model: "test-model",
      stream: false,
      store: false,
      input: [{ role: "user", content: "Hi" }],
    });
  });

  test("rule 28: sealed reasoning goes back to where it stood, to the model that wrote it and to no other", async () => {
    const answer = text("Let me see.", {
      sealed: [
        { id: "rs_1", content: "sealed-1" },
        { id: "rs_2", content: "sealed-2", beforeCall: 1 },
      ],
      calls: [call("calculate", "{}"), call("calculate", "{}")],
    });
    await using server = await startModelServer([answer, text("ok"), text("ok")]);
    await using model = modelAt(server.baseURL, reasoning);
    await using another = modelAt(server.baseURL, { ...reasoning, model: "another-model" });

    const end = await lastEvent(model, ask("?", { tools: [calculate] }));
    if (end.type !== "finished") throw new Error("It did not finish.");
    expect(end.reasoning).toEqual([
      { type: "reasoning", text: "", replay: { model: "test-model", id: "rs_1", sealed: "sealed-1" } },
      {
        type: "reasoning",
        text: "",
        replay: { model: "test-model", id: "rs_2", sealed: "sealed-2", beforeCall: "id-2" },
      },
    ]);

    const results = ["id-1", "id-2"].map((callId) => ({
      type: "tool_result" as const,
      callId,
      name: "calculate",
      outcome: { kind: "value" as const, content: "1" },
    }));
    const thread = [
      user("?"),
      message("assistant", [
        ...(end.reasoning ?? []),
        { type: "text", text: "Let me see." },
        ...end.calls.map((one) => ({ type: "tool_call" as const, call: one })),
      ]),
      message("tool", results),
    ];
    await collect(model, ask("", { messages: thread }));
    await collect(another, ask("", { messages: thread }));

    const sealed = (id: string, content: string) => ({
      type: "reasoning",
      id,
      summary: [],
      encrypted_content: content,
    });
    const called = (call_id: string) => ({ type: "function_call", call_id, name: "calculate", arguments: "{}" });
    const output = (call_id: string) => ({ type: "function_call_output", call_id, output: "1" });
    const said = { role: "assistant", content: "Let me see." };
    expect(server.requests[1]?.body.input).toEqual([
      { role: "user", content: "?" },
      sealed("rs_1", "sealed-1"),
      said,
      called("id-1"),
      sealed("rs_2", "sealed-2"),
      called("id-2"),
      output("id-1"),
      output("id-2"),
    ]);
    expect(server.requests[2]?.body.input).toEqual([
      { role: "user", content: "?" },
      said,
      called("id-1"),
      called("id-2"),
      output("id-1"),
      output("id-2"),
    ]);
  });

  test("rule 30: consecutive requests share their beginning byte for byte", async () => {
    await using server = await startModelServer(() => text("ok"));
    await using model = modelAt(server.baseURL, reasoning);
    const first = [user("17*3?")];
    const second = [...first, message("assistant", [{ type: "text", text: "51" }]), user("And 2 more?")];

    await collect(model, ask("", { messages: first, tools: [calculate] }));
    await collect(model, ask("", { messages: second, tools: [calculate], toolChoice: "none" }));

    const [before = "", after = ""] = server.requests.map(({ rawBody }) => rawBody);
    expect(after.startsWith(before.slice(0, before.lastIndexOf('],"tool_choice"')))).toBe(true);
  });
});
