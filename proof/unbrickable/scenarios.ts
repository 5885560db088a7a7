import type { Message } from "../../packages/core/src/protocol/index.ts";
import { call, httpError, type Reply, text, toolCalls } from "../../tests/kit/model-replies.ts";

/** A scripted turn that is killed at each of its points. */
export interface Scenario {
  readonly name: string;
  /** What the model answers: by the results it has been given in this turn, and how often it was asked for this one. */
  readonly reply: (results: number, asked: number) => Reply;
  /** What the thread holds before the turn. */
  readonly seed?: readonly Message[];
  /** The model's window in tokens; a small one makes the turn cut its context. */
  readonly window?: number;
  /** The turn is stopped when the event of this type comes. */
  readonly stopAt?: string;
}

/** What is said in every scenario and every recovery; the thread's name in front tells the requests apart. */
export const said = (threadId: string) => `${threadId} Please do it.`;
export const saidAfter = (threadId: string, time: number) => `${threadId} Are you there? (${time})`;

/** The tool's answer for a key whose effect has happened. */
export const written = (key: string) => `wrote ${key}`;

const at = "2026-01-01T00:00:00.000Z";
const note = (key: string, size = 0) => call("note", { key, size }, { id: `call_${key}` });
const done = text(["It is ", "done."]);
const oneTool = (results: number): Reply => (results === 0 ? toolCalls([note("a")]) : done);

export const scenarios: readonly Scenario[] = [
  { name: "plain", reply: () => done },
  { name: "one tool", reply: oneTool },
  {
    name: "three parallel tools",
    reply: (results) => (results === 0 ? toolCalls([note("a"), note("b"), note("c")]) : done),
  },
  {
    name: "three steps",
    reply: (results) => {
      const key = "abc"[results];
      return key ? { ...toolCalls([note(key)]), text: `Now ${key}.`, reasoning: "One after the other." } : done;
    },
  },
  {
    name: "approval",
    reply: (results) => (results === 0 ? toolCalls([call("send", { key: "a" }, { id: "call_a" })]) : done),
  },
  {
    name: "calls that cannot run",
    reply: (results) =>
      results === 0 ? toolCalls([call("nothing", {}), call("note", '{"key":'), note("a"), call("note", {})]) : done,
  },
  {
    name: "long output",
    reply: (results) => (results === 0 ? toolCalls([note("a", 60_000), note("b")]) : done),
  },
  {
    name: "retry",
    reply: (results, asked) => {
      if (asked === 0) return httpError(503, "busy", { headers: { "retry-after-ms": "1" } });
      return oneTool(results);
    },
  },
  { name: "stopped in a tool", reply: oneTool, stopAt: "tool_start" },
  { name: "stopped in an answer", reply: () => text(["It is ", "not ", "done."]), stopAt: "text_delta" },
  { name: "compaction", reply: oneTool, seed: longThread(60), window: 8_000 },
  { name: "after a crash", reply: oneTool, seed: crashedThread() },
];

function message(id: string, role: Message["role"], parts: Message["parts"]): Message {
  return { id, turnId: "earlier", role, parts, at, state: "complete" };
}

function longThread(turns: number): Message[] {
  return Array.from({ length: turns }, (_, n) => [
    message(`u${n}`, "user", [{ type: "text", text: `Question ${n}: ${"why ".repeat(60)}` }]),
    message(`a${n}`, "assistant", [{ type: "text", text: `Answer ${n}: ${"because ".repeat(60)}` }]),
  ]).flat();
}

/** A thread whose process died when one of two calls had been answered. */
function crashedThread(): Message[] {
  const calls = ["x", "y"].map((key) => ({ id: `seed-${key}`, name: "note", arguments: JSON.stringify({ key }) }));
  return [
    message("u0", "user", [{ type: "text", text: "Write x and y." }]),
    message(
      "a0",
      "assistant",
      calls.map((made) => ({ type: "tool_call", call: made })),
    ),
    message("t0", "tool", [
      { type: "tool_result", callId: "seed-x", name: "note", outcome: { kind: "value", content: written("x") } },
    ]),
  ];
}
