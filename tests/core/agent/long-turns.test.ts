import { defineTool } from "@chingu/core";
import { expect, test } from "vitest";
import { z } from "zod";
import { createChatCompletionsModel } from "../../../packages/core/src/model/chat-completions.ts";
import type { ChatModel } from "../../../packages/core/src/model/chat-model.ts";
import { call, cut, overflow, stalled, startModelServer, text, toolCall, toolCalls } from "../../kit/model-server.ts";
import {
  addTool,
  agentWith,
  allEvents,
  counted,
  outcomesOf,
  quickTimeouts,
  resultOf,
  toolMessages,
  typesOf,
} from "./support.ts";

/** A model with a small window in front of the scripted server. */
function smallModel(baseURL: string, contextWindow: number): ChatModel {
  return createChatCompletionsModel({ model: "small", baseURL, ...ids(), capabilities: { contextWindow } });
}

const ids = () => {
  const { ids: makeId, clock } = counted();
  return { makeId, clock };
};

/** What holds where no summary can be had; those with one are in compaction.test.ts. */
const withoutSummaries = { summaries: false, timeouts: quickTimeouts };

const longText = (mark: string) => `${mark} ${Array.from({ length: 90 }, (_, word) => `단어${word}`).join(" ")}`;

test("rule 10: an answer that was cut is asked for once more, and then given as incomplete", async () => {
  await using kit = await agentWith([cut("half"), cut("again half")]);
  expect(await kit.agent.turn("tell").result()).toMatchObject({ status: "incomplete", answer: "again half" });
  expect(kit.server.requests).toHaveLength(2);
});

test("rule 11: an unknown finish reason is kept raw and counts as incomplete", async () => {
  await using kit = await agentWith([
    text("hm", { finish: "eos_token_found" }),
    text("hm", { finish: "eos_token_found" }),
  ]);
  expect(await kit.agent.turn("tell", { threadId: "t1" }).result()).toMatchObject({ status: "incomplete" });
  const rows = await kit.agent.store.read({ namespace: "default", id: "t1" });
  expect(rows.at(-1)).toMatchObject({ message: { state: "incomplete", finishReason: "eos_token_found" } });
});

test("rule 13: a context overflow is answered once with a smaller request that keeps the goal and the newest words", async () => {
  await using kit = await agentWith(
    (_request, index) => (index < 6 ? text(longText(`answer ${index}`)) : index === 6 ? overflow() : text("done")),
    { policy: withoutSummaries },
  );
  for (let turn = 0; turn < 6; turn++) await kit.agent.turn(longText(`question ${turn}`), { threadId: "t1" }).result();
  const events = await allEvents(kit.agent.turn("and now?", { threadId: "t1" }));

  expect(resultOf(events)).toMatchObject({ status: "completed", answer: "done" });
  expect(events.filter(({ type }) => type === "compaction")).toMatchObject([{ reason: "overflow" }]);
  const sent: { role: string; content: string }[] = kit.server.requests[7]?.body.messages;
  expect(sent[1]?.content).toBe(longText("question 0"));
  expect(sent[2]?.content).toMatch(/left out here/);
  expect(sent.at(-1)?.content).toBe("and now?");
  expect(sent.length).toBeLessThan(kit.server.requests[6]?.body.messages.length);
  const rows = await kit.agent.store.read({ namespace: "default", id: "t1" });
  expect(rows).toHaveLength(14);
});

test("rule 13: a server that takes more than the window without saying so is asked again with less", async () => {
  const usage = { prompt_tokens: 9_000, completion_tokens: 1 };
  await using server = await startModelServer((_request, index) =>
    text(longText(`a${index}`), index === 4 ? { usage } : {}),
  );
  await using kit = await agentWith([], { model: smallModel(server.baseURL, 8_000), policy: withoutSummaries });
  for (let turn = 0; turn < 4; turn++) await kit.agent.turn(longText(`q${turn}`), { threadId: "t1" }).result();
  const events = await allEvents(kit.agent.turn("now", { threadId: "t1" }));
  expect(typesOf(events)).toContain("compaction");
  expect(server.requests[5]?.body.messages.length).toBeLessThan(server.requests[4]?.body.messages.length);
});

