import type { MessageState, Part } from "../protocol/index.ts";
import { toValidUnicode } from "../text/index.ts";
import type { ModelAnswer } from "./call-model.ts";
import type { TurnProgress } from "./turn-end.ts";
import type { NewMessage } from "./turn-log.ts";

type AssistantMessage = NewMessage & { readonly state: MessageState };

/** The message an answer is kept as. One that did not complete, or misses its schema, keeps its text, but none of its calls is run. */
export function assistantMessage(
  { end, text, reasoning, usage }: ModelAnswer,
  progress: TurnProgress,
  misses = false,
): AssistantMessage {
  const finished = end.type === "finished" ? end : undefined;
  if (finished?.model) progress.model = finished.model;
  progress.answer = text;
  const parts: Part[] = [
    ...(finished?.reasoning ?? (reasoning ? [{ type: "reasoning" as const, text: toValidUnicode(reasoning) }] : [])),
    ...(text ? [{ type: "text" as const, text: toValidUnicode(text) }] : []),
    ...(finished?.calls ?? []).map((call) => ({ type: "tool_call" as const, call })),
  ];
  return {
    role: "assistant",
    parts,
    state: misses ? "incomplete" : stateOf(end),
    model: progress.model,
    ...(usage && { usage }),
    ...(finished?.raw && { finishReason: finished.raw }),
  };
}

function stateOf(end: ModelAnswer["end"]): AssistantMessage["state"] {
  if (end.type === "failed") return end.error.code === "aborted" ? "aborted" : "failed";
  if (end.reason === "refused" || end.reason === "incomplete") return end.reason;
  // An answer cut by the output limit is still what was said; calls in it are answered as cut (rule 5).
  return "complete";
}
