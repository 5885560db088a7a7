import type { JsonSchema } from "@chingu/core/protocol";
import { describe, expect, test } from "vitest";
import { createChatCompletionsModel } from "../../../packages/core/src/model/chat-completions.ts";
import type { Capabilities } from "../../../packages/core/src/model/chat-model.ts";
import { cut, httpError, type Reply, startModelServer, text, toolCall } from "../../kit/model-server.ts";
import { agentWith, allEvents, counted, resultOf, unstamped } from "./support.ts";

const schema: JsonSchema = {
  type: "object",
  properties: { sum: { type: "number" }, parts: { type: "array", items: { type: "string" } } },
  required: ["sum"],
};
const instruction = `\n\nGive your final answer as one JSON value that fits this JSON Schema, and nothing else: no sentence around it, no code fence.\n${JSON.stringify(schema)}`;

describe("an answer that fits", () => {
  test.each([
    ["alone", '{"sum": 42}', { sum: 42 }],
    ["in a fence", 'Here it is:\n```json\n{"sum": 42}\n```\n', { sum: 42 }],
    ["in a fence on Windows", '```json\r\n{"sum": 42}\r\n```', { sum: 42 }],
    [
      "between sentences, the last one counting",
      '안녕하세요 {x} [1]. {"sum": 1} 아니, {"sum": 42, "parts": ["}"]}!',
      { sum: 42, parts: ["}"] },
    ],
    ["behind a bracket nobody closes", 'see [1 and {"sum": 42}', { sum: 42 }],
  ])("%s is the result's value; the answer keeps the model's words", async (_, said, value) => {
    await using kit = await agentWith([text(said)]);
    const result = await kit.agent.turn("2 + 40?", { outputSchema: schema }).result();
    expect(result).toMatchObject({ status: "completed", answer: said, value, error: null, steps: 1 });
  });

  test("may be null, a number or a list where the schema says so", async () => {
    await using kit = await agentWith([text("null"), text(" 4.5\n"), text("[1, 2]")]);
    const ask = (outputSchema: JsonSchema) => kit.agent.turn("go", { outputSchema }).result();
    expect((await ask({ type: "null" })).value).toBe(null);
    expect((await ask({ type: "number" })).value).toBe(4.5);
    expect((await ask({ type: "array", items: { type: "integer" } })).value).toEqual([1, 2]);
  });

  test("comes after tools as well, and the instruction stands in the same place in every request of the turn", async () => {
    await using kit = await agentWith([toolCall("add", { a: 2, b: 40 }), text('{"sum": 42}')]);
    const result = await kit.agent.turn("2 + 40?", { outputSchema: schema }).result();
    expect(result).toMatchObject({ status: "completed", value: { sum: 42 }, receipts: [{ value: "42" }] });

    const [first, second] = kit.server.requests.map(({ body }) => body.messages);
    expect(first).toEqual([
      { role: "system", content: "Be brief." },
      { role: "user", content: `2 + 40?${instruction}` },
    ]);
    expect(second.slice(0, 2)).toEqual(first);
  });

  test("leaves the person's words in the thread as they were said", async () => {
    await using kit = await agentWith([text('{"sum": 1}'), text("fine")]);
    await kit.agent.turn("first", { threadId: "t", outputSchema: schema }).result();
    await kit.agent.turn("second", { threadId: "t" }).result();
    expect(kit.server.requests[1]?.body.messages.slice(1)).toEqual([
      { role: "user", content: "first" },
      { role: "assistant", content: '{"sum": 1}' },
      { role: "user", content: "second" },
    ]);
  });
});

