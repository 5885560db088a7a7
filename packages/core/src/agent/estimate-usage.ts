import type { ModelRequest } from "../model/chat-model.ts";
import type { Usage } from "../protocol/index.ts";

/** Tokens when the provider reports none: a third of the bytes, which suits Korean and English alike; marked as estimated. */
export function estimateUsage(
  request: ModelRequest,
  answer: { readonly text: string; readonly reasoning: string },
): Usage {
  const { system, messages, tools } = request;
  return {
    input: tokens(system) + tokens(JSON.stringify(messages.map(({ parts }) => parts))) + tokens(JSON.stringify(tools)),
    cacheRead: 0,
    cacheWrite: 0,
    output: tokens(answer.text),
    reasoning: tokens(answer.reasoning),
    estimated: true,
  };
}

const tokens = (text: string) => Math.ceil(Buffer.byteLength(text) / 3);
