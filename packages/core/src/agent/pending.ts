import type { Message, Part, ToolCall, ToolOutcome } from "../protocol/index.ts";

type ApprovalState = Extract<Part, { type: "approval" }>["state"];

/** Where the question about each call stands. The first answer counts, whoever gave another one. */
export function approvalStates(messages: readonly Message[]): ReadonlyMap<string, ApprovalState> {
  const states = new Map<string, ApprovalState>();
  for (const part of messages.flatMap(({ parts }) => parts)) {
    if (part.type === "approval" && (states.get(part.callId) ?? "pending") === "pending") {
      states.set(part.callId, part.state);
    }
  }
  return states;
}

/** Calls made together of which one at least waits for a person. None of those that have no result was run. */
export interface WaitingCalls {
  /** Those without result, in the order of the calls. */
  readonly calls: readonly ToolCall[];
  /** Those among them a person must answer, oldest first. */
  readonly pending: readonly ToolCall[];
}

/** The newest calls of a thread that wait for a person; undefined when none do. */
export function waitingCalls(messages: readonly Message[]): WaitingCalls | undefined {
  const states = approvalStates(messages);
  const done = answeredCalls(messages);
  for (const message of messages.toReversed()) {
    if (message.role !== "assistant" || message.state !== "complete") continue;
    const calls = callsOf(message).filter(({ id }) => !done.has(id));
    const pending = calls.filter(({ id }) => states.get(id) === "pending");
    if (pending.length > 0) return { calls, pending };
  }
  return undefined;
}

function answeredCalls(messages: readonly Message[]): ReadonlySet<string> {
  const parts = messages.flatMap((message) => message.parts);
  return new Set(parts.flatMap((part) => (part.type === "tool_result" ? [part.callId] : [])));
}

export function callsOf(message: Message): ToolCall[] {
  return message.parts.flatMap((part) => (part.type === "tool_call" ? [part.call] : []));
}

/** What a call is answered with that was never run, because the question about it or its siblings stayed open. */
export const neverRun: ToolOutcome = {
  kind: "error",
  code: "denied",
  message: "it was not run: nobody allowed it",
  hint: "make the call again if it is still needed",
};

/** Names the answer to a question in the store, so that of several windows that answer it one alone is heard. */
export const answerOp = ({ id }: ToolCall) => `approval:${id}`;

/** The message that closes calls nobody has answered: from then on no window can allow them any more. */
export function closingMessage({ calls, pending }: WaitingCalls) {
  const reason = "the conversation went on without an answer";
  return {
    role: "tool" as const,
    parts: [
      ...pending.map((call): Part => ({ type: "approval", callId: call.id, state: "denied", reason })),
      ...calls.map((call): Part => ({ type: "tool_result", callId: call.id, name: call.name, outcome: neverRun })),
    ],
  };
}
