import type { Placed } from "../../memory/conversation.ts";
import type { Message, Part } from "../../protocol/index.ts";
import { messageName, readOutputName } from "../read-output.ts";

/** A result shorter than this is no longer than the line that would stand in its place. */
const worthIt = 400;

/** Puts one line that says where it can be read again in the place of a long tool result. */
export type Stub = (message: Message) => Message;

export function createStub(placed: readonly Placed[]): Stub {
  let rows: ReadonlyMap<string, number> | undefined;
  return (message) => {
    if (message.role !== "tool") return message;
    rows ??= resultRows(placed);
    const row = (callId: string) => rows?.get(callId);
    return { ...message, parts: message.parts.map((part) => stubOf(part, row)) };
  };
}

function stubOf(part: Part, row: (callId: string) => number | undefined): Part {
  if (part.type !== "tool_result" || part.outcome.kind !== "value") return part;
  const seq = row(part.callId);
  const { length } = part.outcome.content;
  if (seq === undefined || length < worthIt) return part;
  const name = JSON.stringify({ name: messageName(seq) });
  const content = `[${length} characters of this result are left out here to save room; ${readOutputName} ${name} shows them again]`;
  return { ...part, outcome: { kind: "value", content } };
}

/** In which row the result of each call stands. The first counts, as in the replay. */
function resultRows(placed: readonly Placed[]): ReadonlyMap<string, number> {
  const rows = new Map<string, number>();
  for (const { seq, message } of placed) {
    for (const part of message.parts) {
      if (part.type === "tool_result" && !rows.has(part.callId)) rows.set(part.callId, seq);
    }
  }
  return rows;
}
