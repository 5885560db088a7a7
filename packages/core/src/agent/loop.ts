import type { Toolbox } from "../mcp/toolbox.ts";
import { StoreError } from "../memory/thread-store.ts";
import type { ChatModel, ModelRequest } from "../model/chat-model.ts";
import {
  type AgentEvent,
  addUsage,
  type Clock,
  type MakeId,
  type Message,
  type MessageState,
  noUsage,
  type Part,
  type Receipt,
  type ReceiptDraft,
  type ToolCall,
  type ToolOutcome,
  type UnstampedEvent,
  type Usage,
} from "../protocol/index.ts";
import { makeReceipt } from "../receipts/make.ts";
import { toValidUnicode } from "../text/index.ts";
import { isCut } from "./arguments.ts";
import { askModel } from "./ask-model.ts";
import type { ModelAnswer } from "./call-model.ts";
import { type CallResult, callTools } from "./call-tools.ts";
import type { ContextWindow } from "./context.ts";
import { estimateUsage } from "./estimate-usage.ts";
import { createIsoTime } from "./iso-time.ts";
import type { Policy } from "./policy.ts";
import { createRepetitionGuard, repeatedOutcome } from "./repetition.ts";
import {
  endOfAnswer,
  endOfFailure,
  endOfRepetition,
  endOfSteps,
  endOfStop,
  resultOf,
  sourcesOf,
  type TurnEnd,
  type TurnProgress,
} from "./turn-end.ts";
import { createWriter, type NewMessage, readThread, type ThreadLog } from "./turn-log.ts";
import type { ValidateArguments } from "./validate.ts";

export interface TurnDeps {
  readonly model: ChatModel;
  readonly toolbox: Toolbox;
  readonly memory: ThreadLog;
  readonly policy: Policy;
  readonly validate: ValidateArguments;
  readonly clock: Clock;
  readonly ids: MakeId;
  /** From 0 to 1. */
  readonly random: () => number;
  /** How many tokens the model takes; shared by the turns of an agent, because an overflow teaches it. */
  readonly window: ContextWindow;
  /** What the user says while the turn runs; absent where nobody can. */
  readonly steering?: Steering;
}

/** Input that joins a running turn before its next step (rule 19). */
export interface Steering {
  /** What was accepted since the last time; it is the turn's to store. */
  take(): readonly string[];
  /** From now on input is for the next turn. */
  close(): void;
}

export interface TurnInput {
  readonly text: string;
  /** The same from turn to turn: nothing volatile (rule 30). */
  readonly system: string;
}

/**
 * Runs one turn: stores what the user said, asks the model, runs the tools it calls, and asks again until it answers.
 *
 * Everything that happens is an event on the one iterable, which always ends with exactly one `turn_end` and rejects
 * for nothing a user can meet. What an event says was stored, is stored: the user's message before the model is asked,
 * the calls before a tool runs, their results before the next step (rule 26). Aborting the signal, or ceasing to read,
 * stops model, tools and waits; what was said until then is kept.
 */
export async function* runTurn(deps: TurnDeps, input: TurnInput, signal: AbortSignal): AsyncGenerator<AgentEvent> {
  const turnId = deps.ids();
  const reading = new AbortController();
  const stop = AbortSignal.any([signal, reading.signal, AbortSignal.timeout(deps.policy.timeouts.turn)]);
  const progress: TurnProgress = {
    answer: "",
    usage: noUsage,
    model: deps.model.id,
    steps: 0,
    receipts: [],
    denied: [],
    sources: [],
  };
  const isoTime = createIsoTime();
  let seq = 0;
  const stamp = (event: UnstampedEvent): AgentEvent => ({
    ...event,
    turnId,
    seq: seq++,
    at: isoTime(deps.clock.now()),
  });
  const steps = runSteps(deps, input, turnId, progress, stop);
  try {
    yield stamp({ type: "turn_start", threadId: deps.memory.threadId, model: deps.model.id });
    let end: TurnEnd;
    try {
      let next = await steps.next();
      for (; !next.done; next = await steps.next()) yield stamp(next.value);
      end = next.value;
    } catch (error) {
      end = endOfError(error, stop, progress);
    }
    const of = { model: deps.model, threadId: deps.memory.threadId, turnId };
    yield stamp({ type: "turn_end", reason: end.status, result: resultOf(progress, end, of) });
  } finally {
    deps.steering?.close();
    // A reason of its own spares the making of one, with its stack.
    reading.abort("over");
    // A reader that left early stops the turn like an abort: what was said until then is still stored.
    await drain(steps);
  }
}

