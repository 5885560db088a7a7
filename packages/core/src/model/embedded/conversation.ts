import { type Message, type ToolCall, type ToolOutcome, textOf } from "../../protocol/index.ts";

/** What the user said once and what came of it. */
export interface Exchange {
  readonly question: string;
  readonly calls: readonly { readonly call: ToolCall; readonly outcome?: ToolOutcome }[];
  readonly answer: string;
}

/** Messages as exchanges, oldest first; the last one is the one to go on with. */
export function exchangesOf(messages: readonly Message[]): Exchange[] {
  const outcomes = new Map<string, ToolOutcome>();
  for (const { parts } of messages) {
    for (const part of parts) if (part.type === "tool_result") outcomes.set(part.callId, part.outcome);
  }
  const exchanges: Exchange[] = [];
  for (const message of messages) {
    if (message.role === "user") exchanges.push({ question: textOf(message).trim(), calls: [], answer: "" });
    if (message.role !== "assistant") continue;
    const last = exchanges.pop() ?? { question: "", calls: [], answer: "" };
    const calls = message.parts.flatMap((part) => {
      if (part.type !== "tool_call") return [];
      const outcome = outcomes.get(part.call.id);
      return [{ call: part.call, ...(outcome && { outcome }) }];
    });
    const answer = [last.answer, textOf(message).trim()].filter(Boolean).join("\n");
    exchanges.push({ ...last, calls: [...last.calls, ...calls], answer });
  }
  return exchanges;
}

export function usesHangul(text: string): boolean {
  return /\p{Script=Hangul}/u.test(text);
}

/** Head and tail of a long text with an ellipsis between, at most `characters` long. */
export function shorten(text: string, characters: number): string {
  if (text.length <= characters) return text;
  const head = Math.ceil((characters - 1) * 0.7);
  return `${text.slice(0, head)}…${text.slice(text.length - (characters - 1 - head))}`.toWellFormed();
}

/** The newest exchanges that fit into `room` tokens, oldest first. */
export function newestThatFit<Item>(items: readonly Item[], room: number, size: (item: Item) => number): Item[] {
  const kept: Item[] = [];
  let left = room;
  for (const item of items.toReversed()) {
    left -= size(item);
    if (left < 0) break;
    kept.unshift(item);
  }
  return kept;
}