describe("an answer that misses", () => {
  test("is asked for once more with paths and received values, and the thread keeps the good one alone for the model", async () => {
    await using kit = await agentWith([
      text('{"sum": "42", "parts": [1]}'),
      text('{"sum": 42}'),
      text("you are welcome"),
    ]);
    const events = await allEvents(kit.agent.turn("2 + 40?", { threadId: "t", outputSchema: schema }));
    expect(resultOf(events)).toMatchObject({ status: "completed", value: { sum: 42 }, steps: 2, error: null });

    expect(kit.server.requests[1]?.body.messages.slice(1)).toEqual([
      { role: "user", content: `2 + 40?${instruction}` },
      { role: "assistant", content: '{"sum": "42", "parts": [1]}' },
      {
        role: "user",
        content: `Your answer does not fit the JSON Schema it has to fit: $.sum must be number, received "42"; $.parts.0 must be string, received 1. Answer again with the corrected JSON value and nothing else. The JSON Schema:\n${JSON.stringify(schema)}`,
      },
    ]);
    expect(kit.server.requests[1]?.body.tool_choice).toBe("none");
    expect(unstamped(events).filter((event) => "code" in event)).toEqual([
      {
        type: "notice",
        code: "invalid_output",
        text: 'the answer does not fit the output schema: $.sum must be number, received "42"; $.parts.0 must be string, received 1; asking once more',
      },
    ]);
    const stored = events.flatMap((event) => (event.type === "message" ? [event.message] : []));
    expect(stored.map(({ role, state }) => [role, state])).toEqual([
      ["user", "complete"],
      ["assistant", "incomplete"],
      ["assistant", "complete"],
    ]);

    await kit.agent.turn("thanks", { threadId: "t" }).result();
    expect(kit.server.requests[2]?.body.messages.slice(1)).toEqual([
      { role: "user", content: "2 + 40?" },
      { role: "assistant", content: '{"sum": 42}' },
      { role: "user", content: "thanks" },
    ]);
  });

  test("twice ends the turn as incomplete with what misses, its words kept; the thread goes on", async () => {
    await using kit = await agentWith([text("forty-two"), text("42, as I said"), text("fine")]);
    const result = await kit.agent.turn("2 + 40?", { threadId: "t", outputSchema: schema }).result();
    expect(result).toMatchObject({
      status: "incomplete",
      answer: "42, as I said",
      value: null,
      steps: 2,
      error: {
        code: "invalid_output",
        message: 'the answer does not fit the output schema: there is no JSON value in it, received "42, as I said"',
        hint: expect.any(String),
      },
    });
    const stored = await kit.agent.store.read({ namespace: "default", id: "t" });
    expect(JSON.stringify(stored)).toContain("42, as I said");
    expect((await kit.agent.turn("never mind", { threadId: "t" }).result()).status).toBe("completed");
  });

  test("and is mended by calling a tool is not mended: nothing is run", async () => {
    await using kit = await agentWith([text("forty-two"), toolCall("add", { a: 2, b: 40 })]);
    const result = await kit.agent.turn("2 + 40?", { outputSchema: schema }).result();
    expect(result).toMatchObject({ status: "incomplete", error: { code: "invalid_output" }, receipts: [] });
  });

  test("at the last step is not asked for again", async () => {
    await using kit = await agentWith([text("forty-two")], { policy: { maxSteps: 1 } });
    const result = await kit.agent.turn("2 + 40?", { outputSchema: schema }).result();
    expect(result).toMatchObject({ status: "incomplete", error: { code: "invalid_output" }, steps: 1 });
  });

  test("after input that joined the turn is judged anew, without the old complaint", async () => {
    const seen = Promise.withResolvers<void>();
    await using kit = await agentWith([
      text("forty-two"),
      text('{"sum": 42}', { before: seen.promise }),
      text('{"sum": 43}'),
    ]);
    const turn = kit.agent.turn("2 + 40?", { outputSchema: schema });
    for await (const event of turn) {
      if (event.type !== "step_start" || event.step !== 2) continue;
      turn.steer("and one more");
      seen.resolve();
    }
    expect(await turn.result()).toMatchObject({ status: "completed", value: { sum: 43 }, steps: 3 });
    expect(kit.server.requests[2]?.body.messages.slice(2)).toEqual([
      { role: "assistant", content: '{"sum": 42}' },
      { role: "user", content: "and one more" },
    ]);
    expect(kit.server.requests[2]?.body.tool_choice).toBe("auto");
  });
});

