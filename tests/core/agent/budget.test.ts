import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AgentOptions, createFileLedger, makeId, type Price } from "@chingu/core";
import { describe, expect, test } from "vitest";
import { httpError, resetMidStream, text, toolCall } from "../../kit/model-server.ts";
import { agentWith, allEvents, quickTimeouts, resultOf } from "./support.ts";

/** A dollar a token in, ten a token out: sums that can be read. */
const price: Price = { input: 1_000_000, output: 10_000_000, source: "test" };
const usage = { prompt_tokens: 10, completion_tokens: 5 };

describe("a limit of tokens", () => {
  test("ends the turn before the call that might go over it, and names limit and way out", async () => {
    await using kit = await agentWith(
      [toolCall("add", { a: 1, b: 2 }, { usage: { prompt_tokens: 700, completion_tokens: 5 } })],
      {
        budget: { tokens: 1_000 },
      },
    );
    const result = await kit.agent.turn("1 + 2?", { threadId: "t" }).result();
    expect(result).toMatchObject({
      status: "max_tokens",
      steps: 1,
      usage: { input: 700, output: 5 },
      error: {
        code: "max_tokens",
        message: expect.stringMatching(
          /^The limit of 1000 tokens leaves no room for another model call: 705 tokens used/,
        ),
        hint: "Raise --max-tokens and go on.",
      },
    });
    expect(kit.server.requests).toHaveLength(1);
  });

  test("caps the answer at what is left, behind the part of the request that stays the same", async () => {
    await using kit = await agentWith([text("1"), text("2")], { budget: { tokens: 1_000 } });
    await kit.agent.turn("one", { threadId: "t" }).result();
    const [first] = kit.server.requests;
    expect(first?.body.max_tokens).toBeGreaterThan(255);
    expect(first?.body.max_tokens).toBeLessThan(1_000);
    expect(first?.rawBody.indexOf('"max_tokens"')).toBeGreaterThan(first?.rawBody.indexOf('"messages"') ?? Infinity);
  });

  test("is each turn's own, and a stopped turn goes on once it is raised", async () => {
    const script = [
      toolCall("add", { a: 1, b: 2 }, { usage: { prompt_tokens: 700, completion_tokens: 5 } }),
      text("3"),
    ];
    await using kit = await agentWith(script, { budget: { tokens: 1_000 } });
    expect((await kit.agent.turn("1 + 2?", { threadId: "t" }).result()).status).toBe("max_tokens");
    const result = await kit.agent.turn("go on", { threadId: "t" }).result();
    expect(result).toMatchObject({ status: "completed", answer: "3", usage: { input: 10, output: 5 } });
    expect(kit.server.requests[1]?.body.messages.map(({ role }: { role: string }) => role)).toEqual([
      "system",
      "user",
      "assistant",
      "tool",
      "user",
    ]);
  });

  test("counts a call that is made again: what was streamed and withdrawn was used, what never began was not", async () => {
    await using kit = await agentWith([
      httpError(500, "down"),
      resetMidStream("one two three"),
      text("four", { usage }),
    ]);
    const events = await allEvents(kit.agent.turn("go"));
    const used = events.flatMap((event) => (event.type === "usage" ? [event.usage] : []));
    expect(used).toEqual([
      expect.objectContaining({ output: 5, estimated: true }),
      { input: 10, cacheRead: 0, cacheWrite: 0, output: 5, reasoning: 0, estimated: false },
    ]);
    expect(resultOf(events).usage).toMatchObject({ input: (used[0]?.input ?? 0) + 10, output: 10, estimated: true });
  });

  test("stops the retries, too", async () => {
    await using kit = await agentWith([resetMidStream("x".repeat(1_000).replaceAll("xx", "ab ")), text("late")], {
      budget: { tokens: 700 },
    });
    expect((await kit.agent.turn("go").result()).status).toBe("max_tokens");
    expect(kit.server.requests).toHaveLength(1);
  });
});

