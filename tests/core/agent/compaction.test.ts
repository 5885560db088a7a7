import { type AgentOptions, defineTool } from "@chingu/core";
import type { AgentEvent, Compaction } from "@chingu/core/protocol";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { createMemoryStore } from "../../../packages/core/src/memory/memory-store.ts";
import { rewind } from "../../../packages/core/src/memory/rewind.ts";
import { createChatCompletionsModel } from "../../../packages/core/src/model/chat-completions.ts";
import type { ChatModel } from "../../../packages/core/src/model/chat-model.ts";
import {
  httpError,
  type ModelRequestRecord,
  overflow,
  type Reply,
  stalled,
  startModelServer,
  text,
  toolCall,
} from "../../kit/model-server.ts";
import { agentWith, allEvents, counted, quickTimeouts, resultOf } from "./support.ts";

const key = { namespace: "default", id: "t1" };

function modelAt(baseURL: string, contextWindow: number | undefined, more: object = {}): ChatModel {
  const { ids: makeId, clock } = counted();
  const capabilities = { ...(contextWindow !== undefined && { contextWindow }), ...more };
  return createChatCompletionsModel({ model: "small", baseURL, makeId, clock, capabilities });
}

const isSummary = ({ body }: ModelRequestRecord) => body.messages[0]?.content.startsWith("You summarise");
const contentsOf = ({ body }: ModelRequestRecord): string[] =>
  body.messages.map(({ content }: { content: string }) => content ?? "");

const long = (mark: string) => `${mark} ${"because it is so ".repeat(50)}`;
const letters = [..."abcdefghijklmnopqrstuvwxyz"];
const manyWords = letters.flatMap((a) => letters.flatMap((b) => letters.slice(0, 9).map((c) => a + b + c))).join(" ");
const good = "## Goal\nfind out why\n## Done\nfirst answers were given";

/** An agent in front of a server that answers every question at length, and requests for a summary as told. */
async function talking(
  summary: (request: ModelRequestRecord, index: number) => Reply | Promise<Reply>,
  options: Partial<AgentOptions> & { readonly window?: number; readonly capabilities?: object } = {},
) {
  const { window = 5_000, capabilities, ...rest } = options;
  let summaries = 0;
  const server = await startModelServer((request) =>
    isSummary(request) ? summary(request, summaries++) : text(long("answer")),
  );
  const kit = await agentWith([], { model: modelAt(server.baseURL, window, capabilities), tools: [], ...rest });
  return {
    ...kit,
    server,
    talk: async (turns: number, from = 0) => {
      const events: AgentEvent[] = [];
      for (let turn = from; turn < from + turns; turn++) {
        events.push(...(await allEvents(kit.agent.turn(long(`question ${turn}.`), { threadId: "t1" }))));
        expect(resultOf(events).status).toBe("completed");
      }
      return events;
    },
    summaryRequests: () => server.requests.filter(isSummary),
    turnRequests: () => server.requests.filter((request) => !isSummary(request)),
    async [Symbol.asyncDispose]() {
      await kit[Symbol.asyncDispose]();
      await server.close();
    },
  };
}

const compactions = (events: readonly AgentEvent[]): Compaction[] =>
  events.flatMap((event) => (event.type === "compaction" ? [event] : []));

async function marksOf({ agent }: { readonly agent: { readonly store: ReturnType<typeof createMemoryStore> } }) {
  const rows = await agent.store.read(key);
  return rows.flatMap((row) => ("mark" in row ? [row.mark] : []));
}

