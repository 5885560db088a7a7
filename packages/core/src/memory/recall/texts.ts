import { type Message, textOf } from "../../protocol/index.ts";

export const memorySearchName = "memory_search";

/** Beyond this a text says nothing new about itself, and a pasted book would crowd out the rest. */
const longest = { said: 40_000, tool: 4_000 };

/**
 * What a message is found by: what was said, and the head of what tools gave. Neither reasoning nor calls: the words of
 * a call are in its answer or in what is said about it. Empty where there is nothing to find.
 */
export function searchableText(message: Message): string {
  if (message.role !== "tool") return textOf(message).slice(0, longest.said);
  const results = message.parts.flatMap((part) =>
    // What a search has quoted is found where it was said.
    part.type === "tool_result" && part.outcome.kind === "value" && part.name !== memorySearchName
      ? [part.outcome.content]
      : [],
  );
  return results.join("\n").slice(0, longest.tool);
}
