import type { ChatModel, ModelEvent, ModelRequest } from "../../../packages/core/src/model/chat-model.ts";
import { createEndpointModel, type EndpointModelOptions } from "../../../packages/core/src/model/endpoint.ts";
import type { Message, Part, ToolSpec } from "../../../packages/core/src/protocol/index.ts";

export const noon = Date.parse("2026-01-01T12:00:00Z");

/** A model with counted ids and a standing clock. */
export function modelAt(
  baseURL: string,
  given: Partial<Omit<EndpointModelOptions, "apiKey">> & { readonly apiKey?: string | null } = {},
): ChatModel & AsyncDisposable {
  const { apiKey = "key-for-tests", ...options } = given;
  let n = 0;
  const model = createEndpointModel({
    model: "test-model",
    baseURL,
    ...(apiKey !== null && { apiKey }),
    makeId: () => `id-${++n}`,
    clock: { now: () => noon },
    ...options,
  });
  return Object.assign(model, { [Symbol.asyncDispose]: async () => model.dispose?.() });
}

export const ask = (content: string, more: Partial<ModelRequest> = {}): ModelRequest => ({
  system: "Be brief.",
  messages: [user(content)],
  tools: [],
  toolChoice: "auto",
  ...more,
});

export const user = (content: string): Message => message("user", [{ type: "text", text: content }]);

let count = 0;
export const message = (role: Message["role"], parts: Part[], more: Partial<Message> = {}): Message => ({
  id: `m${++count}`,
  turnId: "t1",
  role,
  parts,
  at: "2026-01-01T12:00:00.000Z",
  state: "complete",
  ...more,
});

export const calculate: ToolSpec = {
  name: "calculate",
  description: "Calculates",
  inputSchema: { type: "object", properties: { expression: { type: "string" } }, required: ["expression"] },
};

export const never = new AbortController().signal;

export const collect = (model: ChatModel, request: ModelRequest, signal = never): Promise<ModelEvent[]> =>
  Array.fromAsync(model.stream(request, signal));

export async function lastEvent(model: ChatModel, request = ask("Hello"), signal = never): Promise<ModelEvent> {
  const events = await collect(model, request, signal);
  const last = events.at(-1);
  if (!last) throw new Error("The stream gave no event.");
  return last;
}

/** The failure a stream ends with. */
export async function failureFrom(model: ChatModel, request = ask("Hello"), signal = never) {
  const last = await lastEvent(model, request, signal);
  if (last.type !== "failed") throw new Error(`The stream did not fail: ${JSON.stringify(last)}`);
  return last.error;
}
