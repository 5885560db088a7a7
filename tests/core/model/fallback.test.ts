import { describe, expect, test } from "vitest";
import type { ChatModel } from "../../../packages/core/src/model/chat-model.ts";
import { createFallbackModel } from "../../../packages/core/src/model/fallback.ts";
import {
  httpError,
  overflow,
  rateLimited,
  resetMidStream,
  type Script,
  slow,
  startModelServer,
  text,
} from "../../kit/model-server.ts";
import { ask, collect, failureFrom, lastEvent, modelAt, noon } from "./support.ts";

/** Models with a server each, as one; `now` is the clock's. */
async function fallbackOver(scripts: readonly Script[], retries = 0) {
  const servers = await Promise.all(scripts.map((script) => startModelServer(script)));
  const time = { now: noon };
  const models = servers.map(({ baseURL }, i) =>
    modelAt(baseURL, { model: `model-${i + 1}`, capabilities: { contextWindow: 10_000 - i } }),
  );
  const model = createFallbackModel({ models, clock: { now: () => time.now }, retries });
  return {
    model,
    time,
    asked: () => servers.map(({ requests }) => requests.length),
    async [Symbol.asyncDispose]() {
      await model.dispose?.();
      await Promise.all([
        ...models.map((one) => one[Symbol.asyncDispose]()),
        ...servers.map((server) => server.close()),
      ]);
    },
  };
}

const unavailable = () => httpError(401, "No");

describe("a list of models", () => {
  test("is the first one as long as it answers", async () => {
    await using list = await fallbackOver([[text("one")], []]);
    expect(await collect(list.model, ask("Hi"))).toMatchObject([
      { type: "text_delta", text: "on" },
      { type: "text_delta", text: "e" },
      { type: "finished", reason: "stop" },
    ]);
    expect(list.asked()).toEqual([1, 0]);
  });

  test("goes to the next when one is unavailable, and says so and who answered", async () => {
    await using list = await fallbackOver([[unavailable()], [unavailable()], [text("three")], [text("four")]]);

    const events = await collect(list.model, ask("Hi"));

    expect(events.filter(({ type }) => type === "progress")).toEqual([
      {
        type: "progress",
        code: "fallback",
        text: expect.stringMatching(/does not accept the key .* Asking model-2 instead\.$/),
      },
      { type: "progress", code: "fallback", text: expect.stringMatching(/Asking model-3 instead\.$/) },
    ]);
    expect(events.filter(({ type }) => type === "finished")).toMatchObject([{ model: "model-3" }]);
    expect(events.at(-1)).toMatchObject({ type: "finished" });
    expect(list.asked()).toEqual([1, 1, 1, 0]);
  });

  test("lets the loop retry as often as it may, and only then goes on", async () => {
    await using list = await fallbackOver([() => rateLimited({ "retry-after": "1" }), [text("two")]], 2);
    const request = ask("Hi");

    expect(await failureFrom(list.model, request)).toMatchObject({ code: "rate_limited", retryAfterMs: 1000 });
    // The loop may limit each attempt anew.
    expect(await failureFrom(list.model, { ...request, maxOutputTokens: 9 })).toMatchObject({ code: "rate_limited" });
    expect(await lastEvent(list.model, request)).toMatchObject({ type: "finished", model: "model-2" });
    expect(list.asked()).toEqual([3, 1]);
  });

  test("passes a model over for a minute after it failed, and then tries it again", async () => {
    await using list = await fallbackOver([[unavailable(), text("one")], () => text("two")]);
    await collect(list.model, ask("Hi"));

    await collect(list.model, ask("Again"));
    expect(list.asked()).toEqual([1, 2]);
    list.time.now += 60_000;
    expect(await lastEvent(list.model, ask("And now"))).toMatchObject({ type: "finished" });
    expect(list.asked()).toEqual([2, 2]);
  });

  test("fails as the last of them does when all have failed, and asks them all again next time", async () => {
    await using list = await fallbackOver([[unavailable(), text("one")], [httpError(404, "Not Found")]]);

    const request = ask("Hi");
    expect(await failureFrom(list.model, request)).toMatchObject({
      message: expect.stringContaining("(404: Not Found)"),
    });
    expect(await lastEvent(list.model, request)).toMatchObject({ type: "finished" });
  });

  test("never replaces what has begun to answer", async () => {
    await using list = await fallbackOver([[resetMidStream("The answer is")], [text("two")]]);

    const events = await collect(list.model, ask("Hi"));

    expect(events.slice(0, 2)).toEqual([
      { type: "text_delta", text: "The ans" },
      { type: "text_delta", text: "wer is" },
    ]);
    expect(events.at(-1)).toMatchObject({ type: "failed", error: { code: "network" } });
    expect(list.asked()).toEqual([1, 0]);
  });

  test.each([
    ["a thread too long for it", overflow(), "overflow"],
    ["a request it refuses", httpError(400, "Bad parameter"), "invalid_request"],
  ])("does not go on for %s", async (_, reply, code) => {
    await using list = await fallbackOver([[reply], [text("two")]]);
    expect(await failureFrom(list.model)).toMatchObject({ code });
    expect(list.asked()).toEqual([1, 0]);
  });

  test("rule 18: stops when it is told to, and asks nobody else", async () => {
    await using list = await fallbackOver([[slow(text("late"), new Promise(() => {}))], [text("two")]]);
    const abort = new AbortController();
    const failure = failureFrom(list.model, ask("Hi"), abort.signal);
    await expect.poll(list.asked).toEqual([1, 0]);

    abort.abort();

    expect(await failure).toMatchObject({ code: "aborted" });
    expect(list.asked()).toEqual([1, 0]);
  });

  test("can do what each of them can, in the smallest of their windows", async () => {
    const model = (id: string, capabilities: ChatModel["capabilities"]): ChatModel => ({
      id,
      capabilities,
      async *stream() {},
    });
    const list = createFallbackModel({
      models: [
        model("a", { tools: true, local: false, contextWindow: 8192 }),
        model("b", { tools: false, local: true, contextWindow: 4096 }),
      ],
      clock: { now: () => noon },
      retries: 0,
    });
    expect(list).toMatchObject({ id: "a", capabilities: { tools: false, local: false, contextWindow: 4096 } });
  });
});
