import type { Toolbox } from "../mcp/toolbox.ts";
import type { ChatModel, ModelFailure, ModelRequest } from "../model/chat-model.ts";
import type { Message, UnstampedEvent } from "../protocol/index.ts";
import { type CallModelDeps, callModel, type ModelAnswer } from "./call-model.ts";
import { type ContextWindow, type Cut, estimateTokens, fitContext } from "./context.ts";
import { replayable } from "./repair.ts";

export interface AskModelDeps extends CallModelDeps {
  readonly toolbox: Toolbox;
  readonly window: ContextWindow;
}

/** What the model is to be asked with. */
export interface Asking {
  readonly system: string;
  readonly messages: readonly Message[];
  /** The model must answer now (rule 22). */
  readonly last: boolean;
}

export interface Asked {
  readonly answer: ModelAnswer;
  readonly request: ModelRequest;
}

/**
 * One model call of the loop, with a context that fits: cut ahead where the window is known (rule 14), and once more
 * when the provider says that it was too much, or took more than it can hold without saying so (rule 13). A cut that
 * cannot shrink the context any further ends with the provider's failure; it never loops (rule 15).
 */
export async function* askModel(
  deps: AskModelDeps,
  asking: Asking,
  signal: AbortSignal,
): AsyncGenerator<UnstampedEvent, Asked> {
  const fixed = fixedPart(deps.toolbox, asking.system);
  const known = fitted(lastAsked(asking.messages), deps.window, fixed.tokens).cut?.droppedMessages ?? 0;
  const first = fitted(asking.messages, deps.window, fixed.tokens);
  if (first.cut && first.cut.droppedMessages > known) yield { type: "compaction", reason: "window", ...first.cut };
  const request = requestOf(fixed, asking, first.messages);
  const answer = yield* callModel(deps, request, signal);
  const overflow = overflowOf(answer, deps.model);
  if (!overflow || signal.aborted) return { answer, request };

  deps.window.learn(estimateTokens(request.messages) + fixed.tokens);
  const second = fitted(asking.messages, deps.window, fixed.tokens);
  if (!second.cut || shrunkNothing(first.cut, second.cut)) return { answer: failed(answer, overflow), request };
  yield { type: "retry", attempt: 1, delayMs: 0, error: { code: overflow.code, message: overflow.message } };
  yield { type: "compaction", reason: "overflow", ...second.cut };
  const smaller = requestOf(fixed, asking, second.messages);
  return { answer: yield* callModel(deps, smaller, signal), request: smaller };
}

/** What the model was asked with the last time: what was left out then is no news now. */
function lastAsked(messages: readonly Message[]): readonly Message[] {
  return messages.slice(
    0,
    Math.max(
      0,
      messages.findLastIndex(({ role }) => role === "assistant"),
    ),
  );
}

interface FixedPart extends Pick<ModelRequest, "system" | "tools"> {
  readonly tokens: number;
}

/** What heads every request: the same from call to call (rule 30). */
function fixedPart(toolbox: Toolbox, system: string): FixedPart {
  const tools = toolbox.list().map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
  return { system, tools, tokens: estimateTokens(system) + estimateTokens(tools) };
}

function fitted(messages: readonly Message[], window: ContextWindow, overhead: number) {
  const tokens = window.tokens();
  return tokens === undefined
    ? { messages: replayable(messages), cut: undefined }
    : fitContext(messages, tokens, overhead);
}

/** The stable part first; what grows, last: consecutive requests share their prefix byte for byte (rule 30). */
function requestOf({ system, tools }: FixedPart, { last }: Asking, messages: readonly Message[]): ModelRequest {
  if (!last) return { system, tools, messages, toolChoice: "auto" };
  return { system, tools, messages: [...messages, answerNow(messages)], toolChoice: "none" };
}

/** Said to the model alone, never stored. */
function answerNow(messages: readonly Message[]): Message {
  const newest = messages.at(-1);
  const text = "This is the last step of this turn: answer now with what you have. No tool can be called any more.";
  return {
    id: `${newest?.id ?? "turn"}-last-step`,
    turnId: newest?.turnId ?? "",
    role: "user",
    state: "complete",
    at: newest?.at ?? "",
    parts: [{ type: "text", text }],
  };
}

function overflowOf({ end }: ModelAnswer, model: ChatModel): ModelFailure | undefined {
  if (end.type === "failed") return end.error.code === "overflow" ? end.error : undefined;
  const { contextWindow } = model.capabilities;
  if (contextWindow === undefined || !end.usage) return undefined;
  const { input, cacheRead, cacheWrite } = end.usage;
  if (input + cacheRead + cacheWrite <= contextWindow) return undefined;
  return { code: "overflow", message: `${model.id} was sent more than it can hold`, retryable: false };
}

function failed(answer: ModelAnswer, overflow: ModelFailure): ModelAnswer {
  const hint = "start a new thread, say less at once, or use a model with a larger window";
  return { ...answer, end: { type: "failed", error: { ...overflow, hint } } };
}

function shrunkNothing(first: Cut | undefined, second: Cut): boolean {
  return second.tokensAfter >= (first?.tokensAfter ?? second.tokensBefore);
}
