import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type CapabilityCard, createCardFolder } from "../../../packages/core/src/model/capability-card.ts";
import { probeEndpoint } from "../../../packages/core/src/model/probe.ts";
import { createTransport } from "../../../packages/core/src/model/transport.ts";
import {
  httpError,
  type ModelRequestRecord,
  type ModelServer,
  type Reply,
  raw,
  startModelServer,
  text,
  toolCall,
} from "../../kit/model-server.ts";
import { ask, calculate, collect, modelAt, never, noon } from "./support.ts";

async function probed(server: ModelServer, signal = never): Promise<CapabilityCard | undefined> {
  const transport = createTransport();
  const clock = { now: () => noon };
  const { baseURL } = server;
  const card = await probeEndpoint({ baseURL, model: "test-model", apiKey: "key", transport, clock }, signal);
  await transport.close();
  return card;
}

const card = (
  baseURL: string,
  profile: CapabilityCard["profile"],
  at = "2026-01-01T12:00:00.000Z",
): CapabilityCard => ({
  version: 1,
  baseURL,
  model: "test-model",
  at,
  profile,
});

const native = toolCall("ping", {});

/** An endpoint that refuses requests for a reason, and answers the others. */
type Refuses = (body: ModelRequestRecord["body"]) => Reply | false | undefined;
const strict =
  (refuses: Refuses) =>
  ({ body }: ModelRequestRecord): Reply =>
    refuses(body) || native;

describe("an endpoint nobody knows, asked once what it takes,", () => {
  test("is sent one small request when it takes everything", async () => {
    await using server = await startModelServer([native]);

    expect(await probed(server)).toEqual(card(server.baseURL, {}));
    expect(server.requests.map(({ body }) => body)).toEqual([
      {
        model: "test-model",
        stream: true,
        stream_options: { include_usage: true },
        tools: [
          {
            type: "function",
            function: {
              name: "ping",
              description: "Answers with pong",
              parameters: { type: "object", properties: {} },
            },
          },
        ],
        messages: [
          { role: "system", content: "Be brief." },
          { role: "user", content: "Call the tool `ping`." },
        ],
        max_tokens: 64,
      },
    ]);
    expect(server.requests[0]?.headers).toMatchObject({ authorization: "Bearer key" });
  });

  test.each<[string, CapabilityCard["profile"], Refuses]>([
    [
      "refuses stream options",
      { streamUsage: false },
      (body) => body.stream_options && httpError(422, "Extra inputs are not permitted: stream_options"),
    ],
    [
      "has renamed the output limit",
      { maxTokensField: "max_completion_tokens" },
      (body) => body.max_tokens && httpError(400, "Unsupported parameter: 'max_tokens'."),
    ],
    ["knows no tools", { tools: false }, (body) => body.tools && httpError(400, "This model does not support tools")],
    [
      "knows no system role",
      { systemRole: "user" },
      (body) => body.messages.length > 1 && httpError(500, "Jinja Exception: System role not supported"),
    ],
    [
      "refuses two things without naming them",
      { streamUsage: false, maxTokensField: "max_completion_tokens" },
      (body) => (body.stream_options || body.max_tokens) && httpError(400, "Bad request"),
    ],
  ])("%s", async (_, profile, refuses) => {
    await using server = await startModelServer(strict(refuses));

    expect(await probed(server)).toEqual(card(server.baseURL, profile));
  });

  test("shows whether its model writes calls into the text, and the window it lists", async () => {
    await using server = await startModelServer([text('<tool_call>{"name":"ping","arguments":{}}</tool_call>')], {
      listed: { max_model_len: 32_768 },
    });

    expect(await probed(server)).toEqual(card(server.baseURL, { dialects: ["tagged"], contextWindow: 32_768 }));
  });

  test.each([
    ["a wrong key", httpError(401, "No")],
    ["a busy server", httpError(429, "Slow down")],
    ["no such model", httpError(404, "No such model")],
    ["a crash", raw(500, "oops")],
  ])("tells nothing on %s", async (_, reply) => {
    await using server = await startModelServer([reply]);
    expect(await probed(server)).toBeUndefined();
    expect(server.requests).toHaveLength(1);
  });

  test("tells nothing when it refuses whatever it is sent, and is left in peace", async () => {
    await using server = await startModelServer(() => httpError(400, "No"));
    expect(await probed(server)).toBeUndefined();
    expect(server.requests).toHaveLength(5);
  });
});

