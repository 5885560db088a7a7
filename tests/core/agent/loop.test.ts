import { createAgent, defineTool } from "@chingu/core";
import { expect, test } from "vitest";
import { z } from "zod";
import {
  call,
  cut,
  httpError,
  rateLimited,
  resetMidStream,
  stalled,
  startModelServer,
  text,
  toolCall,
  toolCalls,
  truncatedCall,
} from "../../kit/model-server.ts";
import {
  addTool,
  agentWith,
  allEvents,
  counted,
  gatedTool,
  outcomesOf,
  quickTimeouts,
  resultOf,
  toolMessages,
  typesOf,
} from "./support.ts";

test("a turn without tools is one request, one answer and exactly one turn_end", async () => {
  await using kit = await agentWith([text("안녕하세요")]);
  const events = await allEvents(kit.agent.turn("안녕", { threadId: "t1" }));

  expect(typesOf(events)).toEqual([
    "turn_start",
    "message",
    "step_start",
    "text_delta",
    "text_delta",
    "usage",
    "message",
    "turn_end",
  ]);
  expect(events.map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(resultOf(events)).toEqual({
    status: "completed",
    answer: "안녕하세요",
    value: null,
    receipts: [],
    unsupported: [],
    denied: [],
    usage: { input: 10, cacheRead: 0, cacheWrite: 0, output: 5, reasoning: 0, estimated: false },
    cost: { usd: 0, known: true },
    model: "test-model",
    steps: 1,
    threadId: "t1",
    turnId: events[0]?.turnId,
    annotations: [],
    error: null,
  });
  expect(kit.server.requests.map(({ body }) => body.messages)).toEqual([
    [
      { role: "system", content: "Be brief." },
      { role: "user", content: "안녕" },
    ],
  ]);
});

test("a tool call runs, its result goes back to the model, and the answer carries the receipt", async () => {
  await using kit = await agentWith([toolCall("add", { a: 2, b: 40 }), text("The sum is 42, not 43.")]);
  const result = await kit.agent.turn("2 + 40?").result();

  expect(result.receipts).toEqual([
    {
      id: "r1",
      kind: "computation",
      tool: "add",
      language: "sum",
      program: "2 + 40",
      value: "42",
      stdout: "",
      hash: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    },
  ]);
  expect(result.unsupported).toEqual([{ text: "43", start: 19, end: 21 }]);
  expect(result.steps).toBe(2);
  const [, second] = kit.server.requests;
  expect(second?.body.messages.slice(2)).toEqual([
    {
      role: "assistant",
      content: null,
      tool_calls: [
        { id: expect.any(String), type: "function", function: { name: "add", arguments: '{"a":2,"b":40}' } },
      ],
    },
    { role: "tool", tool_call_id: second?.body.messages[2].tool_calls[0].id, content: "42" },
  ]);
});

test("rule 1: fragments of parallel calls that arrive interleaved are put together by index", async () => {
  const deltas = [
    { tool_calls: [{ index: 0, id: "a", function: { name: "add", arguments: '{"a":1,' } }] },
    { tool_calls: [{ index: 1, id: "b", function: { name: "add", arguments: '{"a":10,' } }] },
    { tool_calls: [{ index: 0, function: { arguments: '"b":1}' } }] },
    { tool_calls: [{ index: 1, function: { arguments: '"b":10}' } }] },
  ];
  await using kit = await agentWith([{ kind: "answer", deltas }, text("2 and 20")]);
  await kit.agent.turn("go").result();
  expect(toolMessages(kit.server)).toEqual(["2", "20"]);
});

test("rule 2: a call without id gets one of ours, and the result refers to it", async () => {
  await using kit = await agentWith([toolCalls([call("add", { a: 1, b: 1 }, { id: null })]), text("2")]);
  await kit.agent.turn("go").result();
  const messages = kit.server.requests[1]?.body.messages;
  expect(messages[2].tool_calls[0].id).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
  expect(messages[3].tool_call_id).toBe(messages[2].tool_calls[0].id);
});

test("rule 3: empty arguments mean an empty object, which the schema then judges", async () => {
  const ping = defineTool({
    name: "ping",
    description: "Answers.",
    input: z.object({}),
    annotations: { readOnly: true },
    run: () => "pong",
  });
  await using kit = await agentWith([toolCalls([call("ping", ""), call("add", "")]), text("done")], {
    tools: [ping, addTool],
  });
  const events = await allEvents(kit.agent.turn("go"));
  expect(outcomesOf(events)).toMatchObject([
    { kind: "value", content: "pong" },
    { kind: "error", code: "invalid_arguments" },
  ]);
});

test("rule 4: malformed arguments are never run; the model is told where they break and what is replayed is valid", async () => {
  let ran = 0;
  const counting = defineTool({ ...addTool, run: () => String(++ran) });
  await using kit = await agentWith([toolCall("add", '{"a": 1 "b": 2}'), text("sorry")], { tools: [counting] });
  const events = await allEvents(kit.agent.turn("go"));

  expect(ran).toBe(0);
  expect(outcomesOf(events)).toMatchObject([
    { kind: "error", code: "invalid_arguments", message: expect.stringMatching(/not valid JSON.*position 8/) },
  ]);
  expect(() => JSON.parse(kit.server.requests[1]?.body.messages[2].tool_calls[0].function.arguments)).not.toThrow();
});

test.each(["length", "tool_calls"] as const)(
  "rule 5: calls cut by the output limit fail as a whole, also when the finish reason says %s",
  async (finish) => {
    let ran = 0;
    const counting = defineTool({ ...addTool, run: () => String(++ran) });
    const cutBatch = toolCalls([call("add", { a: 1, b: 1 }), call("add", '{"a": 1, "b')], { finish });
    await using kit = await agentWith([cutBatch, text("again")], { tools: [counting] });
    const events = await allEvents(kit.agent.turn("go"));
    expect(ran).toBe(0);
    expect(outcomesOf(events)).toMatchObject([
      { kind: "error", code: "truncated" },
      { kind: "error", code: "truncated" },
    ]);
    expect(resultOf(events).status).toBe("completed");
  },
);

test("rule 6: an unknown tool is answered with the nearest names", async () => {
  await using kit = await agentWith([toolCall("ad", { a: 1, b: 1 }), text("ok")]);
  const [outcome] = outcomesOf(await allEvents(kit.agent.turn("go")));
  expect(outcome).toMatchObject({ kind: "error", code: "unknown_tool", hint: expect.stringMatching(/names are add/) });
});

test("rule 7: arguments that miss the schema are answered with the path and the received value", async () => {
  await using kit = await agentWith([toolCall("add", { a: "one", b: 1 }), text("ok")]);
  const [outcome] = outcomesOf(await allEvents(kit.agent.turn("go")));
  expect(outcome).toMatchObject({
    code: "invalid_arguments",
    message: expect.stringContaining('$.a must be number, received "one"'),
  });
});

test("rule 7: a hostile pattern in a schema does not freeze the loop", async () => {
  const hostile = defineTool({
    name: "hostile",
    description: "Has a backtracking pattern.",
    input: z.object({ text: z.string().regex(/^(a+)+$/) }),
    annotations: { readOnly: true },
    run: () => "ran",
  });
  await using kit = await agentWith([toolCall("hostile", { text: `${"a".repeat(40)}!` }), text("ok")], {
    tools: [hostile],
  });
  const [outcome] = outcomesOf(await allEvents(kit.agent.turn("go")));
  expect(outcome).toMatchObject({ code: "invalid_arguments" });
});

test("rule 8: a thread that ends in a call without result goes on, and the model is told that it may have run", async () => {
  await using kit = await agentWith([text("I see")]);
  const { store } = kit.agent;
  const stamp = { turnId: "old", at: "2026-01-01T00:00:00.000Z", state: "complete" as const };
  await store.append({ namespace: "default", id: "t1" }, [
    { ...stamp, id: "m1", role: "user", parts: [{ type: "text", text: "hi" }] },
    {
      ...stamp,
      id: "m2",
      role: "assistant",
      parts: [{ type: "tool_call", call: { id: "c1", name: "add", arguments: '{"a":1,"b":2}' } }],
    },
    // A result that belongs to no call.
    {
      ...stamp,
      id: "m3",
      role: "tool",
      parts: [{ type: "tool_result", callId: "c9", name: "add", outcome: { kind: "value", content: "9" } }],
    },
  ]);
  const result = await kit.agent.turn("and now?", { threadId: "t1" }).result();
  expect(result.status).toBe("completed");
  expect(kit.server.requests[0]?.body.messages.slice(1)).toEqual([
    { role: "user", content: "hi" },
    {
      role: "assistant",
      content: null,
      tool_calls: [{ id: "c1", type: "function", function: { name: "add", arguments: '{"a":1,"b":2}' } }],
    },
    { role: "tool", tool_call_id: "c1", content: expect.stringContaining("may have run") },
    { role: "user", content: "and now?" },
  ]);
});

test("rule 9: an answer that broke off stays in the log and leaves the replay", async () => {
  await using kit = await agentWith([cut("half an ans"), cut("half again"), text("whole")]);
  const first = await kit.agent.turn("one", { threadId: "t1" }).result();
  expect(first).toMatchObject({ status: "incomplete", answer: "half again" });
  await kit.agent.turn("two", { threadId: "t1" }).result();
  expect(kit.server.requests[2]?.body.messages).toEqual([
    { role: "system", content: "Be brief." },
    { role: "user", content: "one" },
    { role: "user", content: "two" },
  ]);
  const rows = await kit.agent.store.read({ namespace: "default", id: "t1" });
  expect(rows.map((row) => "message" in row && row.message.state)).toEqual([
    "complete",
    "incomplete",
    "complete",
    "complete",
  ]);
});

test("rule 16: a rate limit is waited for as the provider asked, and the text streamed before is withdrawn", async () => {
  await using kit = await agentWith([rateLimited({ "retry-after-ms": "20" }), resetMidStream("Hel"), text("Hello")]);
  const events = await allEvents(kit.agent.turn("hi"));
  expect(events.filter(({ type }) => type === "retry")).toMatchObject([
    { attempt: 1, delayMs: 20, error: { code: "rate_limited" } },
    { attempt: 2, error: { code: "network" } },
  ]);
  expect(resultOf(events)).toMatchObject({ status: "completed", answer: "Hello" });
});

test("rule 16: what cannot succeed is not tried again: a wrong key is one request and a clear end", async () => {
  await using kit = await agentWith([httpError(401, "Incorrect API key", { code: "invalid_api_key" })]);
  const result = await kit.agent.turn("hi", { threadId: "t1" }).result();
  expect(kit.server.requests).toHaveLength(1);
  expect(result).toMatchObject({ status: "failed", error: { code: "model_unavailable", hint: expect.any(String) } });
  const rows = await kit.agent.store.read({ namespace: "default", id: "t1" });
  expect(rows).toMatchObject([{ message: { role: "user", parts: [{ text: "hi" }] } }]);
});

test("rule 17: a stream that stalls is given up after the time between events, and asked again", async () => {
  await using kit = await agentWith([stalled("Hel"), text("Hello")], {
    policy: { timeouts: { ...quickTimeouts, betweenEvents: 100 } },
  });
  const events = await allEvents(kit.agent.turn("hi"));
  expect(events.filter(({ type }) => type === "retry")).toMatchObject([{ error: { code: "timeout" } }]);
  expect(resultOf(events).answer).toBe("Hello");
  await kit.server.requests[0]?.hungUp;
});

test("rule 17: a tool that does not answer is told to stop, and the model goes on with the failure", async () => {
  const hanging = defineTool({
    name: "hang",
    description: "Never answers.",
    input: z.object({}),
    annotations: { readOnly: true },
    timeoutMs: 100,
    run: () => new Promise<string>(() => {}),
  });
  await using kit = await agentWith([toolCall("hang", {}), text("it hangs")], { tools: [hanging] });
  const events = await allEvents(kit.agent.turn("hi"));
  expect(outcomesOf(events)).toMatchObject([{ kind: "error", code: "timeout" }]);
  expect(resultOf(events).status).toBe("completed");
});

test("rule 17: a turn that reaches its time limit ends as max_time with what was said", async () => {
  await using kit = await agentWith([stalled("thinking")], { policy: { timeouts: { ...quickTimeouts, turn: 200 } } });
  expect(await kit.agent.turn("hi").result()).toMatchObject({ status: "max_time", answer: "thinking" });
});

test("rule 18: stopping a turn closes the model's connection, and what was said is kept as aborted", async () => {
  await using kit = await agentWith([stalled("Once upon"), text("again")]);
  const stop = new AbortController();
  const events: string[] = [];
  let last: unknown;
  for await (const event of kit.agent.turn("tell", { threadId: "t1", signal: stop.signal })) {
    events.push(event.type);
    if (event.type === "text_delta" && events.filter((type) => type === "text_delta").length === 2) stop.abort();
    last = event;
  }
  expect(last).toMatchObject({ type: "turn_end", reason: "aborted", result: { answer: "Once upon" } });
  await kit.server.requests[0]?.hungUp;
  const rows = await kit.agent.store.read({ namespace: "default", id: "t1" });
  expect(rows.map((row) => "message" in row && row.message.state)).toEqual(["complete", "aborted"]);
  expect(await kit.agent.turn("go on", { threadId: "t1" }).result()).toMatchObject({ status: "completed" });
});

test("rule 18: stopping a turn reaches a tool that is running, and its call gets a result", async () => {
  const seen = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const slow = defineTool({
    name: "slow",
    description: "Runs until stopped.",
    input: z.object({}),
    annotations: { readOnly: true },
    run: (_input, { signal }) =>
      new Promise<string>((_resolve, reject) => {
        started.resolve();
        signal.addEventListener("abort", () => {
          seen.resolve();
          reject(new Error("stopped"));
        });
      }),
  });
  await using kit = await agentWith([toolCall("slow", {})], { tools: [slow] });
  const stop = new AbortController();
  const reading = kit.agent.turn("go", { threadId: "t1", signal: stop.signal }).result();
  await started.promise;
  stop.abort();
  await seen.promise;
  expect(await reading).toMatchObject({ status: "aborted" });
  const rows = await kit.agent.store.read({ namespace: "default", id: "t1" });
  expect(rows.at(-1)).toMatchObject({
    message: { role: "tool", parts: [{ outcome: { kind: "error", code: "cancelled" } }] },
  });
});

test("a reader that stops reading stops the turn, and what was said is kept", async () => {
  await using kit = await agentWith([stalled("Once upon")]);
  for await (const event of kit.agent.turn("tell", { threadId: "t1" })) if (event.type === "text_delta") break;
  await kit.server.requests[0]?.hungUp;
  expect(kit.server.requests).toHaveLength(1);
  const rows = await kit.agent.store.read({ namespace: "default", id: "t1" });
  expect(rows).toMatchObject([{ message: { role: "user" } }, { message: { role: "assistant", state: "aborted" } }]);
});

test("rule 23: a long output reaches the model as head and tail, and the whole can be read in pieces", async () => {
  const long = Array.from({ length: 5_000 }, (_, line) => `line ${line} 한국어`).join("\n");
  const dump = defineTool({
    name: "dump",
    description: "Says much.",
    input: z.object({}),
    annotations: { readOnly: true },
    run: () => long,
  });
  let name = "";
  await using kit = await agentWith(
    (request, index) => {
      if (index === 0) return toolCall("dump", {});
      if (index > 1) return text("read");
      const shown: string = request.body.messages.at(-1).content;
      name = /read_output \{"name": "(sha256:[0-9a-f]+)"\}/.exec(shown)?.[1] ?? "";
      expect(Buffer.byteLength(shown)).toBeLessThan(26_000);
      expect(shown.startsWith("line 0 한국어\n")).toBe(true);
      expect(shown.endsWith("line 4999 한국어")).toBe(true);
      return toolCall("read_output", { name, offset: 40_000 });
    },
    { tools: [dump] },
  );
  await kit.agent.turn("go").result();
  expect(toolMessages(kit.server)[1]).toContain(long.slice(40_000, 40_500));
});

test("rule 24: results go back in the order of the calls, whatever finished first, and one failure costs its siblings nothing", async () => {
  const gates = new Map(["a", "b", "c"].map((id) => [id, Promise.withResolvers<string>()]));
  const finished: string[] = [];
  const wait = gatedTool("wait", new Map([...gates].map(([id, { promise }]) => [id, promise])), finished);
  const three = toolCalls(["a", "b", "c"].map((gate) => call("wait", { gate })));
  await using kit = await agentWith([three, text("done")], { tools: [wait] });
  const reading = kit.agent.turn("go").result();
  gates.get("c")?.resolve("C");
  await expect.poll(() => finished).toEqual(["c"]);
  gates.get("b")?.reject(new Error("disk full"));
  gates.get("a")?.resolve("A");
  await reading;
  expect(finished).toEqual(["c", "a"]);
  expect(toolMessages(kit.server)).toEqual(["A", expect.stringContaining("disk full"), "C"]);
});

test("rule 26: everything is stored before the effect it describes", async () => {
  const stored: string[][] = [];
  const kinds = async () =>
    (await agent.store.read({ namespace: "default", id: "t1" })).map((row) =>
      "message" in row ? row.message.role : "corrupt",
    );
  const look = defineTool({
    name: "look",
    description: "Looks into the store.",
    input: z.object({}),
    annotations: { readOnly: true },
    run: async () => {
      stored.push(await kinds());
      return "looked";
    },
  });
  await using server = await startModelServer(async (_request, index) => {
    stored.push(await kinds());
    return index === 0 ? toolCall("look", {}) : text("done");
  });
  await using agent = await createAgent({
    model: { name: "m", baseURL: server.baseURL, apiKey: "key" },
    tools: [look],
    ...counted(),
  });
  await agent.turn("go", { threadId: "t1" }).result();
  expect(stored).toEqual([["user"], ["user", "assistant"], ["user", "assistant", "tool"]]);
});

test("rule 27: cached and reasoning tokens are counted once, and missing usage is estimated and said so", async () => {
  const usage = {
    prompt_tokens: 100,
    completion_tokens: 50,
    prompt_tokens_details: { cached_tokens: 80 },
    completion_tokens_details: { reasoning_tokens: 30 },
  };
  await using kit = await agentWith([text("one", { usage }), text("two", { usage: null })]);
  expect((await kit.agent.turn("a").result()).usage).toEqual({
    input: 20,
    cacheRead: 80,
    cacheWrite: 0,
    output: 20,
    reasoning: 30,
    estimated: false,
  });
  expect((await kit.agent.turn("b").result()).usage).toMatchObject({ estimated: true, output: 1 });
});

test("rule 30: the requests of consecutive turns share their prefix byte for byte", async () => {
  await using kit = await agentWith([
    toolCall("add", { a: 1, b: 2 }),
    text("3"),
    toolCall("add", { a: 3, b: 4 }),
    text("7"),
  ]);
  await kit.agent.turn("1 + 2?", { threadId: "t1" }).result();
  await kit.agent.turn("plus 4?", { threadId: "t1" }).result();
  const bodies = kit.server.requests.map(({ body }) => ({
    head: JSON.stringify({ ...body, messages: undefined }),
    messages: JSON.stringify(body.messages).slice(0, -1),
  }));
  for (const [index, { head, messages }] of bodies.slice(1).entries()) {
    expect(head).toBe(bodies[index]?.head);
    expect(messages.startsWith(bodies[index]?.messages ?? "?")).toBe(true);
  }
});

test("a tool that may change something is denied where there is nobody to ask, and the result says so", async () => {
  const write = defineTool({ name: "write", description: "Writes.", input: z.object({}), run: () => "written" });
  await using kit = await agentWith([toolCall("write", {}), text("I could not")], { tools: [write] });
  const result = await kit.agent.turn("go").result();
  expect(result).toMatchObject({ status: "completed", denied: [{ tool: "write", arguments: "{}" }] });
  expect(toolMessages(kit.server)[0]).toMatch(/^denied: /);
});

test("a person who is asked and says yes lets the tool run, and the question and answer are events", async () => {
  const write = defineTool({ name: "write", description: "Writes.", input: z.object({}), run: () => "written" });
  await using kit = await agentWith([toolCall("write", {}), text("done")], { tools: [write] });
  const events = await allEvents(kit.agent.turn("go", { ask: async () => true }));
  expect(typesOf(events)).toContain("approval_request");
  expect(outcomesOf(events)).toMatchObject([{ kind: "value", content: "written" }]);
});

test("a model that never stops calling tools is stopped at the step limit", async () => {
  await using kit = await agentWith(() => toolCall("add", { a: 1, b: 1 }), {
    policy: { maxSteps: 3, timeouts: quickTimeouts },
  });
  expect(await kit.agent.turn("go").result()).toMatchObject({ status: "max_steps", steps: 3 });
  expect(kit.server.requests).toHaveLength(3);
});

test("an answer cut by the output limit is given as incomplete", async () => {
  await using kit = await agentWith([text("Once upon a", { finish: "length" })]);
  expect(await kit.agent.turn("tell").result()).toMatchObject({ status: "incomplete", answer: "Once upon a" });
});

test("a refusal is an outcome, never retried", async () => {
  await using kit = await agentWith([text("", { refusal: "I cannot", finish: "content_filter" })]);
  expect(await kit.agent.turn("tell").result()).toMatchObject({ status: "refused" });
  expect(kit.server.requests).toHaveLength(1);
});

test("malformed text of a user reaches neither store nor model", async () => {
  await using kit = await agentWith([text("ok")]);
  await kit.agent.turn("a\ud800b\u0000 각", { threadId: "t1" }).result();
  expect(kit.server.requests[0]?.body.messages[1].content).toBe("a\ufffdb\ufffd 각");
});

test("arguments cut in the middle are answered as cut even when they are the only call", async () => {
  await using kit = await agentWith([truncatedCall("add", '{"a": 1, "b"', "tool_calls"), text("ok")]);
  expect(outcomesOf(await allEvents(kit.agent.turn("go")))).toMatchObject([{ code: "truncated" }]);
});