describe("a thread that outgrows the window", () => {
  test("goes on with a summary between the goal and the newest part; the log keeps every word", async () => {
    await using kit = await talking(() => text(good));
    const events = await kit.talk(8);
    const [first] = compactions(events);
    expect(first).toMatchObject({ kind: "summary", reason: "window", from: 2, summary: good });
    expect(first?.tokensAfter).toBeLessThan(first?.tokensBefore ?? 0);

    const contents = contentsOf(kit.turnRequests().at(-1) as ModelRequestRecord);
    expect(contents[1]).toContain("question 0.");
    expect(contents[2]).toMatch(/^\[Earlier messages/);
    expect(contents[2]).toContain("> ## Goal\n> find out why");
    expect(contents.at(-1)).toContain("question 7.");

    const rows = await kit.agent.store.read(key);
    expect(rows.filter((row) => "message" in row)).toHaveLength(16);
    expect(await marksOf(kit)).toMatchObject(
      compactions(events).map(({ from, to }) => ({ type: "summary", from, to })),
    );
  });

  test("has all of its older messages read by whoever summarises, in as many requests as it takes", async () => {
    await using kit = await talking(() => text(good), { window: 4_000 });
    await kit.talk(6);
    const [first] = (await marksOf(kit)) as { from: number; to: number }[];
    const read = kit.summaryRequests().map((request) => contentsOf(request)[1] ?? "");
    const rows = await kit.agent.store.read(key);
    const older = rows.filter(({ seq }) => seq >= (first?.from ?? 0) && seq <= (first?.to ?? 0));
    expect(older.length).toBeGreaterThan(2);
    for (const row of older) {
      const words = "message" in row && row.message.parts[0]?.type === "text" ? row.message.parts[0].text.trim() : "";
      expect(read.some((asked) => asked.includes(words.slice(0, 200)))).toBe(true);
    }
    expect(read.slice(1).every((asked) => asked.startsWith("The summary so far:"))).toBe(true);
  });

  test("sends requests that extend one another until it is compacted again (rule 30)", async () => {
    await using kit = await talking(() => text(good));
    const changed = new Set<number>();
    for (let turn = 0; turn < 10; turn++) {
      if (compactions(await kit.talk(1, turn)).length > 0) changed.add(turn);
    }
    const sent = kit.turnRequests().map(({ body }) => body.messages);
    expect(changed.size).toBeGreaterThan(0);
    expect(changed.size).toBeLessThan(6);
    for (let turn = 1; turn < sent.length; turn++) {
      if (!changed.has(turn)) expect(sent[turn].slice(0, sent[turn - 1].length)).toEqual(sent[turn - 1]);
    }
  });

  test("is summarised in the user's language, under headings of that language", async () => {
    await using kit = await talking(() => text("## 목표\n이유를 찾는다"));
    for (let turn = 0; turn < 8; turn++) {
      await kit.agent.turn(`질문 ${turn}: ${"왜 그런지 알려 주세요 ".repeat(25)}`, { threadId: "t1" }).result();
    }
    expect(contentsOf(kit.summaryRequests()[0] as ModelRequestRecord)[0]).toMatch(/in Korean[\s\S]*## 목표/);
    expect(contentsOf(kit.turnRequests().at(-1) as ModelRequestRecord)[2]).toContain("> 이유를 찾는다");
  });

  test("pays for its summaries: they count as usage of the turn", async () => {
    await using kit = await talking(() => text(good));
    await kit.talk(4);
    const events = await kit.talk(4, 4);
    const turn = events.findIndex(({ type }) => type === "compaction");
    const result = resultOf(
      events.slice(0, events.findIndex(({ type }, index) => index > turn && type === "turn_end") + 1),
    );
    const calls = 1 + kit.summaryRequests().length;
    expect(result.usage.input).toBe(10 * calls);
  });

  test("is compacted, and says so, when a model with a smaller window takes it over", async () => {
    const store = createMemoryStore({ clock: { now: () => 0 } });
    let ids = 0;
    const shared = { memory: store, ids: () => `id-${++ids}` };
    const usage = { prompt_tokens: 9_000, completion_tokens: 5 };
    await using large = await startModelServer(() => text(long("answer"), { usage }));
    await using before = await agentWith([], { model: modelAt(large.baseURL, 100_000), tools: [], ...shared });
    for (let turn = 0; turn < 9; turn++) {
      await before.agent.turn(long(`question ${turn}.`), { threadId: "t1" }).result();
    }
    await using after = await talking(() => text(good), shared);
    expect(compactions(await after.talk(1, 9))).toMatchObject([{ kind: "summary", reason: "window" }]);
  });

  test("is compacted after an overflow, once, where nobody knows the window", async () => {
    let overflowed = false;
    await using server = await startModelServer((request, index) => {
      if (isSummary(request)) return text(good);
      if (index < 6 || overflowed) return text(long("answer"));
      overflowed = true;
      return overflow();
    });
    await using kit = await agentWith([], { model: modelAt(server.baseURL, undefined), tools: [] });
    for (let turn = 0; turn < 6; turn++) await kit.agent.turn(long(`question ${turn}.`), { threadId: "t1" }).result();
    const events = await allEvents(kit.agent.turn("and now?", { threadId: "t1" }));
    expect(resultOf(events).status).toBe("completed");
    expect(compactions(events)).toMatchObject([{ reason: "overflow", kind: "summary" }]);
    expect(contentsOf(server.requests.at(-1) as ModelRequestRecord)[2]).toContain("find out why");
  });
});

describe("a summary is not taken, older messages are left out with a line in their place, and the reason is told", () => {
  const bad: readonly (readonly [string, Reply, object])[] = [
    ["is empty", text("## Goal\n-\n"), { why: "empty" }],
    ["is the word NONE", text("NONE"), { why: "empty" }],
    ["is longer than what it stands for", text(manyWords), { why: "longer" }],
    ["names a path nobody named", text("## Done\nwrote src/made/up.ts"), { why: "invented", detail: "src/made/up.ts" }],
    ["names a number nobody named", text("## Facts\nit costs 4711 won"), { why: "invented", detail: "4711" }],
    ["names an address nobody named", text("see https://example.org/x"), { why: "invented" }],
    ["was cut at the output limit", text(good, { finish: "length" }), { why: "cut" }],
    ["is refused", text("", { finish: "content_filter" }), { why: "refused" }],
    ["fails", httpError(401, "bad key"), { why: "failed" }],
    ["does not come in time", stalled("## Go"), { why: "timeout" }],
  ];
  test.each(bad)("when it %s", { timeout: 20_000 }, async (_, reply, refused) => {
    await using kit = await talking(() => reply, {
      policy: { maxRetries: 0, timeouts: { ...quickTimeouts, betweenEvents: 200 } },
    });
    const events = await kit.talk(7);
    const [first] = compactions(events);
    expect(first).toMatchObject({ kind: "cut", refused });
    expect(first?.droppedMessages).toBeGreaterThan(0);
    expect(await marksOf(kit)).toEqual([]);
    const contents = contentsOf(kit.turnRequests().at(-1) as ModelRequestRecord);
    expect(contents[1]).toContain("question 0.");
    expect(contents[2]).toMatch(/earlier messages .* are left out here/);
  });

  test("and it is not asked for again at every step, only where the next cut falls", async () => {
    await using kit = await talking(() => text("NONE"));
    const events = await kit.talk(14);
    const cuts = compactions(events).length;
    expect(cuts).toBeGreaterThan(1);
    expect(kit.summaryRequests()).toHaveLength(cuts);
    expect(kit.turnRequests()).toHaveLength(14);
  });

  test("nor by the next program that opens the thread", async () => {
    const store = createMemoryStore({ clock: { now: () => 0 } });
    let ids = 0;
    const shared = { memory: store, ids: () => `id-${++ids}` };
    await using first = await talking(() => text("NONE"), shared);
    let cut = false;
    for (let turn = 0; !cut; turn++) cut = compactions(await first.talk(1, turn)).length > 0;
    await using second = await talking(() => text("NONE"), shared);
    expect(compactions(await second.talk(1, 90))).toEqual([]);
    expect(second.summaryRequests()).toEqual([]);
    expect(contentsOf(second.turnRequests()[0] as ModelRequestRecord)[2]).toMatch(/are left out here/);
  });

  test("nor over and over where the goal alone nearly fills the window", async () => {
    await using kit = await talking(() => text(good));
    await kit.agent.turn("why ".repeat(2_000), { threadId: "t1" }).result();
    await kit.talk(8);
    expect(kit.summaryRequests().length).toBeLessThan(5);
    for (const request of kit.turnRequests()) expect(contentsOf(request)[1]).toBe("why ".repeat(2_000));
  });

  test("a model that is known to write poor ones is not asked at all", async () => {
    await using kit = await talking(() => text(good), { capabilities: { summaries: false } });
    expect(compactions(await kit.talk(7))[0]).toMatchObject({ kind: "cut" });
    expect(kit.summaryRequests()).toEqual([]);
  });
});

const look = defineTool({
  name: "look",
  description: "Looks.",
  input: z.object({ n: z.number() }),
  annotations: { readOnly: true, openWorld: false },
  run: ({ n }) => `look ${n}: ${"many words ".repeat(120)}`,
});

describe("tools", () => {
  test("results older than the last two turns become one line that says how to read them again", async () => {
    let looked = 0;
    await using server = await startModelServer((request) => {
      const { role, content } = request.body.messages.at(-1);
      if (role !== "user") return text("seen");
      return content.startsWith("read")
        ? toolCall("read_output", { name: "message:3" })
        : toolCall("look", { n: looked++ });
    });
    await using kit = await agentWith([], { model: modelAt(server.baseURL, 5_200), tools: [look] });
    const events: AgentEvent[] = [];
    for (let turn = 0; compactions(events).length === 0; turn++) {
      events.push(...(await allEvents(kit.agent.turn(`look ${turn}`, { threadId: "t1" }))));
    }
    const [first] = compactions(events);
    expect(first).toMatchObject({ kind: "stubs", droppedMessages: 0 });
    const results = (request: ModelRequestRecord | undefined): string[] =>
      request?.body.messages.flatMap(({ role, content }: { role: string; content: string }) =>
        role === "tool" ? [content] : [],
      );
    const shown = results(server.requests.at(-1));
    expect(first?.stubbedResults).toBe(shown.length - 2);
    expect(shown[0]).toMatch(/left out here .* read_output \{"name":"message:3"\}/);
    expect(shown.slice(-2).every((content) => content.includes("many words"))).toBe(true);

    await kit.agent.turn("read it again", { threadId: "t1" }).result();
    expect(results(server.requests.at(-1)).at(-1)).toContain("look 0: many words");
  });

  test("a single turn larger than the window is summarised behind the words that began it", async () => {
    let looked = 0;
    await using server = await startModelServer((request) => {
      if (isSummary(request)) return text(good);
      return looked < 14 ? toolCall("look", { n: looked++ }) : text("done");
    });
    await using kit = await agentWith([], { model: modelAt(server.baseURL, 5_000), tools: [look] });
    const events = await allEvents(kit.agent.turn("look everywhere", { threadId: "t1" }));
    expect(resultOf(events)).toMatchObject({ status: "completed", answer: "done" });
    expect(compactions(events)[0]).toMatchObject({ kind: "summary" });
    for (const { body } of server.requests.filter((request) => !isSummary(request))) {
      expect(body.messages[1].content).toBe("look everywhere");
      const open = new Set<string>();
      for (const message of body.messages) {
        for (const one of message.tool_calls ?? []) open.add(one.id);
        if (message.role === "tool") expect(open.delete(message.tool_call_id)).toBe(true);
      }
      expect(open.size).toBe(0);
      expect(Buffer.byteLength(JSON.stringify(body.messages)) / 3).toBeLessThan(5_000);
    }
  });

  test("calls that never got a result do not stand in the way", async () => {
    const store = createMemoryStore({ clock: { now: () => 0 } });
    const at = "2026-01-01T00:00:00.000Z";
    const call = { id: "lost", name: "look", arguments: "{}" };
    await store.append(key, [
      { id: "u0", turnId: "a", role: "user", state: "complete", at, parts: [{ type: "text", text: "begin" }] },
      { id: "a0", turnId: "a", role: "assistant", state: "complete", at, parts: [{ type: "tool_call", call }] },
    ]);
    await using kit = await talking(() => text(good), { memory: store });
    expect(compactions(await kit.talk(7))[0]).toMatchObject({ kind: "summary", from: 2 });
    expect(contentsOf(kit.summaryRequests()[0] as ModelRequestRecord)[1]).toContain("look returns: No answer");
  });
});

describe("two clients", () => {
  test("that summarise one thread at once leave one summary, and both go on with it", async () => {
    const store = createMemoryStore({ clock: { now: () => 0 } });
    const both = Promise.withResolvers<void>();
    let asked = 0;
    const summary = (said: string) => () => {
      // The first of each waits for the other's, so that neither knows of the other.
      if (++asked === 2) both.resolve();
      return text(`## Goal\n${said}`, { before: both.promise });
    };
    let ids = 0;
    const shared = { memory: store, ids: () => `id-${++ids}`, window: 5_000 };
    await using one = await talking(summary("by one"), shared);
    await using two = await talking(summary("by two"), shared);
    let turns = 0;
    const full = () => one.agent.store.read(key).then((rows) => rows.length >= 12);
    while (!(await full())) await one.talk(1, turns++);
    expect(asked).toBe(0);

    const results = await Promise.all([one.talk(1, 90), two.talk(1, 91)]);
    expect(asked).toBeGreaterThanOrEqual(2);
    const marks = await marksOf(one);
    expect(marks).toHaveLength(1);
    const [kept] = marks as { text: string }[];
    for (const events of results) expect(compactions(events)).toMatchObject([{ kind: "summary", summary: kept?.text }]);
    for (const kit of [one, two]) {
      expect(contentsOf(kit.turnRequests().at(-1) as ModelRequestRecord)[2]).toContain(kept?.text.split("\n")[1]);
    }
  });

  test("one of which rewinds into what the other is summarising: that summary is thrown away", async () => {
    const store = createMemoryStore({ clock: { now: () => 0 } });
    const { ids: makeId, clock } = counted();
    await using kit = await talking(
      async () => {
        await rewind(store, key, { to: 4 }, { makeId: () => `rewind-${makeId()}`, clock });
        return text(good);
      },
      { memory: store },
    );
    const events = await kit.talk(8);
    expect(compactions(events)[0]).toMatchObject({ kind: "cut", refused: { why: "changed" } });
    expect((await marksOf(kit)).map(({ type }) => type)).not.toContain("summary");
  });
});

describe("by hand", () => {
  test("a thread is compacted up to its last two turns, and shows what the summary stands for", async () => {
    await using kit = await talking(() => text(good), { window: 100_000 });
    await kit.talk(4);
    const outcome = await kit.agent.compact("t1");
    expect(outcome).toMatchObject({
      kind: "compacted",
      compaction: { reason: "request", from: 2, to: 4, summary: good },
    });
    const left = await kit.agent.leftOut("t1");
    expect(left.summary?.text).toBe(good);
    expect(left.messages.map(({ seq }) => seq)).toEqual([2, 3, 4]);
    await kit.talk(1, 4);
    const contents = contentsOf(kit.turnRequests().at(-1) as ModelRequestRecord);
    expect(contents.map((content) => content.slice(0, 11))).toEqual([
      ...["Be brief.", "question 0.", "[Earlier me", "question 2.", "answer beca", "question 3.", "answer beca"],
      "question 4.",
    ]);
    expect(await kit.agent.compact("t1")).toMatchObject({ kind: "compacted", compaction: { from: 2, to: 6 } });
    expect(await kit.agent.compact("t1")).toEqual({ kind: "nothing" });
  });

  test("a summary taken back no longer counts, and none is made unasked: what does not fit is cut", async () => {
    await using kit = await talking(() => text(good));
    const events = await kit.talk(7);
    expect(compactions(events).map(({ kind }) => kind)).toContain("summary");
    const asked = kit.summaryRequests().length;
    while (await kit.agent.uncompact("t1"));
    const after = await kit.talk(3, 7);
    expect(kit.summaryRequests()).toHaveLength(asked);
    expect(compactions(after).every(({ kind }) => kind === "cut")).toBe(true);
    const contents = contentsOf(kit.turnRequests().at(-1) as ModelRequestRecord);
    expect(contents.join()).not.toContain("find out why");
    expect(contents[2]).toMatch(/earlier messages .* are left out here/);
    const left = await kit.agent.leftOut("t1");
    expect(left).toEqual({ messages: expect.arrayContaining([expect.objectContaining({ seq: 2 })]) });

    expect(await kit.agent.compact("t1")).toMatchObject({ kind: "compacted" });
    await kit.talk(1, 10);
    expect(contentsOf(kit.turnRequests().at(-1) as ModelRequestRecord)[2]).toContain("find out why");
  });

  test("after a rewind into the summarised part the model is shown the messages up to there again", async () => {
    await using kit = await talking(() => text(good), { window: 100_000 });
    await kit.talk(5);
    await kit.agent.compact("t1");
    const { ids: makeId, clock } = counted();
    await rewind(kit.agent.store, key, { to: 4 }, { makeId: () => `rewind-${makeId()}`, clock });
    await kit.talk(1, 5);
    const contents = contentsOf(kit.turnRequests().at(-1) as ModelRequestRecord);
    expect(contents.map((content) => content.slice(0, 11))).toEqual([
      ...["Be brief.", "question 0.", "answer beca", "question 1.", "answer beca", "question 5."],
    ]);
  });

  test("what cannot be done says so: nothing to compact, a poor summary, a model that writes none", async () => {
    await using kit = await talking(() => text("NONE"), { window: 100_000 });
    await kit.talk(1);
    expect(await kit.agent.compact("t1")).toEqual({ kind: "nothing" });
    expect(await kit.agent.uncompact("t1")).toBeUndefined();
    await kit.talk(3, 1);
    expect(await kit.agent.compact("t1")).toEqual({ kind: "refused", why: "empty" });
    await using poor = await talking(() => text(good), { capabilities: { summaries: false } });
    expect(await poor.agent.compact("t1")).toMatchObject({ kind: "failed", failure: { hint: expect.any(String) } });
  });
});