async function drain(steps: AsyncGenerator<UnstampedEvent, TurnEnd>): Promise<void> {
  try {
    while (!(await steps.next()).done);
  } catch {
    // Nobody is left to tell.
  }
}

/** The thread as the turn sees it: what was there, and what the turn has stored since. */
interface TurnThread {
  readonly messages: readonly Message[];
  keep(message: NewMessage): Promise<UnstampedEvent>;
}

async function openThread(
  deps: TurnDeps,
  turnId: string,
  progress: TurnProgress,
  signal: AbortSignal,
): Promise<TurnThread> {
  const store = createWriter(deps, turnId, signal);
  const messages = [...(await readThread(deps.memory, signal))];
  progress.sources.push(...messages.flatMap(sourcesOf));
  return {
    messages,
    async keep(message) {
      const stored = await store(message);
      messages.push(stored);
      progress.sources.push(...sourcesOf(stored));
      return { type: "message", message: stored };
    },
  };
}

async function* runSteps(
  deps: TurnDeps,
  input: TurnInput,
  turnId: string,
  progress: TurnProgress,
  signal: AbortSignal,
): AsyncGenerator<UnstampedEvent, TurnEnd> {
  const thread = await openThread(deps, turnId, progress, signal);
  yield await hear(thread, input.text);
  const end = yield* step(deps, thread, input.system, progress, signal);
  // What was accepted and came too late to be heard is the thread's all the same (rule 19).
  deps.steering?.close();
  yield* hearSteering(deps, thread);
  return end;
}

function hear(thread: TurnThread, text: string): Promise<UnstampedEvent> {
  return thread.keep({ role: "user", parts: [{ type: "text", text: toValidUnicode(text.normalize("NFC")) }] });
}

async function* hearSteering({ steering }: TurnDeps, thread: TurnThread): AsyncGenerator<UnstampedEvent, boolean> {
  const said = steering?.take() ?? [];
  for (const text of said) yield await hear(thread, text);
  return said.length > 0;
}

async function* step(
  deps: TurnDeps,
  thread: TurnThread,
  system: string,
  progress: TurnProgress,
  signal: AbortSignal,
): AsyncGenerator<UnstampedEvent, TurnEnd> {
  const { maxSteps } = deps.policy;
  const repetition = createRepetitionGuard();
  while (progress.steps < maxSteps) {
    yield* hearSteering(deps, thread);
    progress.steps++;
    yield { type: "step_start", step: progress.steps };
    const last = progress.steps === maxSteps;
    const { answer, request } = yield* askModel(deps, { messages: thread.messages, system, last }, signal);
    const message = assistantMessage(answer, request, progress);
    progress.usage = addUsage(progress.usage, message.usage);
    yield { type: "usage", model: progress.model, usage: message.usage };
    if (message.parts.length > 0) yield await thread.keep(message);

    if (signal.aborted) return endOfStop(signal);
    if (answer.end.type === "failed") return endOfFailure(answer.end.error);
    const calls = message.state === "complete" ? answer.end.calls : [];
    if (calls.length === 0) {
      const end = last && progress.steps > 1 ? endOfSteps(maxSteps) : endOfAnswer(answer, progress);
      // What was said while the model answered is answered in the same turn.
      if (end.status === "completed" && !last && (yield* hearSteering(deps, thread))) continue;
      return end;
    }

    let endless = false;
    for (const call of calls) yield { type: "tool_call", call };
    for await (const event of outcomes(deps, { answer, calls, last }, signal)) {
      if (event.type !== "result") {
        yield event;
        continue;
      }
      const { call, receipt, denied } = event.result;
      const seen = repetition(call, event.result.outcome);
      if (seen === "endless") endless = true;
      if (denied) progress.denied.push(denied);
      const said = seen === "new" ? event.result.outcome : repeatedOutcome;
      const outcome = withReceipt(said, receipt, progress.receipts);
      const result: Part = { type: "tool_result", callId: call.id, name: call.name, outcome };
      const kept = await thread.keep({ role: "tool", parts: [result] });
      yield { type: "tool_end", callId: call.id, name: call.name, outcome };
      yield kept;
    }
    if (signal.aborted) return endOfStop(signal);
    if (endless) return endOfRepetition;
  }
  return endOfSteps(maxSteps);
}