describe("a capability card", () => {
  async function folder(): Promise<AsyncDisposable & { readonly path: string }> {
    const path = await mkdtemp(join(tmpdir(), "chingu-cards-"));
    return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
  }
  const refusesOptions = strict((body) => body.stream_options && httpError(400, "stream_options is not supported"));

  test("is made before the first turn, kept, and read by the next process", async () => {
    await using place = await folder();
    await using server = await startModelServer(refusesOptions);
    const cards = { cache: createCardFolder(join(place.path, "cards")), probe: true };

    await using first = modelAt(server.baseURL, { cards });
    const events = await collect(first, ask("Hi", { tools: [calculate] }));
    expect(events[0]).toEqual({ type: "progress", code: "probe", text: "Asking test-model what it takes" });
    expect(events.at(-1)).toMatchObject({ type: "finished", reason: "tool_calls" });
    await collect(first, ask("Again"));
    await using second = modelAt(server.baseURL, { cards });
    expect((await collect(second, ask("Hi")))[0]).not.toMatchObject({ type: "progress" });

    // Twice for the probe, then three turns.
    expect(server.requests.map(({ body }) => "stream_options" in body)).toEqual([true, false, false, false, false]);
  });

  test("tells the window once it is known", async () => {
    await using place = await folder();
    await using server = await startModelServer(() => text("ok"), { listed: { context_length: 8192 } });
    await using model = modelAt(server.baseURL, { cards: { cache: createCardFolder(place.path), probe: true } });

    await collect(model, ask("Hi"));

    expect(model.capabilities.contextWindow).toBe(8192);
  });

  test("that cannot be made costs the turn nothing", async () => {
    await using place = await folder();
    await using server = await startModelServer([httpError(429, "Slow down"), text("Hello")]);
    const cache = createCardFolder(place.path);
    await using model = modelAt(server.baseURL, { cards: { cache, probe: true } });

    expect((await collect(model, ask("Hi"))).at(-1)).toMatchObject({ type: "finished", reason: "stop" });
    expect(await readdir(place.path)).toEqual([]);
  });

  test("that is old is made anew; without a probe it still counts", async () => {
    await using place = await folder();
    await using server = await startModelServer(() => text("ok"));
    const cache = createCardFolder(place.path);
    await cache.write(card(server.baseURL, { streamUsage: false }, "2025-11-01T12:00:00.000Z"));

    await using careless = modelAt(server.baseURL, { cards: { cache, probe: false } });
    await collect(careless, ask("Hi"));
    expect(server.requests[0]?.body).not.toHaveProperty("stream_options");
    await using careful = modelAt(server.baseURL, { cards: { cache, probe: true } });
    await collect(careful, ask("Hi"));

    expect(await cache.read({ baseURL: server.baseURL, model: "test-model" })).toEqual(card(server.baseURL, {}));
  });

  test.each([
    ["not JSON", "{"],
    ["of another form", '{"version":1}'],
    ["of another endpoint", JSON.stringify(card("https://elsewhere.example/v1", { tools: false }))],
    ["with what no card holds", JSON.stringify({ ...card("http://a/v1", {}), profile: { headers: {} } })],
  ])("that is %s is none", async (_, content) => {
    await using place = await folder();
    const cache = createCardFolder(place.path);
    const key = { baseURL: "http://a/v1", model: "test-model" };
    await cache.write(card(key.baseURL, { tools: false }));
    expect(await cache.read(key)).toBeDefined();
    const [file = ""] = await readdir(place.path);
    await writeFile(join(place.path, file), content);

    expect(await cache.read(key)).toBeUndefined();
  });

  test("that cannot be written is forgotten", async () => {
    await using place = await folder();
    await writeFile(join(place.path, "cards"), "a file in the way");
    const cache = createCardFolder(join(place.path, "cards"));
    await cache.write(card("http://a/v1", {}));
    expect(await cache.read({ baseURL: "http://a/v1", model: "test-model" })).toBeUndefined();
  });
});
