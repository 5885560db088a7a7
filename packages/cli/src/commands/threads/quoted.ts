import { allThreads, type ThreadStore } from "@chingu/core";
import type { Message, Part } from "@chingu/core/protocol";
import { namespace } from "../../settings.ts";

/** Whose words are looked for. */
export interface Words {
  /** All that was said in these threads; they are not looked into themselves. */
  readonly threads: ReadonlySet<string>;
  /** The words of these facts. */
  readonly facts?: readonly string[];
}

/** Other threads in which the model was given words back, by a search, or by what it did with a fact. */
export async function quotedIn(store: ThreadStore, { threads, facts = [] }: Words): Promise<string[]> {
  const found: string[] = [];
  for await (const thread of allThreads(store, namespace)) {
    if (threads.has(thread.id)) continue;
    const rows = await store.read(thread);
    const quotes = ({ parts }: Message) =>
      parts.some((part) => quotesThread(part, threads) || facts.some((text) => holds(part, text)));
    if (rows.some((row) => "message" in row && quotes(row.message))) found.push(thread.id);
  }
  return found;
}

function quotesThread(part: Part, threads: ReadonlySet<string>): boolean {
  if (part.type !== "tool_result" || part.outcome.kind !== "value") return false;
  const { receipt } = part.outcome;
  return receipt?.kind === "memory" && receipt.messages.some(({ thread }) => threads.has(thread));
}

/** Whether a call of a memory tool, or its result, has the words; both may write them as JSON does. */
function holds(part: Part, text: string): boolean {
  const said = saidIn(part);
  return said.includes(text) || said.includes(JSON.stringify(text).slice(1, -1));
}

function saidIn(part: Part): string {
  if (part.type === "tool_call") return isMemory(part.call.name) ? part.call.arguments : "";
  if (part.type !== "tool_result" || !isMemory(part.name)) return "";
  return part.outcome.kind === "value" ? part.outcome.content : part.outcome.message;
}

const isMemory = (tool: string) => tool.startsWith("memory_");
