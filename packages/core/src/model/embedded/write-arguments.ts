import type { LlamaGrammar } from "node-llama-cpp";
import type { ToolSpec } from "../../protocol/index.ts";
import { type Exchange, shorten } from "./conversation.ts";
import type { Lane } from "./lane.ts";
import { reply, turn } from "./prompt.ts";

const maxTokens = 500;

/** Writes the arguments of any tool as JSON that the tool's schema allows: the grammar admits nothing else. */
export function writeArguments(
  lane: Lane,
  exchanges: readonly Exchange[],
  tool: ToolSpec,
  grammar: LlamaGrammar,
  signal: AbortSignal,
): AsyncGenerator<string, "stop" | "length", void> {
  const [earlier, current] = [exchanges.at(-2), exchanges.at(-1)];
  const request = [
    `Tool ${tool.name}: ${shorten(tool.description, 600)}`,
    `Its arguments (JSON Schema): ${shorten(JSON.stringify(tool.inputSchema), 2_500)}`,
    ...(earlier ? [`Earlier: ${shorten(earlier.question, 400)} → ${shorten(earlier.answer, 400)}`] : []),
    `Message: ${shorten(current?.question ?? "", 1_500)}`,
    "Write only the JSON arguments with which the tool serves the message.",
  ];
  const prompt = [...turn("user", request.join("\n\n")), ...reply()];
  return lane.write(prompt, { maxTokens, grammar }, signal);
}
