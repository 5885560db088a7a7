import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assembleCalls, type CallFragment } from "../../../packages/core/src/model/assemble-calls.ts";
import { normaliseUsage } from "../../../packages/core/src/model/normalise-usage.ts";
import { isOverflow, overflowed } from "../../../packages/core/src/model/overflow.ts";
import { parseRetryAfter } from "../../../packages/core/src/model/retry-after.ts";
import { noon } from "./support.ts";

describe("rule 1: tool calls from fragments", () => {
  const assemble = (fragments: readonly CallFragment[]) => {
    const assembly = assembleCalls();
    for (const fragment of fragments) assembly.add(fragment);
    let n = 0;
    return assembly.calls(() => `id-${++n}`);
  };

  /** Cuts a text in pieces at arbitrary places. */
  const cutAt = (content: string, places: readonly number[]): string[] => {
    const edges = [0, ...places.map((place) => place % (content.length + 1)).toSorted((a, b) => a - b), content.length];
    return edges.slice(1).map((edge, i) => content.slice(edges[i], edge));
  };

  const calls = fc.array(
    fc.record({
      name: fc.stringMatching(/^[a-z_]{1,12}$/),
      arguments: fc.string({ unit: "grapheme" }),
      cuts: fc.array(fc.nat(), { maxLength: 6 }),
      id: fc.option(fc.stringMatching(/^[a-z0-9]{4,8}$/), { nil: undefined }),
    }),
    { maxLength: 5 },
  );
  const expected = (made: readonly { name: string; arguments: string; id: string | undefined }[]) =>
    made.map((call, i) => ({
      id: `id-${i + 1}`,
      name: call.name,
      arguments: call.arguments,
      ...(call.id !== undefined && { providerId: call.id }),
    }));

  test("with an index, however split and interleaved, give the same calls", () => {
    fc.assert(
      fc.property(calls, fc.infiniteStream(fc.nat()), (made, choices) => {
        const queues = made.map(({ name, id, arguments: args, cuts }, index) => [
          { index, id, name, arguments: "" },
          ...cutAt(args, cuts).map((piece) => ({ index, arguments: piece })),
        ]);
        const fragments: CallFragment[] = [];
        while (queues.some((queue) => queue.length > 0)) {
          const open = queues.filter((queue) => queue.length > 0);
          const next = open[(choices.next().value ?? 0) % open.length]?.shift();
          if (next) fragments.push(next);
        }
        expect(assemble(fragments)).toEqual(expected(made));
      }),
    );
  });

  test("without an index, however split, go by their id", () => {
    fc.assert(
      fc.property(calls, (made) => {
        const withIds = made.map((call, i) => ({ ...call, id: `call-${i}` }));
        const fragments = withIds.flatMap(({ name, id, arguments: args, cuts }) => [
          { id, name },
          ...cutAt(args, cuts).map((piece) => ({ id, arguments: piece })),
        ]);
        expect(assemble(fragments)).toEqual(expected(withIds));
      }),
    );
  });

  test("without index and id belong to the last call, and a name opens the next", () => {
    fc.assert(
      fc.property(calls, (made) => {
        const nameless = made.map((call) => ({ ...call, id: undefined }));
        const fragments = nameless.flatMap(({ name, arguments: args, cuts }) => [
          { name },
          ...cutAt(args, cuts).map((piece) => ({ arguments: piece })),
        ]);
        expect(assemble(fragments)).toEqual(expected(nameless));
      }),
    );
  });

  test("that all say index 0 are several calls where id and name are new", () => {
    expect(
      assemble([
        { index: 0, id: "a", name: "calculate", arguments: '{"x":1}' },
        { index: 0, id: "b", name: "calculate", arguments: '{"x":' },
        { index: 0, arguments: "2}" },
      ]),
    ).toEqual([
      { id: "id-1", name: "calculate", arguments: '{"x":1}', providerId: "a" },
      { id: "id-2", name: "calculate", arguments: '{"x":2}', providerId: "b" },
    ]);
  });

  test("whose id changes from fragment to fragment are one call", () => {
    expect(
      assemble([
        { index: 0, id: "a", name: "calculate" },
        { index: 0, id: "b", arguments: "{" },
        { index: 0, id: "c", arguments: "}" },
      ]),
    ).toEqual([{ id: "id-1", name: "calculate", arguments: "{}", providerId: "a" }]);
  });

  test("come in the order of their indexes, not of arrival", () => {
    expect(
      assemble([
        { index: 1, name: "second" },
        { index: 0, name: "first" },
      ]).map(({ name }) => name),
    ).toEqual(["first", "second"]);
  });
});