describe("an endpoint that holds answers to a schema", () => {
  const closed: JsonSchema = { ...schema, required: ["sum", "parts"], additionalProperties: false };
  const format = (outputSchema: JsonSchema, strict: boolean) => ({
    type: "json_schema",
    json_schema: { name: "answer", schema: outputSchema, strict },
  });
  /** The kit's endpoint as a model whose capabilities are known. */
  async function asked(outputSchema: JsonSchema, capabilities: Partial<Capabilities>, replies: readonly Reply[]) {
    await using server = await startModelServer(replies);
    const model = createChatCompletionsModel({
      model: "test-model",
      baseURL: server.baseURL,
      ...counted(),
      makeId: counted().ids,
      capabilities,
      profile: { structuredOutput: true },
    });
    await using kit = await agentWith([], { model });
    const result = await kit.agent.turn("2 + 40?", { outputSchema }).result();
    await model.dispose?.();
    return { result, bodies: server.requests.map(({ body }) => body) };
  }
  const both = { structuredOutput: true, structuredOutputWithTools: true };

  test("gets it with every request of the turn, and no instruction", async () => {
    const replies = [toolCall("add", { a: 2, b: 40 }), text('{"sum": 42, "parts": []}')];
    const { result, bodies } = await asked(closed, both, replies);
    expect(result).toMatchObject({ status: "completed", value: { sum: 42, parts: [] } });
    expect(bodies.map(({ response_format }) => response_format)).toEqual([format(closed, true), format(closed, true)]);
    expect(bodies[0].messages.at(-1)).toEqual({ role: "user", content: "2 + 40?" });
    expect(bodies[1].messages.slice(0, 2)).toEqual(bodies[0].messages);
  });

  test.each<[string, JsonSchema]>([
    ["has an optional property", schema],
    [
      "has an open object inside",
      { ...closed, properties: { ...(closed["properties"] as object), more: { type: "object" } } },
    ],
    ["is no object at the top", { type: "array", items: closed }],
    ["uses what strict modes refuse", { ...closed, allOf: [{}] }],
  ])("is not asked to be strict where the schema %s, and the answer is checked here all the same", async (_, loose) => {
    const { result, bodies } = await asked(loose, both, [text('"no"'), text('"no"')]);
    expect(bodies[0].response_format).toEqual(format(loose, false));
    expect(result).toMatchObject({ status: "incomplete", error: { code: "invalid_output" } });
  });

  test("but not beside tools is told in words while there are tools", async () => {
    const { bodies } = await asked(schema, { structuredOutput: true }, [text('{"sum": 42}')]);
    expect(bodies[0].response_format).toBeUndefined();
    expect(bodies[0].messages.at(-1)).toEqual({ role: "user", content: `2 + 40?${instruction}` });
  });
});

test("an answer that is cut, refused or never comes ends as it does without a schema", async () => {
  await using kit = await agentWith([
    text('{"sum": 4', { finish: "length" }),
    text("", { refusal: "no" }),
    httpError(401, "bad key"),
    cut("{"),
    cut("{"),
  ]);
  const ask = () => kit.agent.turn("go", { outputSchema: schema }).result();
  expect(await ask()).toMatchObject({ status: "incomplete", error: { code: "length" }, value: null });
  expect(await ask()).toMatchObject({ status: "refused", value: null });
  expect(await ask()).toMatchObject({ status: "failed", error: { code: "model_unavailable" }, value: null });
  expect(await ask()).toMatchObject({ status: "incomplete", error: { code: "incomplete" }, value: null });
});

describe("the schema", () => {
  test.each<[string, JsonSchema, RegExp]>([
    ["no schema at all", { type: "sting" }, /schema is invalid: data\/type must be equal to one of the allowed values/],
    ["another document", { $ref: "https://example.com/schema.json" }, /can't resolve reference/],
    ["a pattern that needs backtracking", { type: "string", pattern: "(?=a)" }, /regexp/],
    ["an old draft", { $schema: "http://json-schema.org/draft-04/schema#" }, /draft-04/],
    ["an asynchronous one", { $async: true }, /asynchronous/],
  ])("%s ends the turn before anything is stored or asked", async (_, outputSchema, reason) => {
    await using kit = await agentWith([]);
    const result = await kit.agent.turn("go", { threadId: "t", outputSchema }).result();
    expect(result).toMatchObject({
      status: "failed",
      error: { code: "usage", message: expect.stringMatching(reason) },
    });
    expect(kit.server.requests).toEqual([]);
    expect(await kit.agent.store.read({ namespace: "default", id: "t" })).toEqual([]);
  });

  test("of draft 7 is understood, and one used in many turns with an $id as well", async () => {
    const draft7 = () => ({
      $schema: "http://json-schema.org/draft-07/schema#",
      $id: "https://example.com/pair",
      type: "array",
      items: [{ type: "string" }, { type: "number" }],
    });
    await using kit = await agentWith([text('["a", 1]'), text('["a", "b"]'), text('["b", 2]')]);
    expect((await kit.agent.turn("go", { outputSchema: draft7() }).result()).value).toEqual(["a", 1]);
    expect((await kit.agent.turn("go", { outputSchema: draft7() }).result()).value).toEqual(["b", 2]);
  });

  test("with a pattern that takes exponential time elsewhere is checked at once", async () => {
    const outputSchema: JsonSchema = { type: "string", pattern: "^(a+)+$" };
    const hostile = JSON.stringify(`${"a".repeat(300)}!`);
    await using kit = await agentWith([text(hostile), text('"aaa"')]);
    expect(await kit.agent.turn("go", { outputSchema }).result()).toMatchObject({ status: "completed", value: "aaa" });
  });
});
