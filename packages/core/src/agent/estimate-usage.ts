import type { ModelRequest } from "../model/chat-model.ts";
import type { Message, Part, Usage } from "../protocol/index.ts";

/** Tokens when the provider reports none: a third of the bytes, which suits Korean and English alike; marked as estimated. */
export function estimateUsage(
  request: ModelRequest,
  answer: { readonly text: string; readonly reasoning: string },
): Usage {
  return {
    input: inputTokens(request),
    cacheRead: 0,
    cacheWrite: 0,
    output: tokens(answer.text),
    reasoning: tokens(answer.reasoning),
    estimated: true,
  };
}

/** What is sent, in tokens. */
export function inputTokens({ system, messages, tools, outputSchema }: ModelRequest): number {
  const fixed =
    tokens(system) + tokens(JSON.stringify(tools)) + (outputSchema ? tokens(JSON.stringify(outputSchema)) : 0);
  return fixed + messages.reduce((sum, message) => sum + messageTokens(message), 0);
}

/** One message, in tokens. */
function messageTokens({ parts }: Pick<Message, "parts">): number {
  return parts.reduce((sum, part) => sum + partTokens(part), 0);
}

/** A picture costs by its size in pixels, about this much at most endpoints' usual size; a PDF by its pages, of some 50 kB. */
const imageTokens = 1_600;
const tokensPerFileByte = 0.04;

function partTokens(part: Part): number {
  if (part.type === "image") return imageTokens;
  if (part.type === "file") return Math.ceil(part.data.length * tokensPerFileByte);
  return tokens(JSON.stringify(part));
}

/** A third of the bytes: suits Korean and English alike, and errs on the careful side. */
export function estimateTokens(value: unknown): number {
  return tokens(typeof value === "string" ? value : JSON.stringify(value));
}

const tokens = (text: string) => Math.ceil(Buffer.byteLength(text) / 3);

/** As `messageTokens`, and quicker the second time it meets a part: a thread is measured before every call. */
export type Measure = (message: Pick<Message, "parts">) => number;

export function createMeasure(): Measure {
  const known = new WeakMap<Part, number>();
  const measure = (part: Part) => {
    const size = known.get(part) ?? partTokens(part);
    known.set(part, size);
    return size;
  };
  return ({ parts }) => parts.reduce((sum, part) => sum + measure(part), 0);
}
