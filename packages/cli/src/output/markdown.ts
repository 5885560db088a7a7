import { conversationOf, type Row, type ThreadInfo } from "@chingu/core";
import type { Message, Part } from "@chingu/core/protocol";
import { sanitize, sanitizeLine } from "@chingu/core/text";
import { minuteOf } from "./format.ts";

/** A conversation as a Markdown page for people: what was said and not rewound, with the programs and what they gave. */
export function threadMarkdown(thread: ThreadInfo, rows: readonly Row[]): string {
  const head = [`# ${sanitizeLine(thread.title) || thread.id}`, "", `${minuteOf(thread.createdAt)} · ${thread.id}`, ""];
  const body = conversationOf(rows).messages.flatMap(({ message }) => messageLines(message));
  const unreadable = rows.flatMap((row) => ("corrupt" in row ? [`*Row ${row.seq} cannot be read.*`, ""] : []));
  return `${[...head, ...body, ...unreadable].join("\n")}\n`;
}

function messageLines(message: Message): string[] {
  const parts = message.parts.flatMap(partLines);
  if (parts.length === 0) return [];
  const state = message.state === "complete" ? "" : ` (${message.state})`;
  return [`## ${message.role}${state} · ${minuteOf(message.at)}`, "", ...parts];
}

function partLines(part: Part): string[] {
  switch (part.type) {
    case "text":
      return [sanitize(part.text), ""];
    case "image":
    case "file":
      return [`*[${sanitizeLine(part.name ?? part.mediaType)}]*`, ""];
    case "tool_call":
      return [`Calls \`${sanitizeLine(part.call.name)}\`:`, "", ...fenced(sanitize(part.call.arguments)), ""];
    case "tool_result": {
      const { outcome } = part;
      const text = outcome.kind === "value" ? outcome.content : outcome.message;
      return [`\`${sanitizeLine(part.name)}\` answers:`, "", ...fenced(sanitize(text)), ""];
    }
    case "reasoning":
    case "approval":
      return [];
  }
}

/** A fence longer than any in the text, so that nothing in it can end it. */
function fenced(text: string): string[] {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return [fence, text, fence];
}
