import type { MakeId, ReasoningPart, ToolCall, Usage } from "../protocol/index.ts";
import type { ApiReader } from "./api-model.ts";
import type { FinishReason, ModelEvent } from "./chat-model.ts";
import { ProtocolError, ProviderError } from "./failure.ts";
import { normaliseResponseUsage } from "./normalise-usage.ts";
import { parseWire } from "./parse-wire.ts";
import {
  responseEventSchema,
  responseSchema,
  type WireItem,
  type WireResponse,
  type WireResponseEvent,
} from "./wire-response.ts";

export interface ResponseReaderOptions {
  readonly makeId: MakeId;
  /** The one asked for. */
  readonly model: string;
}

/** Reads one answer of the Responses API, streamed or whole. */
export function readResponse({ makeId, model }: ResponseReaderOptions): ApiReader {
  /** By `output_index`: the order in which the model made them. */
  const items = new Map<number, WireItem>();
  const argumentsSoFar = new Map<number, string>();
  let saidText = false;
  let refused = false;
  let last: WireResponse | undefined;
  let ending: ModelEvent | undefined;

  function* say(text: string | null | undefined): Generator<ModelEvent> {
    if (!text) return;
    saidText ||= text.trim() !== "";
    yield { type: "text_delta", text };
  }

  /** What an item says that no delta has brought. */
  function* sayItem(item: WireItem, index: number): Generator<ModelEvent> {
    if (item.type === "message") {
      for (const { text, refusal } of item.content ?? []) {
        refused ||= Boolean(refusal);
        yield* say(text);
        yield* say(refusal);
      }
    }
    if (item.type === "reasoning") {
      for (const { text } of item.summary ?? []) if (text) yield { type: "reasoning_delta", text };
    }
    if (item.type === "function_call") {
      const position = callPosition(index);
      yield { type: "tool_call_delta", index: position, name: item.name ?? "", arguments: item.arguments ?? "" };
    }
  }

  const callPosition = (index: number): number =>
    [...items].filter(([at, { type }]) => type === "function_call" && at < index).length;

  function* takeStreamed(event: WireResponseEvent): Generator<ModelEvent> {
    const index = event.output_index ?? 0;
    switch (event.type) {
      case "response.output_text.delta":
        yield* say(event.delta);
        return;
      case "response.refusal.delta":
        refused = true;
        yield* say(event.delta);
        return;
      case "response.reasoning_summary_text.delta":
      case "response.reasoning_text.delta":
        if (event.delta) yield { type: "reasoning_delta", text: event.delta };
        return;
      case "response.output_item.added":
        if (event.item) items.set(index, event.item);
        if (event.item?.type === "function_call") {
          const { name, arguments: args } = event.item;
          yield { type: "tool_call_delta", index: callPosition(index), name: name ?? "", arguments: args ?? "" };
        }
        return;
      case "response.function_call_arguments.delta": {
        argumentsSoFar.set(index, (argumentsSoFar.get(index) ?? "") + (event.delta ?? ""));
        const name = items.get(index)?.name ?? "";
        yield { type: "tool_call_delta", index: callPosition(index), name, arguments: event.delta ?? "" };
        return;
      }
      case "response.output_item.done":
        if (event.item) items.set(index, event.item);
        return;
      case "response.completed":
      case "response.incomplete":
      case "response.failed":
        if (event.response) yield* takeResponse(event.response, { streamed: true });
        return;
      case "error":
        throw reported(event.error ?? event);
    }
  }

  function* takeResponse(response: WireResponse, { streamed }: { readonly streamed: boolean }): Generator<ModelEvent> {
    if (response.error || response.status === "failed") throw reported(response.error ?? {});
    last = response;
    const hadItems = items.size > 0;
    for (const [index, item] of (response.output ?? []).entries()) items.set(index, item);
    // A stream may bring everything at its end only.
    const unsaid = !streamed || (!hadItems && !saidText);
    if (unsaid) for (const [index, item] of items) yield* sayItem(item, index);
  }

  function finish(): ModelEvent {
    const raw = last?.incomplete_details?.reason ?? last?.status ?? undefined;
    const { calls, reasoning } = assemble(items, argumentsSoFar, { makeId, model });
    const usage: Usage | undefined = normaliseResponseUsage(last?.usage);
    const answeredBy = last?.model || undefined;
    return {
      type: "finished",
      reason: reasonOf(last, { refused, saidText, hasCalls: calls.length > 0 }),
      ...(raw !== undefined && { raw }),
      calls,
      ...(usage && { usage }),
      ...(answeredBy !== undefined && answeredBy !== model && { model: answeredBy }),
      ...(reasoning.length > 0 && { reasoning }),
    };
  }

  return {
    takeEvent(data) {
      if (data === "[DONE]") return "end";
      const event = parseWire(responseEventSchema, data, "a malformed stream event");
      return event instanceof ProtocolError ? event : [...takeStreamed(event)];
    },
    takeWhole(body) {
      const response = parseWire(responseSchema, body, "an answer that is not valid JSON");
      if (response instanceof ProtocolError) throw response;
      if (!response.output && !response.error) {
        throw new ProtocolError("its answer has no `output`", { wrongAddress: true });
      }
      return [...takeResponse(response, { streamed: false })];
    },
    finished: () => last !== undefined,
    finish: () => (ending ??= finish()),
  };
}