test("rule 14: a thread that outgrows the window is cut ahead of the call, at the same place until it has grown again", async () => {
  await using server = await startModelServer((_request, index) => text(longText(`answer ${index}`)));
  await using kit = await agentWith([], {
    model: smallModel(server.baseURL, 5_000),
    tools: [],
    policy: withoutSummaries,
  });
  const compactions: number[] = [];
  for (let turn = 0; turn < 30; turn++) {
    const events = await allEvents(kit.agent.turn(longText(`question ${turn}`), { threadId: "t1" }));
    compactions.push(events.filter(({ type }) => type === "compaction").length);
    expect(resultOf(events).status).toBe("completed");
  }
  expect(compactions.reduce((sum, count) => sum + count)).toBeGreaterThan(1);
  expect(compactions.filter((count) => count === 0).length).toBeGreaterThan(15);
  for (const { body } of server.requests) {
    expect(Buffer.byteLength(JSON.stringify(body.messages)) / 3).toBeLessThan(5_000);
    expect(body.messages[1].content).toContain("question 0");
  }
});

test("rule 14: a cut never parts a call from its result, and stays below the newest question of a long turn", async () => {
  const dump = defineTool({
    name: "dump",
    description: "Says much.",
    input: z.object({ n: z.number() }),
    annotations: { readOnly: true },
    run: ({ n }) => longText(`output ${n}`),
  });
  await using server = await startModelServer((_request, index) =>
    index < 12 ? toolCall("dump", { n: index }) : text("done"),
  );
  await using kit = await agentWith([], {
    model: smallModel(server.baseURL, 4_000),
    tools: [dump],
    policy: withoutSummaries,
  });
  expect(await kit.agent.turn("dump much", { threadId: "t1" }).result()).toMatchObject({ status: "completed" });
  for (const { body } of server.requests) {
    const open = new Set<string>();
    for (const message of body.messages) {
      for (const one of message.tool_calls ?? []) open.add(one.id);
      if (message.role === "tool") expect(open.delete(message.tool_call_id)).toBe(true);
    }
    expect(open.size).toBe(0);
    expect(body.messages.map(({ content }: { content: string }) => content)).toContain("dump much");
  }
});

test("rule 15: what cannot be made smaller ends with the provider's failure and never loops", async () => {
  await using kit = await agentWith(() => overflow());
  const result = await kit.agent.turn("too long").result();
  expect(result).toMatchObject({
    status: "failed",
    error: { code: "overflow", hint: expect.stringContaining("new thread") },
  });
  expect(kit.server.requests.length).toBeLessThanOrEqual(2);
});

test("rule 19: what is said while a tool runs reaches the model before the next step", async () => {
  const gate = Promise.withResolvers<string>();
  const started = Promise.withResolvers<void>();
  const wait = defineTool({
    name: "wait",
    description: "Waits.",
    input: z.object({}),
    annotations: { readOnly: true },
    run: () => {
      started.resolve();
      return gate.promise;
    },
  });
  await using kit = await agentWith([toolCall("wait", {}), text("in Korean then")], { tools: [wait] });
  const turn = kit.agent.turn("go", { threadId: "t1" });
  const reading = turn.result();
  await started.promise;
  expect(turn.steer("in Korean please")).toBe(true);
  gate.resolve("waited");
  await reading;
  expect(kit.server.requests[1]?.body.messages.slice(-2)).toMatchObject([
    { role: "tool", content: "waited" },
    { role: "user", content: "in Korean please" },
  ]);
});

test("rule 19: what is said while the model gives its answer is answered in the same turn", async () => {
  const gate = Promise.withResolvers<void>();
  await using kit = await agentWith([text("first", { before: gate.promise }), text("second")]);
  const turn = kit.agent.turn("go");
  const reading = turn.result();
  await expect.poll(() => kit.server.requests.length).toBe(1);
  expect(turn.steer("and this?")).toBe(true);
  gate.resolve();
  expect(await reading).toMatchObject({ status: "completed", answer: "second", steps: 2 });
});

test("rule 19: a stop eats nothing: what was accepted before it is kept, and after it nothing is accepted", async () => {
  await using kit = await agentWith([stalled("hm")]);
  const stop = new AbortController();
  const turn = kit.agent.turn("go", { threadId: "t1", signal: stop.signal });
  const reading = turn.result();
  await expect.poll(() => kit.server.requests.length).toBe(1);
  expect(turn.steer("keep me")).toBe(true);
  stop.abort();
  expect(turn.steer("too late")).toBe(false);
  await reading;
  const rows = await kit.agent.store.read({ namespace: "default", id: "t1" });
  const said = rows.flatMap((row) => ("message" in row && row.message.role === "user" ? [row.message.parts] : []));
  expect(said).toEqual([[{ type: "text", text: "go" }], [{ type: "text", text: "keep me" }]]);
});

