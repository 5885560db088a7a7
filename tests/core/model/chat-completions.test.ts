import { describe, expect, test } from "vitest";
import {
  call,
  cut,
  emptyStream,
  malformedStream,
  resetMidStream,
  slow,
  stalled,
  startModelServer,
  text,
  toolCall,
  toolCalls,
  truncatedCall,
} from "../../kit/model-server.ts";
import { ask, calculate, collect, failureFrom, lastEvent, message, modelAt, user } from "./support.ts";

const usage = { input: 10, cacheRead: 0, cacheWrite: 0, output: 5, reasoning: 0, estimated: false };

describe("an answer", () => {
  test("streams as text and ends with its reason and usage", async () => {
    await using server = await startModelServer([text(["Hel", "lo"])]);
    await using model = modelAt(server.baseURL);

    expect(await collect(model, ask("Hi"))).toEqual([
      { type: "text_delta", text: "Hel" },
      { type: "text_delta", text: "lo" },
      { type: "finished", reason: "stop", raw: "stop", calls: [], usage },
    ]);
  });

  test("comes whole where streaming is off", async () => {
    await using server = await startModelServer([text("Hello", { reasoning: "Greet back." })]);
    await using model = modelAt(server.baseURL, { stream: false });

    expect(await collect(model, ask("Hi"))).toEqual([
      { type: "reasoning_delta", text: "Greet back." },
      { type: "text_delta", text: "Hello" },
      { type: "finished", reason: "stop", raw: "stop", calls: [], usage },
    ]);
  });

  test.each(["reasoning_content", "reasoning"] as const)(
    "brings reasoning from the field `%s`",
    async (reasoningField) => {
      await using server = await startModelServer([text("51", { reasoning: "17·3", reasoningField })]);
      await using model = modelAt(server.baseURL);

      const events = await collect(model, ask("17·3?"));
      expect(events.slice(0, 2)).toEqual([
        { type: "reasoning_delta", text: "17" },
        { type: "reasoning_delta", text: "·3" },
      ]);
    },
  );

  test("keeps characters whole that the network splits", async () => {
    await using server = await startModelServer([text("사과는 모두 51개입니다 🍎".split(""))]);
    await using model = modelAt(server.baseURL);

    const events = await collect(model, ask("?"));
    expect(events.map((event) => (event.type === "text_delta" ? event.text : "")).join("")).toBe(
      "사과는 모두 51개입니다 🍎",
    );
  });

  test("names the model that answered where it is another", async () => {
    await using server = await startModelServer([text("Hi", { model: "test-model-2026-01" })]);
    await using model = modelAt(server.baseURL);

    expect(await lastEvent(model)).toMatchObject({ reason: "stop", model: "test-model-2026-01" });
  });

  test("has no usage where the endpoint reports none", async () => {
    await using server = await startModelServer([text("Hi", { usage: null })]);
    await using model = modelAt(server.baseURL);

    expect(await lastEvent(model)).toEqual({ type: "finished", reason: "stop", raw: "stop", calls: [] });
  });

  test("rule 27: usage comes in disjoint buckets", async () => {
    const wire = {
      prompt_tokens: 100,
      completion_tokens: 50,
      total_tokens: 150,
      prompt_tokens_details: { cached_tokens: 80 },
      completion_tokens_details: { reasoning_tokens: 30 },
    };
    await using server = await startModelServer([text("Hi", { usage: wire })]);
    await using model = modelAt(server.baseURL);

    expect(await lastEvent(model)).toMatchObject({
      usage: { input: 20, cacheRead: 80, cacheWrite: 0, output: 20, reasoning: 30, estimated: false },
    });
  });
});