describe("rule 16: how long a provider asks to wait", () => {
  test.each([
    [{ "retry-after-ms": "1500" }, 1500],
    [{ "retry-after-ms": "0.5" }, 1],
    [{ "retry-after-ms": "250", "retry-after": "30" }, 250],
    [{ "retry-after-ms": "soon", "retry-after": "3" }, 3000],
    [{ "retry-after": "2" }, 2000],
    [{ "retry-after": " 1.25 " }, 1250],
    [{ "retry-after": "0" }, 0],
    [{ "retry-after": "3600" }, 60_000],
    [{ "retry-after": "Thu, 01 Jan 2026 12:00:07 GMT" }, 7000],
    [{ "retry-after": "Thu, 01 Jan 2026 13:00:00 GMT" }, 60_000],
    [{ "retry-after": "Thu, 01 Jan 2026 11:59:00 GMT" }, 0],
    [{ "retry-after": "-5" }, undefined],
    [{ "retry-after": "a while" }, undefined],
    [{ "retry-after": "" }, undefined],
    [{}, undefined],
  ])("%j means %s ms", (headers, expected) => {
    expect(parseRetryAfter(new Headers(headers as Record<string, string>), noon)).toBe(expected);
  });
});

describe("rule 13: an overflow is recognised in the words of", () => {
  test.each([
    [
      "OpenAI",
      400,
      "This model's maximum context length is 8192 tokens. However, your messages resulted in 9041 tokens.",
    ],
    ["OpenAI's code", 400, '{"error":{"message":"Too long.","code":"context_length_exceeded"}}'],
    ["OpenAI Responses", 400, "Your input exceeds the context window of this model."],
    ["vLLM", 400, "The prompt is longer than the maximum model length of 4096."],
    ["llama.cpp", 400, "the request exceeds the available context size. try increasing the context size"],
    ["llama.cpp's type", 400, '{"error":{"type":"exceed_context_size_error","n_ctx":4096}}'],
    ["LM Studio", 400, "The number of tokens to keep from the initial prompt is greater than the context length."],
    ["Anthropic", 400, "prompt is too long: 210000 tokens > 200000 maximum"],
    ["Anthropic's sum", 400, "input length and `max_tokens` exceed context limit: 199000 + 8192 > 200000"],
    ["Gemini", 400, "The input token count (1200000) exceeds the maximum number of tokens allowed (1048575)."],
    ["Mistral", 422, "Prompt contains 40000 tokens, too large for model with 32768 maximum context length"],
    ["Groq", 400, "Please reduce the length of the messages or completion."],
    ["xAI", 400, "This model's maximum prompt length is 131072 but the request contains 140000 tokens."],
    ["Together", 422, "`inputs` tokens + `max_new_tokens` must be <= 8193"],
    ["Bedrock", 400, "Input is too long for requested model."],
    ["a proxy, by its status", 413, ""],
    [
      "vLLM's newer words",
      400,
      "This model's maximum context length is 262144 tokens. However, you requested 0 output tokens and your prompt contains at least 262145 input tokens.",
    ],
    ["llama.cpp's slots", 400, "request (66202 tokens) exceeds the available context size (65536 tokens)"],
    ["Poolside over OpenRouter", 400, "Input length 131393 exceeds the maximum allowed input length of 131040 tokens."],
    ["SGLang", 400, "Input length (265330) exceeds model's maximum context length (262144)."],
    ["TGI", 422, "`inputs` must have less than 1000 tokens. Given: 1200"],
    ["Ollama", 400, "prompt too long; exceeded max context length by 12 tokens"],
    ["Cohere", 400, "too many tokens: size limit exceeded by 12345 tokens"],
    ["Kimi", 400, "Invalid request: Your request exceeded model token limit: 131072"],
    ["GitHub's models", 413, '{"error":{"code":"tokens_limit_reached"}}'],
    ["Copilot", 400, "prompt token count of 70000 exceeds the limit of 64000"],
    ["MiniMax", 400, "invalid params, context window exceeds limit"],
    ["Z.ai, inside a stream", undefined, "model_context_window_exceeded"],
    ["any, inside a stream", undefined, "maximum context length is 100"],
  ])("%s", (_, status, words) => {
    expect(isOverflow(status, words)).toBe(true);
  });

  test.each([
    [429, "Rate limit reached: 30000 tokens per minute. Please reduce the length of the messages."],
    [400, "max_tokens is too large: 100000."],
    [400, "Too many tools: the limit is 128"],
    [500, "ThrottlingException: Too many tokens, please wait before trying again."],
    [400, "Image exceeds the maximum allowed size"],
    [401, "context_length_exceeded"],
    [500, "Internal server error"],
  ])("nobody: %s %s", (status, words) => {
    expect(isOverflow(status, words)).toBe(false);
  });
});