test("rule 20: what was said is stored after a stop, also when the store is slow", async () => {
  await using kit = await agentWith([stalled("Once upon")]);
  const { store } = kit.agent;
  const append = store.append;
  const slowStore = {
    ...store,
    append: async (...args: Parameters<typeof append>) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      return append(...args);
    },
  };
  await using slow = await agentWith([stalled("Once upon")], { memory: slowStore });
  const stop = new AbortController();
  for await (const event of slow.agent.turn("tell", { threadId: "t1", signal: stop.signal })) {
    if (event.type === "text_delta") stop.abort();
  }
  const rows = await store.read({ namespace: "default", id: "t1" });
  expect(rows).toMatchObject([{ message: { role: "user" } }, { message: { role: "assistant", state: "aborted" } }]);
});

test("rule 21: the third identical call is told so, and the fifth ends the turn", async () => {
  await using kit = await agentWith(() => toolCall("add", { a: 1, b: 1 }));
  const events = await allEvents(kit.agent.turn("go"));
  expect(outcomesOf(events)).toMatchObject([
    { kind: "value" },
    { kind: "value" },
    { kind: "error", message: expect.stringContaining("more than once") },
    { kind: "error" },
    { kind: "error" },
  ]);
  expect(resultOf(events)).toMatchObject({ status: "repeating", error: { code: "repeating" } });
});

test("rule 21: the same call with another result each time is work, not repetition", async () => {
  let count = 0;
  const tick = defineTool({ ...addTool, name: "tick", run: () => String(++count) });
  await using kit = await agentWith(
    (_request, index) => (index < 7 ? toolCall("tick", { a: 1, b: 1 }) : text("done")),
    { tools: [tick] },
  );
  expect(await kit.agent.turn("go").result()).toMatchObject({ status: "completed" });
});

test("rule 21: an answer that says one block over and over is stopped", async () => {
  const pieces = Array.from({ length: 400 }, () => "같은 말을 자꾸 되풀이하는 모델입니다. ");
  await using kit = await agentWith([text(pieces)]);
  const result = await kit.agent.turn("go").result();
  expect(result.status).toBe("repeating");
  expect(result.answer.length).toBeLessThan(pieces.join("").length);
});

test("rule 22: at the last step the model is told to answer now, and the head of the request stays as it was", async () => {
  await using kit = await agentWith([toolCall("add", { a: 1, b: 1 }), text("2, as far as I know")], {
    policy: { maxSteps: 2, timeouts: quickTimeouts },
  });
  const result = await kit.agent.turn("go", { threadId: "t1" }).result();
  const [first, second] = kit.server.requests.map(({ body }) => body);
  expect(second.tool_choice).toBe("none");
  expect(second.messages.at(-1)).toEqual({ role: "user", content: expect.stringContaining("last step") });
  expect({ tools: second.tools, system: second.messages[0] }).toEqual({
    tools: first.tools,
    system: first.messages[0],
  });
  expect(result).toMatchObject({ status: "max_steps", answer: "2, as far as I know" });
  const rows = await kit.agent.store.read({ namespace: "default", id: "t1" });
  expect(JSON.stringify(rows)).not.toContain("last step");
});

test("rule 22: a model that calls tools at the last step all the same has none of them run", async () => {
  let ran = 0;
  const counting = defineTool({ ...addTool, run: () => String(++ran) });
  await using kit = await agentWith(() => toolCall("add", { a: 1, b: 1 }), {
    tools: [counting],
    policy: { maxSteps: 2, timeouts: quickTimeouts },
  });
  expect(await kit.agent.turn("go").result()).toMatchObject({ status: "max_steps" });
  expect(ran).toBe(1);
});

test("rule 25: a failing call costs its siblings nothing", async () => {
  const fail = defineTool({ ...addTool, name: "fail", run: () => Promise.reject(new Error("no")) });
  const three = toolCalls([call("add", { a: 1, b: 1 }), call("fail", { a: 1, b: 1 }), call("add", { a: 2, b: 2 })]);
  await using kit = await agentWith([three, text("done")], { tools: [addTool, fail] });
  await kit.agent.turn("go").result();
  expect(toolMessages(kit.server)).toEqual(["2", expect.stringContaining("no"), "4"]);
});

test("rule 29: malformed text of a tool reaches neither store nor model", async () => {
  const bad = defineTool({ ...addTool, name: "bad", run: () => "a\ud800b\u0000c" });
  await using kit = await agentWith([toolCall("bad", { a: 1, b: 1 }), text("ok")], { tools: [bad] });
  await kit.agent.turn("go").result();
  expect(toolMessages(kit.server)).toEqual(["a\ufffdb\ufffdc"]);
});