describe("tool calls", () => {
  test.each([true, false])(
    "arrive assembled, with ids of ours and the provider's kept apart (streamed: %s)",
    async (stream) => {
      await using server = await startModelServer([
        toolCalls([
          call("calculate", { expression: "17*3" }),
          call("calculate", { expression: "2^10" }, { id: "abc" }),
        ]),
      ]);
      await using model = modelAt(server.baseURL, { stream });

      expect(await lastEvent(model)).toEqual({
        type: "finished",
        reason: "tool_calls",
        raw: "tool_calls",
        calls: [
          { id: "id-1", name: "calculate", arguments: '{"expression":"17*3"}', providerId: "call_1" },
          { id: "id-2", name: "calculate", arguments: '{"expression":"2^10"}', providerId: "abc" },
        ],
        usage,
      });
    },
  );

  test("show their arguments as they arrive", async () => {
    await using server = await startModelServer([toolCalls([call("calculate", "{}", { pieces: ["{", "}"] })])]);
    await using model = modelAt(server.baseURL);

    const events = await collect(model, ask("?"));
    expect(events.slice(0, -1)).toEqual([
      { type: "tool_call_delta", index: 0, name: "calculate", arguments: "" },
      { type: "tool_call_delta", index: 0, name: "calculate", arguments: "{" },
      { type: "tool_call_delta", index: 0, name: "calculate", arguments: "}" },
    ]);
  });

  test("count although the endpoint labels the end `stop`", async () => {
    await using server = await startModelServer([toolCall("calculate", { expression: "1+1" }, { finish: "stop" })]);
    await using model = modelAt(server.baseURL);

    expect(await lastEvent(model)).toMatchObject({ reason: "tool_calls", raw: "stop" });
  });

  test("cut by the length limit keep their raw arguments and the reason `length`", async () => {
    await using server = await startModelServer([truncatedCall("calculate", '{"expr')]);
    await using model = modelAt(server.baseURL);

    expect(await lastEvent(model)).toMatchObject({
      reason: "length",
      calls: [{ id: "id-1", name: "calculate", arguments: '{"expr' }],
    });
  });

  test("of the older kind, one `function_call`, are read too", async () => {
    await using server = await startModelServer([
      {
        ...toolCall("", ""),
        deltas: [{ function_call: { name: "calculate", arguments: "{" } }, { function_call: { arguments: "}" } }],
        finish: "function_call",
      },
    ]);
    await using model = modelAt(server.baseURL);

    expect(await lastEvent(model)).toMatchObject({
      reason: "tool_calls",
      raw: "function_call",
      calls: [{ id: "id-1", name: "calculate", arguments: "{}" }],
    });
  });
});

describe("rules 10 to 12: an answer that is none", () => {
  test.each([
    ["a stream cut after some text", cut("The answer is"), { reason: "incomplete" }],
    ["an empty stream", emptyStream(), { reason: "incomplete" }],
    ["a stop without text", text(""), { reason: "incomplete", raw: "stop" }],
    ["reasoning without text", text("", { reasoning: "Hmm." }), { reason: "incomplete", raw: "stop" }],
    ["`[DONE]` without a finish reason", text("Hi", { finish: null }), { reason: "incomplete" }],
    ["an unknown finish reason", text("Hi", { finish: "eos_confused" }), { reason: "incomplete", raw: "eos_confused" }],
    ["the length limit", text("The answer", { finish: "length" }), { reason: "length", raw: "length" }],
    ["a content filter", text("", { finish: "content_filter" }), { reason: "refused", raw: "content_filter" }],
    ["a refusal", text("", { refusal: "I can't." }), { reason: "refused", raw: "stop" }],
  ])("%s is told as what it is", async (_, reply, expected) => {
    await using server = await startModelServer([reply]);
    await using model = modelAt(server.baseURL);

    const last = await lastEvent(model);
    expect(last).toMatchObject({ type: "finished", calls: [], ...expected });
    if (!("raw" in expected)) expect(last).not.toHaveProperty("raw");
  });

  test("a finish reason without `[DONE]` is a whole answer", async () => {
    await using server = await startModelServer([text("Hi", { done: false })]);
    await using model = modelAt(server.baseURL);

    expect(await lastEvent(model)).toMatchObject({ reason: "stop" });
  });

  test("a stream whose last event is cut in the middle is cut, not malformed", async () => {
    const body = 'data: {"choices":[{"index":0,"delta":{"content":"Hel"}}]}\n\ndata: {"choices":[{"ind';
    await using server = await startModelServer([
      { kind: "raw", status: 200, headers: { "content-type": "text/event-stream" }, body },
    ]);
    await using model = modelAt(server.baseURL);

    expect(await collect(model, ask("Hi"))).toEqual([
      { type: "text_delta", text: "Hel" },
      { type: "finished", reason: "incomplete", calls: [] },
    ]);
  });

  test("a connection reset in the middle is a network failure that may be retried", async () => {
    await using server = await startModelServer([resetMidStream("The answer is")]);
    await using model = modelAt(server.baseURL);

    const events = await collect(model, ask("Hi"));
    expect(events.slice(0, 2)).toEqual([
      { type: "text_delta", text: "The ans" },
      { type: "text_delta", text: "wer is" },
    ]);
    expect(events.at(-1)).toMatchObject({ type: "failed", error: { code: "network", retryable: true } });
  });

  test("malformed events in the middle are a failure that may be retried", async () => {
    await using server = await startModelServer([malformedStream()]);
    await using model = modelAt(server.baseURL);

    expect(await failureFrom(model)).toMatchObject({
      code: "provider_error",
      message: `${server.baseURL} sent a malformed stream event.`,
      retryable: true,
    });
  });
});

