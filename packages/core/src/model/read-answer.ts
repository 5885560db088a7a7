import type { MakeId, Usage } from "../protocol/index.ts";
import { assembleCalls, type CallFragment } from "./assemble-calls.ts";
import type { FinishReason, ModelEvent, TokenLogprob } from "./chat-model.ts";
import { normaliseUsage } from "./normalise-usage.ts";
import type { WireAnswer, WireCall, WirePiece } from "./wire.ts";

/** Provider words for the end of an answer. Any other is kept raw and means `incomplete` (rule 11). */
const finishReasons: ReadonlyMap<string, FinishReason> = new Map([
  ["stop", "stop"],
  ["tool_calls", "tool_calls"],
  ["function_call", "tool_calls"],
  ["length", "length"],
  ["content_filter", "refused"],
  ["refusal", "refused"],
]);

export interface AnswerReader {
  /** Takes the next chunk, or the whole answer, and gives the events it makes. */
  take(answer: WireAnswer): ModelEvent[];
  /** Whether the provider has said how the answer ended. */
  finished(): boolean;
  /** The last event, from all that was taken. */
  finish(): ModelEvent;
}

export interface AnswerReaderOptions {
  readonly makeId: MakeId;
  /** The one asked for. */
  readonly model: string;
  /** Whether the model wants its reasoning back. */
  readonly keepReasoning?: boolean;
}

/** Reads one answer, streamed or whole: text, reasoning, calls, usage and how it ended. */
export function readAnswer({ makeId, model, keepReasoning }: AnswerReaderOptions): AnswerReader {
  const assembly = assembleCalls();
  let hasText = false;
  let refused = false;
  let raw: string | undefined;
  let usage: Usage | undefined;
  let answeredBy: string | undefined;
  let thought = "";
  const logprobs: TokenLogprob[] = [];

  function takePiece(piece: WirePiece, whole: boolean): ModelEvent[] {
    const events: ModelEvent[] = [];
    const reasoning = piece.reasoning_content || piece.reasoning;
    if (reasoning) {
      thought += reasoning;
      events.push({ type: "reasoning_delta", text: reasoning });
    }
    if (piece.refusal) refused = true;
    for (const text of [piece.content, piece.refusal]) {
      if (!text) continue;
      hasText ||= text.trim() !== "";
      events.push({ type: "text_delta", text });
    }
    const fragments = (piece.tool_calls ?? []).map((call, position) =>
      // In a whole answer every entry is a call of its own, whatever its index says.
      toFragment(whole ? { ...call, index: position } : call),
    );
    if (piece.function_call) fragments.push(toFragment({ index: 0, function: piece.function_call }));
    for (const fragment of fragments) {
      const { position, name } = assembly.add(fragment);
      events.push({ type: "tool_call_delta", index: position, name, arguments: fragment.arguments ?? "" });
    }
    return events;
  }

  return {
    take(answer) {
      answeredBy ??= answer.model || undefined;
      if (answer.usage !== undefined && answer.usage !== null) usage = normaliseUsage(answer.usage) ?? usage;
      const choice = answer.choices?.find(({ index }) => (index ?? 0) === 0);
      if (!choice) return [];
      raw = choice.finish_reason ?? raw;
      for (const { token, logprob, top_logprobs } of choice.logprobs?.content ?? []) {
        logprobs.push({ token, logprob, alternatives: top_logprobs ?? [] });
      }
      const events = choice.delta ? takePiece(choice.delta, false) : [];
      if (choice.message) events.push(...takePiece(choice.message, true));
      return events;
    },
    finished: () => raw !== undefined,
    finish() {
      const calls = assembly.calls(makeId);
      return {
        type: "finished",
        reason: reasonOf({ raw, refused, hasText, hasCalls: calls.length > 0 }),
        ...(raw !== undefined && { raw }),
        calls,
        ...(usage && { usage }),
        ...(answeredBy !== undefined && answeredBy !== model && { model: answeredBy }),
        ...(keepReasoning && thought && { reasoning: [{ type: "reasoning", text: thought, replay: { model } }] }),
        ...(logprobs.length > 0 && { logprobs }),
      };
    },
  };
}

interface Ending {
  readonly raw: string | undefined;
  readonly refused: boolean;
  readonly hasText: boolean;
  readonly hasCalls: boolean;
}

/** How the answer ended (rules 10 to 12): a stop that says nothing is no answer, and calls count whatever the label. */
function reasonOf({ raw, refused, hasText, hasCalls }: Ending): FinishReason {
  const reason = raw === undefined ? undefined : finishReasons.get(raw);
  if (reason === "length" || reason === "refused") return reason;
  if (reason === undefined) return "incomplete";
  if (refused) return "refused";
  if (hasCalls) return "tool_calls";
  return hasText ? "stop" : "incomplete";
}

function toFragment({ index, id, function: called }: WireCall): CallFragment {
  const args = called?.arguments;
  return {
    index: index ?? undefined,
    id: id ?? undefined,
    name: called?.name ?? undefined,
    arguments: typeof args === "object" && args !== null ? JSON.stringify(args) : (args ?? undefined),
  };
}