/** Calls and sealed reasoning in the order of the output, with ids of ours (rule 2). */
function assemble(
  items: ReadonlyMap<number, WireItem>,
  argumentsSoFar: ReadonlyMap<number, string>,
  { makeId, model }: ResponseReaderOptions,
): { calls: ToolCall[]; reasoning: ReasoningPart[] } {
  const calls: ToolCall[] = [];
  const reasoning: ReasoningPart[] = [];
  let thoughts: ReasoningPart[] = [];
  for (const [index, item] of [...items].toSorted(([a], [b]) => a - b)) {
    if (item.type === "reasoning") thoughts.push(reasoningPart(item, model));
    if (item.type === "message") {
      reasoning.push(...thoughts);
      thoughts = [];
    }
    if (item.type !== "function_call") continue;
    const call: ToolCall = {
      id: makeId(),
      name: item.name ?? "",
      arguments: item.arguments || (argumentsSoFar.get(index) ?? ""),
      ...(item.call_id && { providerId: item.call_id }),
    };
    calls.push(call);
    reasoning.push(...thoughts.map((part) => ({ ...part, replay: { model, ...part.replay, beforeCall: call.id } })));
    thoughts = [];
  }
  // What leads to nothing is refused when it comes back, and says nothing here but its summary.
  reasoning.push(...thoughts.flatMap(({ text }) => (text ? [{ type: "reasoning" as const, text }] : [])));
  return { calls, reasoning: reasoning.some(({ replay }) => replay?.sealed) ? reasoning : [] };
}

function reasoningPart({ id, encrypted_content: sealed, summary, content }: WireItem, model: string): ReasoningPart {
  const text = [...(summary ?? []), ...(content ?? [])].map((part) => part.text ?? "").join("");
  if (!id || !sealed) return { type: "reasoning", text };
  return { type: "reasoning", text, replay: { model, id, sealed } };
}

interface Said {
  readonly refused: boolean;
  readonly saidText: boolean;
  readonly hasCalls: boolean;
}

/** How the answer ended (rules 5, 10 to 12); without a last word from the provider it was cut. */
function reasonOf(response: WireResponse | undefined, { refused, saidText, hasCalls }: Said): FinishReason {
  const reason = response?.incomplete_details?.reason;
  if (reason === "max_output_tokens") return "length";
  if (reason === "content_filter") return "refused";
  if (response?.status !== "completed") return "incomplete";
  if (refused) return "refused";
  if (hasCalls) return "tool_calls";
  return saidText ? "stop" : "incomplete";
}

/** An error the provider reports inside an answer, with the status that its code would have had. */
function reported({
  code,
  message,
}: {
  readonly code?: string | null | undefined;
  readonly message?: string | null | undefined;
}): ProviderError {
  const status =
    code === "rate_limit_exceeded" ? 429 : code && !/server_error|timeout|overloaded/.test(code) ? 400 : undefined;
  return new ProviderError(JSON.stringify({ error: { message: message ?? "", code: code ?? undefined, status } }));
}
