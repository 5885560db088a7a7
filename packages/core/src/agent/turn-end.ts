import type { ChatModel, ModelFailure } from "../model/chat-model.ts";
import type { Denied, Failure, Message, Receipt, TurnResult, TurnStatus, Usage } from "../protocol/index.ts";
import { unsupportedNumbers } from "../receipts/check-numbers.ts";
import type { ModelAnswer } from "./call-model.ts";

/** What a turn has gathered so far. */
export interface TurnProgress {
  answer: string;
  usage: Usage;
  model: string;
  steps: number;
  readonly receipts: Receipt[];
  readonly denied: Denied[];
  /** Texts that a number of the answer may come from. */
  readonly sources: string[];
}

/** How a turn ends: its status, and what went wrong where something did. */
export interface TurnEnd {
  readonly status: TurnStatus;
  readonly error: Failure | null;
}

export function resultOf(
  progress: TurnProgress,
  end: TurnEnd,
  of: { readonly model: ChatModel; readonly threadId: string; readonly turnId: string },
): TurnResult {
  const { answer, usage, model, steps, receipts, denied, sources } = progress;
  return {
    status: end.status,
    answer,
    value: null,
    receipts,
    unsupported: unsupportedNumbers(answer, sources),
    denied,
    usage,
    // A price is known only for what runs here; the price table comes with the budgets.
    cost: of.model.capabilities.local ? { usd: 0, known: true } : { usd: null, known: false },
    model,
    steps,
    threadId: of.threadId,
    turnId: of.turnId,
    annotations: [],
    error: end.error,
  };
}

/** The end of a turn whose last answer called no tool. */
export function endOfAnswer({ end }: ModelAnswer, progress: TurnProgress): TurnEnd {
  const reason = end.type === "finished" ? end.reason : "incomplete";
  if (reason === "refused") {
    return {
      status: "refused",
      error: {
        code: "refused",
        message: "the model declined to answer",
        hint: "ask in another way, or use another model with --model",
      },
    };
  }
  if (reason === "length") {
    return {
      status: "incomplete",
      error: { code: "length", message: "the answer reached the model's output limit and is cut", hint: "say `go on`" },
    };
  }
  // A model that has nothing to say without the tool ends with an empty answer, which is `incomplete` by itself.
  if (progress.answer.trim() === "" && progress.denied.length > 0) {
    const { tool, reason: why } = progress.denied[progress.denied.length - 1] as Denied;
    return {
      status: "denied",
      error: {
        code: "denied",
        message: `the model had no answer without ${tool}: ${why}`,
        hint: `--allow ${tool} allows it`,
      },
    };
  }
  if (reason === "incomplete") {
    return {
      status: "incomplete",
      error: { code: "incomplete", message: "the model's answer ended before it was complete", hint: "ask again" },
    };
  }
  return { status: "completed", error: null };
}

export function endOfFailure(failure: ModelFailure): TurnEnd {
  const { code, message, hint } = failure;
  return { status: "failed", error: { code, message, ...(hint && { hint }) } };
}

/** The end of a turn that was stopped: by the user, or by its own time limit. */
export function endOfStop(signal: AbortSignal): TurnEnd {
  const { reason } = signal;
  if (reason instanceof DOMException && reason.name === "TimeoutError") {
    return {
      status: "max_time",
      error: {
        code: "max_time",
        message: "the turn reached its time limit",
        hint: "say `go on`, or raise timeouts.turn",
      },
    };
  }
  return { status: "aborted", error: null };
}

/** The texts in a message that a number of an answer may rightly come from: what the user said and what tools returned. */
export function sourcesOf(message: Message): string[] {
  if (message.role === "assistant") return [];
  return message.parts.flatMap((part) => {
    if (part.type === "text") return [part.text];
    if (part.type === "tool_result" && part.outcome.kind === "value") {
      return [part.outcome.content, ...(part.outcome.receipt ? [part.outcome.receipt.program] : [])];
    }
    return [];
  });
}
