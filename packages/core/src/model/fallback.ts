import type { Clock } from "../protocol/index.ts";
import type { Capabilities, ChatModel, ModelEvent, ModelFailure, ModelRequest } from "./chat-model.ts";

export interface FallbackOptions {
  /** At least one; the first is the one that is wanted. */
  readonly models: readonly ChatModel[];
  readonly clock: Clock;
  /** How often one request may fail, in a way that allows a retry, before the next model is asked: the loop's retries. */
  readonly retries: number;
}

/** How long a model that failed is passed over. */
const restMs = 60_000;

/**
 * Several models as one: a request goes to the next when one is unavailable, or has failed as often as the loop may
 * retry. A `progress` event with the code `fallback` says so, and `finished.model` who answered. What has begun to
 * answer is never replaced: its failure is the request's. When all have failed, the last failure stands.
 */
export function createFallbackModel({ models, clock, retries }: FallbackOptions): ChatModel {
  const [first] = models;
  if (!first) throw new Error("A list of models to fall back on needs one.");
  const resting = new Map<ChatModel, number>();
  /** Retries of one request are calls with the same messages; a budget may change its other parts. */
  const failures = new WeakMap<ModelRequest["messages"], Map<ChatModel, number>>();

  async function* stream(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelEvent> {
    const failed = failures.get(request.messages) ?? new Map<ChatModel, number>();
    failures.set(request.messages, failed);
    let left: ModelFailure | undefined;
    for (const [model, next] of candidates(failed)) {
      if (left) yield fallbackEvent(model, left);
      left = undefined;
      let streamed = false;
      for await (const event of model.stream(request, signal)) {
        if (event.type !== "failed") {
          streamed ||= event.type !== "progress";
          if (event.type === "finished") failures.delete(request.messages);
          yield named(event, model);
          continue;
        }
        const count = (failed.get(model) ?? 0) + 1;
        failed.set(model, count);
        const { error } = event;
        const exhausted = error.retryable
          ? count > retries
          : error.code === "model_unavailable" || error.code === "rate_limited";
        if (exhausted) resting.set(model, clock.now());
        if (!exhausted || streamed || !next || signal.aborted) {
          if (exhausted) failures.delete(request.messages);
          yield event;
          return;
        }
        failed.set(model, Number.POSITIVE_INFINITY);
        left = error;
      }
      if (!left) return;
    }
  }

  /** Those still to be asked for this request, each with the one behind it; all of them where all are resting. */
  function candidates(failed: ReadonlyMap<ChatModel, number>): (readonly [ChatModel, ChatModel | undefined])[] {
    const open = models.filter((model) => failed.get(model) !== Number.POSITIVE_INFINITY);
    const awake = open.filter((model) => failed.has(model) || clock.now() - (resting.get(model) ?? -restMs) >= restMs);
    const asked = awake.length > 0 ? awake : open;
    return asked.map((model, index) => [model, asked[index + 1]] as const);
  }

  function named(event: ModelEvent, model: ChatModel): ModelEvent {
    if (event.type !== "finished" || model === first) return event;
    return { ...event, model: event.model ?? model.id };
  }

  return {
    id: first.id,
    get capabilities() {
      return sharedCapabilities(models.map(({ capabilities }) => capabilities));
    },
    stream,
    async dispose() {
      await Promise.all(models.map((model) => model.dispose?.()));
    },
  };
}

function fallbackEvent(model: ChatModel, error: ModelFailure): ModelEvent {
  return { type: "progress", code: "fallback", text: `${error.message} Asking ${model.id} instead.` };
}

/** What holds whichever of them answers. */
function sharedCapabilities(all: readonly Capabilities[]): Capabilities {
  const windows = all.flatMap(({ contextWindow }) => (contextWindow === undefined ? [] : [contextWindow]));
  const [first] = all;
  return {
    ...(first as Capabilities),
    tools: all.every(({ tools }) => tools),
    local: all.every(({ local }) => local),
    forcedTool: all.every(({ forcedTool }) => forcedTool === true),
    structuredOutput: all.every(({ structuredOutput }) => structuredOutput === true),
    structuredOutputWithTools: all.every(({ structuredOutputWithTools }) => structuredOutputWithTools === true),
    ...(windows.length > 0 && { contextWindow: Math.min(...windows) }),
  };
}