type AssistantMessage = NewMessage & { readonly state: MessageState; readonly usage: Usage };

/** The message an answer is kept as. One that did not complete keeps its text, but none of its calls is run. */
function assistantMessage(answer: ModelAnswer, request: ModelRequest, progress: TurnProgress): AssistantMessage {
  const { end, text, reasoning } = answer;
  const finished = end.type === "finished" ? end : undefined;
  if (finished?.model) progress.model = finished.model;
  progress.answer = text;
  const parts: Part[] = [
    ...(reasoning ? [{ type: "reasoning" as const, text: toValidUnicode(reasoning) }] : []),
    ...(text ? [{ type: "text" as const, text: toValidUnicode(text) }] : []),
    ...(finished?.calls ?? []).map((call) => ({ type: "tool_call" as const, call })),
  ];
  return {
    role: "assistant",
    parts,
    state: stateOf(end),
    model: progress.model,
    usage: finished?.usage ?? estimateUsage(request, answer),
    ...(finished?.raw && { finishReason: finished.raw }),
  };
}

function stateOf(end: ModelAnswer["end"]): AssistantMessage["state"] {
  if (end.type === "failed") return end.error.code === "aborted" ? "aborted" : "failed";
  if (end.reason === "refused" || end.reason === "incomplete") return end.reason;
  // An answer cut by the output limit is still what was said; calls in it are answered as cut (rule 5).
  return "complete";
}

/**
 * Runs the calls, unless the answer was cut: then none is run, for nobody knows what was missing (rule 5). At the last
 * step none is run either, whatever the model asks for.
 */
async function* outcomes(
  deps: TurnDeps,
  { answer: { end }, calls, last }: { answer: ModelAnswer; calls: readonly ToolCall[]; last: boolean },
  signal: AbortSignal,
): AsyncGenerator<UnstampedEvent | { readonly type: "result"; readonly result: CallResult }> {
  const cut = (end.type === "finished" && end.reason === "length") || calls.some((call) => isCut(call.arguments));
  if (!cut && !last) {
    const { toolbox, validate, policy, memory } = deps;
    const saveText = (text: string) => memory.saveText(text);
    yield* callTools({ toolbox, validate, policy, threadId: memory.threadId, saveText }, calls, signal);
    return;
  }
  for (const call of calls) yield { type: "result", result: { call, outcome: cut ? truncated : tooLate } };
}

const truncated: ToolOutcome = {
  kind: "error",
  code: "truncated",
  message: "the answer reached its output limit in the middle of the tool calls; none of them was run",
  hint: "make the calls again, shorter or one at a time",
};

const tooLate: ToolOutcome = {
  kind: "error",
  code: "denied",
  message: "the turn has reached its limit of steps; the call was not run",
};

function withReceipt(outcome: ToolOutcome, draft: ReceiptDraft | undefined, receipts: Receipt[]): ToolOutcome {
  if (outcome.kind !== "value" || !draft) return outcome;
  const receipt = makeReceipt(draft, `r${receipts.length + 1}`);
  receipts.push(receipt);
  return { ...outcome, receipt };
}

function endOfError(error: unknown, signal: AbortSignal, progress: TurnProgress): TurnEnd {
  if (error instanceof StoreError) {
    // Before the first step nothing was kept: the store cannot be used. Later, it broke under us.
    const code = progress.steps === 0 ? error.failure.code : "store_failed";
    return { status: "failed", error: { ...error.failure, code } };
  }
  if (signal.aborted) return endOfStop(signal);
  const message = error instanceof Error ? error.message : String(error);
  return { status: "failed", error: { code: "internal", message, hint: "this is a bug in Chingu: please report it" } };
}