describe("a limit of money", () => {
  test("ends the turn before the call that might go over it; the cost is that of the tokens used", async () => {
    const dear = { prompt_tokens: 10, completion_tokens: 200 };
    const script = [toolCall("add", { a: 1, b: 2 }, { usage: dear }), text("3", { usage })];
    await using kit = await agentWith(script, { budget: { cost: 4_000 }, price });
    expect(await kit.agent.turn("1 + 2?", { threadId: "t" }).result()).toMatchObject({
      status: "max_cost",
      steps: 1,
      cost: { usd: 2_010, known: true },
      error: { code: "max_cost", message: expect.stringContaining("$2010 used"), hint: "Raise --max-cost and go on." },
    });
    // At ten dollars a token no answer may be longer than the limit pays for.
    expect(kit.server.requests[0]?.body.max_tokens).toBeLessThan(400);
    expect(await kit.agent.turn("go on", { threadId: "t" }).result()).toMatchObject({
      status: "completed",
      answer: "3",
    });
  });

  test("is refused where no price is known, before anything is stored or asked", async () => {
    await using kit = await agentWith([], { budget: { cost: 1 }, price: null });
    const result = await kit.agent.turn("go", { threadId: "t" }).result();
    expect(result).toMatchObject({
      status: "failed",
      cost: { usd: 0, known: true },
      error: {
        code: "usage",
        message: "No price is known for test-model, so its cost cannot be limited.",
        hint: expect.stringContaining("prices.yaml"),
      },
    });
    expect(kit.server.requests).toEqual([]);
    expect(await kit.agent.store.read({ namespace: "default", id: "t" })).toEqual([]);
  });

  test("a day holds over turns and agents that share the ledger", async () => {
    const folder = await mkdtemp(join(tmpdir(), "chingu-spend-"));
    try {
      const options: Partial<AgentOptions> = { budget: { costPerDay: 4_000 }, price, ledger: createFileLedger(folder) };
      const dear = { prompt_tokens: 10, completion_tokens: 200 };
      await using first = await agentWith([text("1", { usage: dear })], options);
      expect(await first.agent.turn("one").result()).toMatchObject({
        status: "completed",
        cost: { usd: 2_010, known: true },
      });
      await using second = await agentWith([], { ...options, ids: makeId, ledger: createFileLedger(folder) });
      expect(await second.agent.turn("two").result()).toMatchObject({
        status: "max_cost",
        steps: 0,
        error: { code: "max_cost", message: expect.stringContaining("$4000 a day") },
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("cost without a limit", () => {
  test.each<[string, Partial<AgentOptions>, object]>([
    ["on this machine is none", {}, { usd: 0, known: true }],
    ["with a price is what the tokens cost", { price }, { usd: 60, known: true }],
    ["without a price is unknown, not zero", { price: null }, { usd: null, known: false }],
  ])("%s", async (_, options, cost) => {
    await using kit = await agentWith([text("fine", { usage })], options);
    expect((await kit.agent.turn("go").result()).cost).toEqual(cost);
  });
});

describe("other limits", () => {
  test("steps: the last step must answer, and the turn ends as max_steps", async () => {
    await using kit = await agentWith([toolCall("add", { a: 1, b: 2 }), toolCall("add", { a: 3, b: 4 })], {
      policy: { maxSteps: 2, timeouts: quickTimeouts },
    });
    expect(await kit.agent.turn("go").result()).toMatchObject({ status: "max_steps", steps: 2 });
  });

  test("time: a model that hangs is left when the turn's time is over", async () => {
    await using kit = await agentWith([text("late", { before: new Promise(() => {}) })], {
      policy: { timeouts: { ...quickTimeouts, turn: 50.5 } },
    });
    expect(await kit.agent.turn("go").result()).toMatchObject({ status: "max_time", error: { code: "max_time" } });
  });
});
