import fc from "fast-check";
import { expect, test } from "vitest";
import { type BuiltContext, buildContext } from "../../../packages/core/src/agent/context.ts";
import { createContextWindow } from "../../../packages/core/src/agent/context-window.ts";
import { replayable } from "../../../packages/core/src/agent/repair.ts";
import type { Conversation } from "../../../packages/core/src/memory/conversation.ts";
import type { Message, Part, Summary } from "../../../packages/core/src/protocol/index.ts";

const at = "2026-01-01T00:00:00.000Z";

interface Step {
  readonly calls: number;
  /** How many of them have a result in the log. */
  readonly answered: number;
  readonly output: number;
  readonly state: Message["state"];
}
interface Turn {
  readonly said: number;
  readonly steps: readonly Step[];
  /** Words that joined while it ran. */
  readonly steered: boolean;
  readonly answer: number;
}

const step = fc.record({
  calls: fc.integer({ min: 1, max: 3 }),
  answered: fc.integer({ min: 0, max: 3 }),
  output: fc.integer({ min: 0, max: 3_000 }),
  state: fc.constantFrom<Message["state"]>("complete", "complete", "complete", "aborted"),
});
const turn = fc.record({
  said: fc.integer({ min: 1, max: 800 }),
  steps: fc.array(step, { maxLength: 5 }),
  steered: fc.boolean(),
  answer: fc.integer({ min: 0, max: 1_500 }),
});
const thread = fc.array(turn, { minLength: 1, maxLength: 12 });
const windows = fc.integer({ min: 1_500, max: 20_000 });

function messagesOf(turns: readonly Turn[]): Message[] {
  let ids = 0;
  const make = (turnId: string, role: Message["role"], parts: Part[], state: Message["state"] = "complete") => ({
    ...{ id: `m${++ids}`, turnId, role, parts, at, state },
  });
  return turns.flatMap(({ said, steps, steered, answer }, number) => {
    const turnId = `t${number}`;
    const words = (count: number): Part[] => [{ type: "text", text: `${turnId} ${"말 ".repeat(count / 2)}` }];
    return [
      make(turnId, "user", words(said)),
      ...steps.flatMap(({ calls, answered, output, state }) => {
        const made = Array.from({ length: calls }, () => ({ id: `c${++ids}`, name: "look", arguments: "{}" }));
        return [
          make(
            turnId,
            "assistant",
            made.map((call) => ({ type: "tool_call", call })),
            state,
          ),
          ...made.slice(0, answered).map((call) => {
            const outcome = { kind: "value" as const, content: `${call.id} ${"x".repeat(output)}` };
            return make(turnId, "tool", [{ type: "tool_result", callId: call.id, name: "look", outcome }]);
          }),
        ];
      }),
      ...(steered ? [make(turnId, "user", words(20))] : []),
      ...(answer > 0 ? [make(turnId, "assistant", words(answer))] : []),
    ];
  });
}

function conversationWith(messages: readonly Message[], summaries: readonly Summary[] = []): Conversation {
  const placed = messages.map((message, index) => ({ seq: index + 1, message }));
  return { messages: placed, summaries, unsummarised: false, seq: messages.length };
}

function built(conversation: Conversation, tokens: number): BuiltContext {
  const window = createContextWindow(() => tokens);
  return buildContext(conversation, { room: window.room(), overhead: 100, measure: window.measure });
}

/** A summary of a thread up to a row that begins a block, as compaction makes them. */
function summaryOf(messages: readonly Message[], share: number): Summary[] {
  const blocks = replayable(messages).filter(({ role }) => role !== "tool");
  const rows = blocks.map(({ id }) => messages.findIndex((message) => message.id === id) + 1);
  const next = rows[Math.floor(share * rows.length)] ?? 0;
  const [, second = 0] = rows;
  if (second === 0 || next <= second) return [];
  const counts = { tokensBefore: 0, tokensAfter: 0 };
  return [{ type: "summary", id: "s", at, from: second, to: next - 1, text: "## Goal", model: "m", ...counts }];
}

const standIn = /-(?:gap|summary)$/;

