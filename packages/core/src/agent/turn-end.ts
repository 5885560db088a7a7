import type { ModelFailure } from "../model/chat-model.ts";
import type { Denied, Failure, Json, Message, Receipt, TurnResult, TurnStatus } from "../protocol/index.ts";
import { unsupportedNumbers } from "../receipts/check-numbers.ts";
import type { Unanswered } from "./approve-calls.ts";
import type { ModelAnswer } from "./call-model.ts";
import type { Spending } from "./spending.ts";

/** What a turn has gathered so far. */
export interface TurnProgress {
  answer: string;
  /** The answer as the JSON value it had to be. */
  value: Json;
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
  of: { readonly spending: Spending; readonly threadId: string; readonly turnId: string },
): TurnResult {
  const { answer, value, model, steps, receipts, denied, sources } = progress;
  return {
    status: end.status,
    answer,
    value,
    receipts,
    unsupported: unsupportedNumbers(answer, sources),
    denied,
    usage: of.spending.usage(),
    cost: of.spending.cost(),
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
  // Behind a denial an answer without a word is the model's way to stop, not a stream that broke.
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
  if (failure.code === "repeating") return endOfRepetition;
  const { code, message, hint } = failure;
  const error = { code, message, ...(hint && { hint }) };
  return { status: limits.find((limit) => limit === code) ?? "failed", error };
}

const limits = ["max_cost", "max_tokens", "max_time", "max_steps"] as const satisfies readonly TurnStatus[];

/** Whether the call was not made because a limit left no room for it. */
export function foundNoRoom({ code }: ModelFailure): boolean {
  return limits.some((limit) => limit === code);
}

export function endOfSteps(maxSteps: number): TurnEnd {
  return {
    status: "max_steps",
    error: {
      code: "max_steps",
      message: `the turn reached its limit of ${maxSteps} steps`,
      hint: "say `go on`, or raise --max-steps",
    },
  };
}

export const endOfRepetition: TurnEnd = {
  status: "repeating",
  error: {
    code: "repeating",
    message: "the turn was stopped because it did the same thing over and over",
    hint: "ask in another way, or use another model with --model",
  },
};

/** The end of a turn that was to go on with calls waiting for a person, where none do. */
export const nothingWaits: TurnEnd = {
  status: "failed",
  error: {
    code: "usage",
    message: "no tool call of this thread waits for an answer",
    hint: "go on by saying something: chingu --continue",
  },
};

/** The end of a turn whose calls still wait, or were answered by somebody else. */
export function endOfUnanswered(why: Unanswered, signal: AbortSignal): TurnEnd {
  if (why === "stopped") return endOfStop(signal);
  const ended = {
    nobody: {
      message: "a tool call of this thread waits for an answer, and there is nobody to ask here",
      hint: "answer it in a terminal with `chingu resume`, or allow it with --allow RULE",
    },
    elsewhere: {
      message: "the question about a tool call was answered in another window, which goes on with it",
      hint: "look there, or go on here by saying something",
    },
  }[why];
  return { status: "denied", error: { code: "denied", ...ended } };
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
        hint: "say `go on`, with more --max-time",
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
      return [
        part.outcome.content,
        ...(part.outcome.receipt?.kind === "computation" ? [part.outcome.receipt.program] : []),
      ];
    }
    return [];
  });
}