test("rule 13: usage above the window is an overflow nobody spoke of", () => {
  const usage = { input: 3000, cacheRead: 1000, cacheWrite: 97, output: 500, reasoning: 0, estimated: false };
  expect(overflowed(usage, { contextWindow: 4096 })).toBe(true);
  expect(overflowed(usage, { contextWindow: 4097 })).toBe(false);
  expect(overflowed(usage, {})).toBe(false);
});

describe("rule 27: usage", () => {
  const none = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0, estimated: false };
  test.each([
    ["plain", { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 }, { ...none, input: 7, output: 3 }],
    [
      "cached, written and reasoning",
      {
        prompt_tokens: 100,
        completion_tokens: 50,
        prompt_tokens_details: { cached_tokens: 60, cache_write_tokens: 30 },
        completion_tokens_details: { reasoning_tokens: 20 },
      },
      { ...none, input: 10, cacheRead: 60, cacheWrite: 30, output: 30, reasoning: 20 },
    ],
    [
      "DeepSeek's cache",
      { prompt_tokens: 10, completion_tokens: 1, prompt_cache_hit_tokens: 8 },
      { ...none, input: 2, cacheRead: 8, output: 1 },
    ],
    [
      "reasoning beside the completion",
      {
        prompt_tokens: 10,
        completion_tokens: 5,
        total_tokens: 45,
        completion_tokens_details: { reasoning_tokens: 30 },
      },
      { ...none, input: 10, output: 5, reasoning: 30 },
    ],
    [
      "nulls",
      {
        prompt_tokens: 10,
        completion_tokens: 5,
        prompt_tokens_details: null,
        completion_tokens_details: { reasoning_tokens: null },
      },
      { ...none, input: 10, output: 5 },
    ],
    ["zeros", { prompt_tokens: 0, completion_tokens: 0 }, undefined],
    ["nothing", null, undefined],
    ["nonsense", "many", undefined],
  ])("%s", (_, wire, expected) => {
    expect(normaliseUsage(wire)).toEqual(expected);
  });

  test("is never negative and never more than was reported, whatever an endpoint claims", () => {
    const tokens = fc.option(
      fc.oneof(fc.integer({ min: -5, max: 1000 }), fc.double({ noNaN: true, max: 1e12, noDefaultInfinity: true })),
      { nil: undefined },
    );
    fc.assert(
      fc.property(tokens, tokens, tokens, tokens, tokens, (prompt, completion, cached, written, reasoning) => {
        const usage = normaliseUsage({
          prompt_tokens: prompt,
          completion_tokens: completion,
          prompt_tokens_details: { cached_tokens: cached, cache_write_tokens: written },
          completion_tokens_details: { reasoning_tokens: reasoning },
        });
        if (!usage) return;
        const { estimated, ...buckets } = usage;
        expect(estimated).toBe(false);
        for (const bucket of Object.values(buckets)) expect(bucket).toBeGreaterThanOrEqual(0);
        expect(buckets.input + buckets.cacheRead + buckets.cacheWrite).toBe(Math.round(Math.max(0, prompt ?? 0)));
        expect(buckets.output + buckets.reasoning).toBe(Math.round(Math.max(0, completion ?? 0)));
      }),
    );
  });
});
