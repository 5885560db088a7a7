import { type AgentEvent, noUsage, type TurnResult, type UnstampedEvent } from "@chingu/core/protocol";
import { expect, test } from "vitest";
import { english } from "../../../packages/cli/src/terminal/labels.ts";
import { createTranscript } from "../../../packages/cli/src/terminal/stream/transcript.ts";
import { createStyle } from "../../../packages/cli/src/terminal/style.ts";
import { createTurnView } from "../../../packages/cli/src/terminal/turn-view.ts";

/** The rows a turn leaves behind. */
function rowsOf(events: readonly UnstampedEvent[], columns = 60): string[] {
  const transcript = createTranscript();
  const view = createTurnView({ transcript, labels: english, style: createStyle(false), columns });
  for (const event of events) {
    view.handle({ ...event, turnId: "u", seq: 0, at: "" } as AgentEvent);
    view.flush();
  }
  view.end();
  return transcript.take();
}

function end(fields: Partial<TurnResult> = {}): UnstampedEvent {
  const result: TurnResult = {
    status: "completed",
    answer: "",
    value: null,
    receipts: [],
    unsupported: [],
    denied: [],
    usage: noUsage,
    cost: { usd: null, known: false },
    model: "scripted",
    steps: 1,
    threadId: "t",
    turnId: "u",
    annotations: [],
    error: null,
    ...fields,
  };
  return { type: "turn_end", reason: result.status, result };
}

const text = (delta: string): UnstampedEvent => ({ type: "text_delta", text: delta });

const started = (id: string): UnstampedEvent[] => [
  { type: "tool_call", call: { id, name: "calculate", arguments: `{"expression":"${id}+1"}` } },
  { type: "tool_start", callId: id, name: "calculate" },
];
const ended = (id: string, content: string): UnstampedEvent => ({
  type: "tool_end",
  callId: id,
  name: "calculate",
  outcome: { kind: "value", content },
});

test("calls that ran side by side stand each above its own result", () => {
  expect(rowsOf([...started("1"), ...started("2"), ended("1", "two"), ended("2", "three"), end()])).toEqual([
    "* calculate 1+1",
    "  two",
    "* calculate 2+1",
    "  three",
  ]);
});

test("a call that was out when the turn was stopped is shown as stopped", () => {
  expect(rowsOf([...started("1"), end({ status: "aborted" })])).toEqual([
    "* calculate 1+1",
    "  stopped",
    "",
    "Stopped.",
  ]);
});

test("an answer keeps its blank lines inside and loses those round it", () => {
  expect(rowsOf([text("\n\none"), text("\r"), text("\n\r\ntwo\n"), text("\n \n"), end()])).toEqual(["one", "", "two"]);
});

test("an answer that was not streamed is shown at its end", () => {
  expect(rowsOf([end({ answer: "one whole\nanswer" })])).toEqual(["one whole", "answer"]);
});

test("an answer that was streamed is not shown again at its end", () => {
  expect(rowsOf([text("the answer"), end({ answer: "the answer" })])).toEqual(["the answer"]);
});

test("a notice is a line of its own, and the same notice is not said twice in a row", () => {
  const notice: UnstampedEvent = { type: "notice", code: "x", text: "the store is slow" };
  expect(rowsOf([notice, notice, text("answer"), end()])).toEqual(["! the store is slow", "", "answer"]);
});

test("a result that is one long line is cut, and says so", () => {
  const rows = rowsOf([...started("1"), ended("1", "9".repeat(1000)), end()], 32);
  expect(rows).toHaveLength(6);
  expect(rows.at(-1)).toBe("  ... 1 more line");
});
