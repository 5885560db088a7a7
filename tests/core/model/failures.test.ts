import { describe, expect, test } from "vitest";
import {
  cut,
  html,
  httpError,
  malformedJson,
  overflow,
  type Raw,
  rateLimited,
  raw,
  startModelServer,
  text,
} from "../../kit/model-server.ts";
import { ask, failureFrom, lastEvent, modelAt } from "./support.ts";

const address =
  "Check the base URL (OPENAI_BASE_URL, or the provider's `baseURL` in the configuration); most end in /v1.";
const later = "Try again later, or use another model (`--model`).";

describe("a failure says what happened, where, and what to do", () => {
  const cases: [string, Raw, (url: string) => object][] = [
    [
      "a wrong key",
      httpError(401, "Incorrect API key provided: key-for-tests.", { code: "invalid_api_key" }),
      (url) => ({
        code: "model_unavailable",
        message: `${url} does not accept the key (401: Incorrect API key provided: [secret]).`,
        hint: "Check OPENAI_API_KEY, or run `chingu setup`.",
        retryable: false,
      }),
    ],
    [
      "a key without the right",
      httpError(403, "Your project may not use this."),
      (url) => ({
        code: "model_unavailable",
        message: `${url} does not allow this request (403: Your project may not use this).`,
        hint: "Check OPENAI_API_KEY, or run `chingu setup`.",
        retryable: false,
      }),
    ],
    [
      "an unknown model",
      httpError(404, "The model `test-model` does not exist", { code: "model_not_found" }),
      (url) => ({
        code: "model_unavailable",
        message: `${url} has no model "test-model" (404: The model \`test-model\` does not exist).`,
        hint: "Run `chingu models` to see which models there are.",
        retryable: false,
      }),
    ],
    [
      "a path that is not there",
      raw(404, '{"detail":"Not Found"}', { "content-type": "application/json" }),
      (url) => ({
        code: "model_unavailable",
        message: `${url} is not an OpenAI-compatible endpoint (404: Not Found).`,
        hint: address,
        retryable: false,
      }),
    ],
    [
      "a web page",
      html(),
      (url) => ({
        code: "model_unavailable",
        message: `${url} is not an OpenAI-compatible endpoint: it answers with a web page.`,
        hint: address,
        retryable: false,
      }),
    ],
    [
      "a web page as an error",
      html(404),
      (url) => ({
        code: "model_unavailable",
        message: `${url} is not an OpenAI-compatible endpoint (404).`,
        hint: address,
        retryable: false,
      }),
    ],
    [
      "some other JSON",
      raw(200, '{"status":"ok"}', { "content-type": "application/json" }),
      (url) => ({
        code: "model_unavailable",
        message: `${url} is not an OpenAI-compatible endpoint: its answer has no \`choices\`.`,
        hint: address,
        retryable: false,
      }),
    ],
    [
      "malformed JSON",
      malformedJson(),
      (url) => ({
        code: "provider_error",
        message: `${url} sent an answer that is not valid JSON.`,
        hint: later,
        retryable: true,
      }),
    ],
    [
      "a redirect, which would take the key elsewhere",
      raw(308, "", { location: "https://elsewhere.example/v1/chat/completions" }),
      (url) => ({
        code: "model_unavailable",
        message: `${url} redirects elsewhere (308), which is not followed.`,
        hint: address,
        retryable: false,
      }),
    ],
    [
      "a rate limit",
      rateLimited({ "retry-after": "2" }),
      (url) => ({
        code: "rate_limited",
        message: `${url} is limiting requests (429: Rate limit reached for requests).`,
        hint: "Wait a little, or use another model (`--model`).",
        retryable: true,
        retryAfterMs: 2000,
      }),
    ],
    [
      "no credit",
      httpError(429, "You exceeded your current quota.", { code: "insufficient_quota" }),
      (url) => ({
        code: "rate_limited",
        message: `${url} has no credit left for this key (429: You exceeded your current quota).`,
        hint: "Check plan and billing there.",
        retryable: false,
      }),
    ],
    [
      "a failing server",
      raw(503, "upstream\u001b[2J is\n down", { "retry-after-ms": "150" }),
      (url) => ({
        code: "provider_error",
        message: `${url} failed (503: upstream is down).`,
        hint: later,
        retryable: true,
        retryAfterMs: 150,
      }),
    ],
    [
      "a request it cannot take",
      httpError(400, "Unsupported parameter: 'stream_options'."),
      (url) => ({
        code: "invalid_request",
        message: `${url} refused the request (400: Unsupported parameter: 'stream_options').`,
        hint: "Run `chingu models` to see which models there are.",
        retryable: false,
      }),
    ],
    [
      "a conversation too long",
      overflow(),
      (url) => ({
        code: "overflow",
        message: expect.stringContaining(
          `The conversation is longer than test-model at ${url} takes (400: This model's`,
        ),
        hint: "Start a new thread, or use a model with a larger context.",
        retryable: false,
      }),
    ],
    [
      "an error inside the stream",
      raw(200, 'data: {"error":{"message":"The engine crashed.","code":500}}\n\n', {
        "content-type": "text/event-stream",
      }),
      (url) => ({
        code: "provider_error",
        message: `${url} broke off with an error (500: The engine crashed).`,
        hint: later,
        retryable: true,
      }),
    ],
  ];

  test.each(cases)("%s", async (_, reply, expected) => {
    await using server = await startModelServer([reply]);
    await using model = modelAt(server.baseURL, { stream: reply.headers["content-type"] !== "application/json" });

    expect(await failureFrom(model)).toEqual(expected(server.baseURL));
  });

  test("a closed port", async () => {
    const server = await startModelServer();
    await server.close();
    await using model = modelAt(server.baseURL);

    expect(await failureFrom(model)).toEqual({
      code: "model_unavailable",
      message: `No model answers at ${server.baseURL}: connection refused.`,
      hint: "Start the server there, check OPENAI_BASE_URL, or run `chingu setup`.",
      retryable: false,
    });
  });

  test("a host that is not known", async () => {
    await using model = modelAt("http://no-such-host.invalid/v1");

    expect(await failureFrom(model)).toMatchObject({
      code: "model_unavailable",
      message: expect.stringMatching(/^No model answers at http:\/\/no-such-host\.invalid\/v1: the host name /),
    });
  });

  test("a server that does not speak HTTPS", async () => {
    await using server = await startModelServer();
    await using model = modelAt(server.baseURL.replace("http:", "https:"));

    expect(await failureFrom(model)).toMatchObject({ code: "model_unavailable", retryable: false });
  });

  test("an address that is no URL", async () => {
    await using model = modelAt("nonsense");

    expect(await failureFrom(model)).toMatchObject({ code: "model_unavailable", hint: address });
  });

  test("a key that cannot be sent, without showing it", async () => {
    await using server = await startModelServer();
    await using model = modelAt(server.baseURL, { apiKey: "sk-열쇠\n" });

    const failure = await failureFrom(model);
    expect(failure).toEqual({
      code: "model_unavailable",
      message: `The key or a header for ${server.baseURL} has characters that cannot be sent in an HTTP header.`,
      hint: "Check OPENAI_API_KEY for line ends and characters that do not belong to it.",
      retryable: false,
    });
  });

  test("a password in the base URL is not shown", async () => {
    await using server = await startModelServer([html()]);
    await using model = modelAt(server.baseURL.replace("http://", "http://me:hidden@"));

    expect((await failureFrom(model)).message).not.toContain("hidden");
  });

  test("a page of megabytes is not read to its end, and quoted in one short line", async () => {
    await using server = await startModelServer([raw(500, "sorry ".repeat(2_000_000))]);
    await using model = modelAt(server.baseURL);

    const { message } = await failureFrom(model);
    expect(message).toMatch(/failed \(500: sorry sorry/);
    expect(message.length).toBeLessThan(400);
  });
});

test("rule 12: a prompt the provider's filter refuses is an outcome and no failure", async () => {
  await using server = await startModelServer([
    httpError(400, "The response was filtered.", { code: "content_filter" }),
  ]);
  await using model = modelAt(server.baseURL);

  expect(await lastEvent(model)).toEqual({ type: "finished", reason: "refused", raw: "content_filter", calls: [] });
});

test("a connection works again after a failure", async () => {
  await using server = await startModelServer([httpError(500, "Oops"), cut("Hel"), text("Hello")]);
  await using model = modelAt(server.baseURL);

  expect(await failureFrom(model)).toMatchObject({ code: "provider_error" });
  expect(await lastEvent(model)).toMatchObject({ reason: "incomplete" });
  expect(await lastEvent(model, ask("Hi"))).toMatchObject({ reason: "stop" });
});
