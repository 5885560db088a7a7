import { halves } from "./halves.ts";
import type { Answer, ScriptedCall } from "./model-replies.ts";

interface WireEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A scripted answer as the Responses API streams it; without `last` it is cut before its end. */
export function responseEvents(
  answer: Answer,
  asked: string | undefined,
): { readonly body: readonly WireEvent[]; readonly last?: WireEvent } {
  const response = wholeResponse(answer, asked);
  const body: WireEvent[] = [
    { type: "response.created", response: { ...response, status: "in_progress", output: [] } },
  ];
  for (const [output_index, item] of response.output.entries()) {
    const { content: _content, arguments: _arguments, ...opened } = item as Record<string, unknown>;
    const at = { output_index, item_id: item["id"] };
    body.push({ type: "response.output_item.added", output_index, item: { ...opened, arguments: "" } });
    for (const delta of textPieces(answer, item)) body.push({ type: `response.${textKind(item)}.delta`, ...at, delta });
    for (const delta of argumentPieces(answer, item)) {
      body.push({ type: "response.function_call_arguments.delta", ...at, delta });
    }
    body.push({ type: "response.output_item.done", output_index, item });
  }
  if (answer.finish === null) return { body };
  return { body, last: { type: `response.${response.status}`, response } };
}

/** The same as one object. */
export function wholeResponse(answer: Answer, asked: string | undefined) {
  const reason = { length: "max_output_tokens", content_filter: "content_filter" }[answer.finish ?? ""];
  const complete = [undefined, null, "stop", "tool_calls"].includes(answer.finish);
  return {
    id: "resp_1",
    object: "response",
    created_at: 0,
    model: answer.model ?? asked,
    status: complete ? "completed" : "incomplete",
    incomplete_details: complete ? null : { reason: reason ?? answer.finish },
    error: null,
    output: outputOf(answer),
    usage: usageOf(answer),
  };
}

function outputOf(answer: Answer): Record<string, unknown>[] {
  const thoughts = (answer.sealed ?? []).map(({ id, content, beforeCall }) => ({
    at: beforeCall,
    item: { type: "reasoning", id, summary: [], encrypted_content: content },
  }));
  const thoughtsAt = (at: number | undefined) => thoughts.filter((one) => one.at === at).map(({ item }) => item);
  const said = joined(answer.text);
  const content = [
    ...(said ? [{ type: "output_text", text: said, annotations: [] }] : []),
    ...(answer.refusal ? [{ type: "refusal", refusal: answer.refusal }] : []),
  ];
  const summary = answer.reasoning
    ? [{ type: "reasoning", id: "rs_summary", summary: [{ type: "summary_text", text: answer.reasoning }] }]
    : [];
  return [
    ...summary,
    ...thoughtsAt(undefined),
    ...(content.length > 0 ? [{ type: "message", id: "msg_1", role: "assistant", status: "completed", content }] : []),
    ...(answer.calls ?? []).flatMap((call, index) => [...thoughtsAt(index), callItem(call, index)]),
  ];
}

const callItem = (call: ScriptedCall, index: number) => ({
  type: "function_call",
  id: `fc_${index + 1}`,
  ...(call.id !== null && { call_id: call.id ?? `call_${index + 1}` }),
  name: call.name,
  arguments: call.arguments,
});

const textKind = (item: Record<string, unknown>): string => {
  if (item["type"] === "reasoning") return "reasoning_summary_text";
  return JSON.stringify(item["content"]).includes('"refusal"') ? "refusal" : "output_text";
};

function textPieces(answer: Answer, { type, id }: Record<string, unknown>): readonly string[] {
  if (type === "message") return answer.refusal ? halves(answer.refusal) : halves(answer.text);
  return type === "reasoning" && id === "rs_summary" ? halves(answer.reasoning) : [];
}

function argumentPieces(answer: Answer, { type, id }: Record<string, unknown>): readonly string[] {
  const call = type === "function_call" ? answer.calls?.[Number(String(id).slice(3)) - 1] : undefined;
  return call ? (call.pieces ?? halves(call.arguments)) : [];
}

function usageOf({ usage }: Answer) {
  if (usage === null) return null;
  const { prompt_tokens, completion_tokens, total_tokens, prompt_tokens_details, completion_tokens_details } =
    usage ?? {
      prompt_tokens: 10,
      completion_tokens: 5,
    };
  return {
    input_tokens: prompt_tokens,
    output_tokens: completion_tokens,
    total_tokens: total_tokens ?? prompt_tokens + completion_tokens,
    input_tokens_details: prompt_tokens_details ?? { cached_tokens: 0 },
    output_tokens_details: completion_tokens_details ?? { reasoning_tokens: 0 },
  };
}

const joined = (text: Answer["text"]): string => (typeof text === "string" ? text : (text?.join("") ?? ""));