test("every message is sent word for word, as a stub, or inside the rows of a summary or of a cut that is said", () => {
  fc.assert(
    fc.property(thread, windows, fc.double({ min: 0, max: 1, noNaN: true }), (turns, tokens, share) => {
      const messages = messagesOf(turns);
      const [summary] = summaryOf(messages, share);
      const context = built(conversationWith(messages, summary ? [summary] : []), tokens);
      const sent = new Map(context.messages.map((message) => [message.id, message]));
      const rows = new Map(messages.map(({ id }, index) => [id, index + 1]));
      const { cut } = context;
      const inRows = (row: number, part: { readonly from: number; readonly to: number } | undefined) =>
        part !== undefined && row >= part.from && row <= part.to;
      for (const message of replayable(messages)) {
        const row = rows.get(message.id.replace(/-results$/, "")) ?? 0;
        const shown = sent.get(message.id);
        if (shown) {
          const stubbed = message.role === "tool" && JSON.stringify(shown).includes("read_output");
          if (!stubbed) expect(shown).toEqual(message);
        } else {
          expect(inRows(row, summary) || inRows(row, cut)).toBe(true);
        }
      }
      expect([...sent.keys()].some((id) => id.endsWith("-gap"))).toBe(cut !== undefined);
      expect([...sent.keys()].some((id) => id.endsWith("-summary"))).toBe(summary !== undefined);
    }),
    { numRuns: 300 },
  );
});

test("no call is parted from its results, and the goal and what the newest turn's user said are always there", () => {
  fc.assert(
    fc.property(thread, windows, fc.double({ min: 0, max: 1, noNaN: true }), (turns, tokens, share) => {
      const messages = messagesOf(turns);
      const context = built(conversationWith(messages, summaryOf(messages, share)), tokens);
      let open: string[] = [];
      for (const { role, parts } of context.messages) {
        const results = parts.flatMap((part) => (part.type === "tool_result" ? [part.callId] : []));
        expect(results).toEqual(role === "tool" ? open : []);
        open = parts.flatMap((part) => (part.type === "tool_call" ? [part.call.id] : []));
      }
      expect(open).toEqual([]);
      expect(context.messages[0]).toEqual(messages[0]);
      const newest = messages.at(-1)?.turnId;
      const said = messages.filter(({ role, turnId }) => role === "user" && turnId === newest);
      for (const message of said) expect(context.messages).toContainEqual(message);
    }),
    { numRuns: 300 },
  );
});

test("rule 30: as a thread grows, each request extends the one before unless something was compacted", () => {
  fc.assert(
    fc.property(thread, windows, (turns, tokens) => {
      // A result that is not there yet takes the place of the note that it is missing.
      const messages = messagesOf(
        turns.map((one) => ({ ...one, steps: one.steps.map((s) => ({ ...s, answered: 3 })) })),
      );
      let before: BuiltContext | undefined;
      for (let length = 1; length <= messages.length; length++) {
        const next = messages[length];
        if (next?.role === "tool") continue;
        const context = built(conversationWith(messages.slice(0, length)), tokens);
        const same = before && before.stubbed === context.stubbed && before.cut?.to === context.cut?.to;
        if (same) {
          const real = (one: BuiltContext | undefined) => one?.messages.filter(({ id }) => !standIn.test(id)) ?? [];
          expect(real(context).slice(0, real(before).length)).toEqual(real(before));
        }
        before = context;
      }
    }),
    { numRuns: 150 },
  );
});

test("what an endpoint counts corrects the estimates, per model; a count that cannot be one does not", () => {
  const window = createContextWindow(() => 100_000);
  const usage = (input: number) => ({ input, cacheRead: 0, cacheWrite: 0, output: 1, reasoning: 0, estimated: false });
  const { limit = 0 } = window.room() ?? {};
  window.observe(10_000, usage(20_000), "wordy");
  expect(window.room()?.limit).toBe(limit / 2);
  window.observe(10_000, usage(20_500), "wordy");
  expect(window.room()?.limit).toBe(limit / 2);
  window.observe(10_000, usage(12), "cut silently");
  expect(window.room()?.limit).toBe(limit / 2);
  window.observe(10_000, usage(10_000), "other");
  expect(window.room()?.limit).toBe(limit);
});
