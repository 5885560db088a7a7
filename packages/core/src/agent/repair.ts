import type { Message, Part, ToolOutcome } from "../protocol/index.ts";
import { approvalStates, callsOf, neverRun } from "./pending.ts";

/** What a call without a stored result is answered with: the process died, or was cut, while it was out. */
const lost: ToolOutcome = {
  kind: "unknown",
  message: "no result was stored for this call: the program stopped while it was out",
};

/**
 * The messages a model is shown, from the messages a thread holds (rules 8 and 9).
 *
 * Assistant messages that did not complete stay in the log and leave the replay, and the results of their calls with
 * them. A call without result gets one that says it may have run, or that it was not run where a person had not yet allowed
 * it and its siblings; a result without call, or a second result for the
 * same call, is left out. Results stand right behind their calls, in the order of the calls (rule 24). The outcome
 * depends on the messages alone, so that the same thread always gives the same prefix (rule 30).
 */
export function replayable(messages: readonly Message[]): Message[] {
  const results = new Map<string, Extract<Part, { type: "tool_result" }>>();
  for (const message of messages) {
    for (const part of message.parts) {
      if (part.type === "tool_result" && !results.has(part.callId)) results.set(part.callId, part);
    }
  }
  const states = approvalStates(messages);
  return messages.flatMap((message) => {
    if (message.role === "tool" || message.state !== "complete") return [];
    const calls = callsOf(message);
    if (calls.length === 0) return message.parts.length > 0 ? [message] : [];
    // Calls made together are run together, when the last question about them is answered.
    const waiting = calls.some(({ id }) => states.get(id) === "pending" && !results.has(id));
    const parts = calls.map((call): Part => {
      const outcome = waiting || states.get(call.id) === "denied" ? neverRun : lost;
      return results.get(call.id) ?? { type: "tool_result", callId: call.id, name: call.name, outcome };
    });
    return [
      message,
      { id: `${message.id}-results`, turnId: message.turnId, role: "tool", parts, at: message.at, state: "complete" },
    ];
  });
}
