import { type Placed, textOf } from "@chingu/core";
import type { Message } from "@chingu/core/protocol";
import { fitCells, sanitize, sanitizeLine } from "@chingu/core/text";
import { errorText } from "../output/turn-writer.ts";
import type { TerminalCommand } from "../slash-command.ts";
import type { Talking } from "./talking.ts";

/** `/compact`, `/compact show` and `/uncompact`. */
export function compactionCommands({ agent, messages, threadId }: Talking): TerminalCommand[] {
  const words = messages.compaction;
  const compact = async (id: string, signal: AbortSignal): Promise<string> => {
    const outcome = await agent.compact(id, signal);
    switch (outcome.kind) {
      case "compacted":
        return words.line(outcome.compaction);
      case "nothing":
        return words.nothing;
      case "refused":
        return signal.aborted ? messages.stopped : words.refused(outcome.why, outcome.detail);
      case "failed":
        return errorText(outcome.failure, messages);
    }
  };
  const show = async (id: string): Promise<string> => {
    const { summary, messages: gone } = await agent.leftOut(id);
    return gone.length === 0 ? words.notSummarised : compactionDiff(gone, summary?.text, words.more);
  };
  return [
    {
      name: "compact",
      description: words.compactCommand,
      run: async (argument, { signal }) => {
        const id = threadId();
        if (argument !== "" && argument !== "show") return { text: words.usage };
        if (id === undefined) return { text: words.notSummarised };
        return { text: argument === "show" ? await show(id) : await compact(id, signal) };
      },
    },
    {
      name: "uncompact",
      description: words.uncompactCommand,
      run: async () => {
        const id = threadId();
        const summary = id === undefined ? undefined : await agent.uncompact(id);
        return { text: summary ? words.takenBack(summary.from, summary.to) : words.notSummarised };
      },
    },
  ];
}

/** How many of the rows that gave way are listed, at the head and at the tail. */
const listed = 12;

/** What the model no longer sees, a row a line behind `-`, and what stands for it behind `+`. */
function compactionDiff(gone: readonly Placed[], summary: string | undefined, more: (count: number) => string): string {
  const rows = gone.map(({ seq, message }) => `- ${seq} ${message.role}: ${fitCells(oneLine(message), 100)}`);
  const middle = rows.length - 2 * listed;
  const removed = middle > 0 ? [...rows.slice(0, listed), `- ${more(middle)}`, ...rows.slice(-listed)] : rows;
  const added = summary === undefined ? [] : summary.split("\n").map((line) => `+ ${line}`);
  return sanitize([...removed, ...added].join("\n"));
}

function oneLine(message: Message): string {
  const parts = message.parts.map((part) => {
    if (part.type === "tool_call") return `${part.call.name} ${part.call.arguments}`;
    if (part.type === "tool_result") {
      return `${part.name} → ${part.outcome.kind === "value" ? part.outcome.content : part.outcome.message}`;
    }
    return part.type === "image" || part.type === "file" ? `[${part.name ?? part.mediaType}]` : "";
  });
  return sanitizeLine([textOf(message), ...parts].filter(Boolean).join(" "));
}