describe("what is sent", () => {
  test("is the conversation, the sorted tools and what changes at the end", async () => {
    await using server = await startModelServer([text("Hi")]);
    await using model = modelAt(server.baseURL, { headers: { "x-team": "kit" } });
    const run = { ...calculate, name: "run_python" };

    await collect(model, ask("17*3?", { tools: [run, calculate], maxOutputTokens: 100 }));

    const tool = (name: string) => ({
      type: "function",
      function: { name, description: "Calculates", parameters: calculate.inputSchema },
    });
    expect(server.requests[0]?.body).toEqual({
      model: "test-model",
      stream: true,
      stream_options: { include_usage: true },
      tools: [tool("calculate"), tool("run_python")],
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "17*3?" },
      ],
      tool_choice: "auto",
      max_tokens: 100,
    });
    expect(server.requests[0]?.headers).toMatchObject({ authorization: "Bearer key-for-tests", "x-team": "kit" });
  });

  test("has no tool choice where there are no tools, and no stream options where nothing streams", async () => {
    await using server = await startModelServer([text("Hi")]);
    await using model = modelAt(server.baseURL, { stream: false });

    await collect(model, ask("Hi", { system: "", toolChoice: "none" }));

    expect(server.requests[0]?.body).toEqual({
      model: "test-model",
      stream: false,
      messages: [{ role: "user", content: "Hi" }],
    });
  });

  test("carries no authorization where there is no key", async () => {
    await using server = await startModelServer([text("Hi")]);
    await using model = modelAt(server.baseURL, { apiKey: null });

    await collect(model, ask("Hi"));

    expect(server.requests[0]?.headers).not.toHaveProperty("authorization");
  });

  test("rule 30: consecutive requests share their beginning byte for byte, the forced last answer included", async () => {
    await using server = await startModelServer(() => text("ok"));
    await using model = modelAt(server.baseURL);
    const first = [user("17*3?")];
    const second = [
      ...first,
      message("assistant", [{ type: "tool_call", call: { id: "c1", name: "calculate", arguments: "{}" } }]),
      message("tool", [
        { type: "tool_result", callId: "c1", name: "calculate", outcome: { kind: "value", content: "51" } },
      ]),
    ];
    const third = [...second, message("assistant", [{ type: "text", text: "51" }]), user("And 2 more?")];

    await collect(model, ask("", { messages: first, tools: [calculate] }));
    await collect(model, ask("", { messages: second, tools: [calculate] }));
    await collect(model, ask("", { messages: third, tools: [calculate], toolChoice: "none" }));

    const bodies = server.requests.map(({ rawBody }) => rawBody);
    const shared = bodies.map((body) => body.slice(0, body.lastIndexOf('],"tool_choice"')));
    expect(bodies[1]?.startsWith(shared[0] ?? "?")).toBe(true);
    expect(bodies[2]?.startsWith(shared[1] ?? "?")).toBe(true);
  });
});

describe("the connection", () => {
  test("is used again for the next request", async () => {
    await using server = await startModelServer(() => text("ok"));
    await using model = modelAt(server.baseURL);

    for (let turn = 0; turn < 10; turn += 1) {
      const done = new AbortController();
      await collect(model, ask("Hi"), done.signal);
      // As the loop does when a step is over.
      done.abort();
    }

    expect(server.requests).toHaveLength(10);
    // A second one where a request was so quick that the end of the last answer was still on its way.
    expect(server.connections()).toBeLessThanOrEqual(2);
  });

  test("rule 18: an abort during a stalled stream ends it and hangs up", async () => {
    await using server = await startModelServer([stalled("The answer")]);
    await using model = modelAt(server.baseURL);
    const abort = new AbortController();

    const events = [];
    for await (const event of model.stream(ask("Hi"), abort.signal)) {
      events.push(event);
      if (events.length === 2) abort.abort();
    }

    expect(events.at(-1)).toEqual({
      type: "failed",
      error: { code: "aborted", message: "The request to the model was stopped.", retryable: false },
    });
    await server.requests[0]?.hungUp;
  });

  test("rule 18: an abort before the first byte ends the wait and hangs up", async () => {
    await using server = await startModelServer([slow(text("late"), new Promise(() => {}))]);
    await using model = modelAt(server.baseURL);
    const abort = new AbortController();
    const failure = failureFrom(model, ask("Hi"), abort.signal);
    await expect.poll(() => server.requests.length).toBe(1);

    abort.abort();

    expect(await failure).toMatchObject({ code: "aborted" });
    await server.requests[0]?.hungUp;
  });

  test("an abort before the start sends nothing", async () => {
    await using server = await startModelServer([text("Hi")]);
    await using model = modelAt(server.baseURL);

    expect(await failureFrom(model, ask("Hi"), AbortSignal.abort())).toMatchObject({ code: "aborted" });
    expect(server.requests).toEqual([]);
  });

  test("is closed when the consumer stops reading", async () => {
    await using server = await startModelServer([stalled("The answer")]);
    await using model = modelAt(server.baseURL);

    for await (const event of model.stream(ask("Hi"), new AbortController().signal)) {
      expect(event.type).toBe("text_delta");
      break;
    }

    await server.requests[0]?.hungUp;
  });
});
