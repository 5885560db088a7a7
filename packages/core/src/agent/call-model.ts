import type { ChatModel, ModelEvent, ModelFailure, ModelRequest } from "../model/chat-model.ts";
import type { Clock, UnstampedEvent, Usage } from "../protocol/index.ts";
import { estimateUsage } from "./estimate-usage.ts";
import type { Policy, Timeouts } from "./policy.ts";
import { repeatsItself } from "./repetition.ts";
import type { Spending } from "./spending.ts";
import { createWaits, follow, sleep, TimeoutError } from "./wait.ts";

export interface CallModelDeps {
  readonly model: ChatModel;
  readonly spending: Spending;
  readonly policy: Pick<Policy, "maxRetries" | "timeouts">;
  readonly clock: Clock;
  /** From 0 to 1: spreads retries out. */
  readonly random: () => number;
}

/** One model call, as the step needs it: what was said, and how it ended. */
export interface ModelAnswer {
  readonly text: string;
  readonly reasoning: string;
  readonly end: Extract<ModelEvent, { type: "finished" | "failed" }>;
  /** What the last attempt used; undefined: nothing that anybody could know of. */
  readonly usage?: Usage | undefined;
}

/**
 * Asks the model once, and again after a failure that allows it (rule 16): rate limits, server faults, network faults
 * and time-outs are retried with growing, spread-out waits that honour what the provider asked for; a stream that was
 * cut short is retried once (rule 10). Deltas are yielded as they come; a `retry` event withdraws them. No tool runs in
 * here, so a retry can repeat no effect.
 *
 * Each attempt asks the budget first and settles after it, with what the provider reports or else with an estimate, and
 * is told by a `usage` event; one that found no room is not made.
 *
 * Under abort the answer comes back at once with what was said so far and `failed` / `aborted`.
 */
export async function* callModel(
  deps: CallModelDeps,
  request: ModelRequest,
  signal: AbortSignal,
): AsyncGenerator<UnstampedEvent, ModelAnswer> {
  for (let attempt = 1; ; attempt++) {
    const answer = yield* pay(deps, request, signal);
    const failure = retryReason(answer, attempt);
    if (!failure || attempt > deps.policy.maxRetries || signal.aborted) return answer;
    const delayMs = Math.round(failure.retryAfterMs ?? backoff(attempt, deps.random));
    const { code, message, hint } = failure;
    yield { type: "retry", attempt, delayMs, error: { code, message, hint } };
    await sleep(delayMs, signal);
    if (signal.aborted) return { ...answer, end: { type: "failed", error: aborted } };
  }
}

const aborted: ModelFailure = { code: "aborted", message: "the turn was stopped", retryable: false };

/** A look at the text for repetition costs more than a delta: one is taken whenever this many characters have come. */
const looksEvery = 400;
const repeating: ModelFailure = { code: "repeating", message: "the text repeats itself", retryable: false };

/** The failure to retry after, or undefined when the answer stands. */
function retryReason({ end }: ModelAnswer, attempt: number): ModelFailure | undefined {
  if (end.type === "failed") return end.error.retryable ? end.error : undefined;
  if (end.reason === "incomplete" && attempt === 1) {
    return { code: "incomplete", message: "the model's answer ended before it was complete", retryable: true };
  }
  return undefined;
}

/** Half a second doubling up to 30 s, spread over its upper half so that many clients do not come back at once. */
function backoff(attempt: number, random: () => number): number {
  const full = Math.min(30_000, 500 * 2 ** (attempt - 1));
  return full / 2 + (full / 2) * random();
}

async function* pay(
  deps: CallModelDeps,
  request: ModelRequest,
  signal: AbortSignal,
): AsyncGenerator<UnstampedEvent, ModelAnswer> {
  const leave = await deps.spending.reserve(request);
  if ("code" in leave) return { text: "", reasoning: "", end: { type: "failed", error: leave } };
  const { maxOutputTokens } = leave;
  const limited = maxOutputTokens === undefined ? request : { ...request, maxOutputTokens };
  let usage: Usage | undefined;
  let answer: ModelAnswer;
  try {
    answer = yield* attemptOnce(deps, limited, signal);
    usage = usageOf(answer, request);
  } finally {
    await leave.settle(usage);
  }
  const model = (answer.end.type === "finished" && answer.end.model) || deps.model.id;
  if (usage) yield { type: "usage", model, usage };
  return { ...answer, usage };
}

/** What an attempt used: as reported, else estimated. One that failed before it said anything used nothing. */
function usageOf(answer: ModelAnswer, request: ModelRequest): Usage | undefined {
  const { end, text, reasoning } = answer;
  if (end.type === "failed") return text || reasoning ? estimateUsage(request, answer) : undefined;
  const written = end.calls.map((call) => `${call.name}${call.arguments}`).join("");
  return end.usage ?? estimateUsage(request, { text: text + written, reasoning });
}

async function* attemptOnce(
  { model, policy: { timeouts }, clock }: CallModelDeps,
  request: ModelRequest,
  signal: AbortSignal,
): AsyncGenerator<UnstampedEvent, ModelAnswer> {
  const { controller, release } = follow(signal);
  const waits = createWaits(controller.signal);
  const stream = model.stream(request, controller.signal)[Symbol.asyncIterator]();
  let text = "";
  let reasoning = "";
  let looked = 0;
  let answering = false;
  let stepEnds = clock.now() + timeouts.step;
  try {
    for (;;) {
      const wait = nextWait(timeouts, answering, stepEnds - clock.now());
      const next = await waits.within(stream.next(), wait.what, wait.ms);
      if (next.done) return { text, reasoning, end: { type: "finished", reason: "incomplete", calls: [] } };
      const event = next.value;
      switch (event.type) {
        case "text_delta":
          text += event.text;
          yield event;
          if (Math.floor(text.length / looksEvery) > looked) {
            looked = Math.floor(text.length / looksEvery);
            if (repeatsItself(text)) return { text, reasoning, end: { type: "failed", error: repeating } };
          }
          break;
        case "reasoning_delta":
          reasoning += event.text;
          yield event;
          break;
        case "tool_call_delta":
          yield event;
          break;
        case "progress":
          // A download or a load is not the model's time: the step's clock starts again behind it.
          stepEnds = clock.now() + timeouts.step;
          yield { type: "notice", code: event.code, text: event.text, progress: event.progress };
          continue;
        case "finished":
        case "failed":
          return { text, reasoning, end: event };
      }
      answering = true;
    }
  } catch (error) {
    if (signal.aborted) return { text, reasoning, end: { type: "failed", error: aborted } };
    if (error instanceof TimeoutError)
      return { text, reasoning, end: { type: "failed", error: tooSlow(model, error) } };
    throw error;
  } finally {
    release();
    waits.end();
    // A reason of its own spares the making of one, with its stack.
    controller.abort("over");
    // Not awaited: a stream that hangs must not hold the turn.
    stream.return?.().then(undefined, () => {});
  }
}

function nextWait(timeouts: Timeouts, answering: boolean, stepLeft: number): { what: string; ms: number } {
  const gap = answering ? timeouts.betweenEvents : timeouts.firstEvent;
  if (stepLeft < gap) return { what: "the model's answer as a whole", ms: Math.max(0, stepLeft) };
  return { what: answering ? "the next piece of the model's answer" : "the model's first answer", ms: gap };
}

function tooSlow(model: ChatModel, error: TimeoutError): ModelFailure {
  return {
    code: "timeout",
    message: `${model.id}: ${error.message}`,
    hint: "try again, use another model with --model, or raise the timeouts in the configuration",
    retryable: true,
  };
}
