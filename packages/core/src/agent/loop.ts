import type { Toolbox } from "../mcp/toolbox.ts";
import { StoreError } from "../memory/thread-store.ts";
import type { ChatModel } from "../model/chat-model.ts";
import type { AgentEvent, Attachment, Clock, Failure, MakeId, UnstampedEvent } from "../protocol/index.ts";
import { type AnswerSchema, invalidOutput, readFinalAnswer } from "./answer-schema.ts";
import { type Asking, askModel, type Repair } from "./ask-model.ts";
import { assistantMessage } from "./assistant-message.ts";
import type { Attempts } from "./compaction/attempts.ts";
import type { ContextWindow } from "./context-window.ts";
import { createIsoTime } from "./iso-time.ts";
import { answerByProgram, type Pal } from "./pal.ts";
import { answerOp, closingMessage, waitingCalls } from "./pending.ts";
import type { Policy } from "./policy.ts";
import { createRepetitionGuard } from "./repetition.ts";
import { refusalOf, runCalls } from "./run-calls.ts";
import type { Spending } from "./spending.ts";
import { hear, hearSteering, type Steering } from "./steering.ts";
import {
  endOfAnswer,
  endOfFailure,
  endOfSteps,
  endOfStop,
  foundNoRoom,
  nothingWaits,
  resultOf,
  type TurnEnd,
  type TurnProgress,
} from "./turn-end.ts";
import type { ThreadLog } from "./turn-log.ts";
import { openTurn, type SystemSource } from "./turn-opening.ts";
import { openThread, type TurnThread } from "./turn-thread.ts";
import type { ValidateArguments } from "./validate.ts";

export interface TurnDeps {
  readonly model: ChatModel;
  readonly toolbox: Toolbox;
  readonly memory: ThreadLog;
  readonly policy: Policy;
  /** This turn's: every model call asks it first. */
  readonly spending: Spending;
  readonly validate: ValidateArguments;
  readonly clock: Clock;
  readonly ids: MakeId;
  /** From 0 to 1. */
  readonly random: () => number;
  /** How many tokens the model takes; shared by the turns of an agent, because an overflow teaches it. */
  readonly window: ContextWindow;
  /** Which summaries were asked for; shared by the turns of an agent. */
  readonly attempts: Attempts;
  /** What the user says while the turn runs; absent where nobody can. */
  readonly steering?: Steering;
  /** What is quoted to the model ahead of the conversation, read once a turn; the same text as long as nothing has changed (rule 30). */
  readonly preface?: () => Promise<string | undefined>;
}

export interface TurnInput {
  /** What the user says. Absent: the turn goes on with the thread's calls that wait for a person. */
  readonly text?: string;
  /** Pictures, files and texts that go with it. */
  readonly attachments?: readonly Attachment[];
  /** The same from turn to turn: nothing volatile (rule 30). A function is asked once a turn. */
  readonly system: string | SystemSource;
  /** The answer is to be one JSON value that fits it. */
  readonly answerSchema?: AnswerSchema;
  /** A program's output is to be the answer. */
  readonly pal?: Pal;
  /** Why the turn cannot begin: then nothing is stored, and nothing asked. */
  readonly refusal?: Failure;
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
  const stop = AbortSignal.any([signal, reading.signal, AbortSignal.timeout(timerMs(deps.policy.timeouts.turn))]);
  const progress: TurnProgress = {
    answer: "",
    value: null,
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
    const of = { spending: deps.spending, threadId: deps.memory.threadId, turnId };
    yield stamp({ type: "turn_end", reason: end.status, result: resultOf(progress, end, of) });
  } finally {
    deps.steering?.close();
    // A reason of its own spares the making of one, with its stack.
    reading.abort("over");
    // A reader that left early stops the turn like an abort: what was said until then is still stored.
    await drain(steps);
  }
}

/** Timers count whole milliseconds, and no further than this. */
const timerMs = (ms: number) => Math.min(Math.ceil(ms), 2 ** 31 - 1);

async function drain(steps: AsyncGenerator<UnstampedEvent, TurnEnd>): Promise<void> {
  try {
    while (!(await steps.next()).done);
  } catch {
    // Nobody is left to tell.
  }
}

async function* runSteps(
  deps: TurnDeps,
  input: TurnInput,
  turnId: string,
  progress: TurnProgress,
  signal: AbortSignal,
): AsyncGenerator<UnstampedEvent, TurnEnd> {
  const { text, attachments, refusal } = input;
  if (refusal) return { status: "failed", error: refusal };
  const thread = await openThread(deps, turnId, progress, signal);
  if (thread.conversation().erased) yield erasedNotice;
  let early: TurnEnd | undefined;
  if (text === undefined) early = yield* resumeCalls(deps, thread, progress, signal);
  else {
    yield await hear(thread, text, attachments);
    yield* closeWaiting(thread);
  }
  const end = early ?? (yield* answerWith(deps, thread, input, progress, signal));
  // What was accepted and came too late to be heard is the thread's all the same (rule 19).
  deps.steering?.close();
  yield* hearSteering(deps, thread);
  return end;
}

const erasedNotice: UnstampedEvent = {
  type: "notice",
  code: "thread_erased",
  text: "This conversation was deleted elsewhere. What is said from here on is kept under its id, and nothing older is known.",
};

/** Reads what heads the requests of this turn, and lets the model answer. */
async function* answerWith(
  deps: TurnDeps,
  thread: TurnThread,
  input: TurnInput,
  progress: TurnProgress,
  signal: AbortSignal,
): AsyncGenerator<UnstampedEvent, TurnEnd> {
  const { system, preface, notices } = await openTurn(deps, input, signal);
  for (const { code, message } of notices) yield { type: "notice", code, text: message };
  if (preface !== undefined) progress.sources.push(preface);
  const { answerSchema, pal } = input;
  if (pal) return yield* answerByProgram(deps, thread, { system, preface, ...pal }, progress, signal);
  return yield* step(deps, thread, { system, preface, answerSchema }, progress, signal);
}

/** Asks again about the calls that wait for a person and runs them with their siblings; gives back why the turn must end. */
async function* resumeCalls(
  deps: TurnDeps,
  thread: TurnThread,
  progress: TurnProgress,
  signal: AbortSignal,
): AsyncGenerator<UnstampedEvent, TurnEnd | undefined> {
  const waiting = waitingCalls(thread.messages);
  if (!waiting) return nothingWaits;
  const { calls, pending } = waiting;
  for (const call of calls) yield { type: "tool_call", call };
  const stop = yield* runCalls(deps, thread, { calls }, { progress, repetition: createRepetitionGuard() }, signal);
  const { error, status } = stop ?? {};
  if (status === "denied" && error && !deps.policy.ask) {
    for (const { name, arguments: args } of pending) {
      progress.denied.push({ tool: name, arguments: args, reason: error.message });
    }
  }
  return stop;
}

/** Calls nobody has answered are not run any more once the conversation goes on. */
async function* closeWaiting(thread: TurnThread): AsyncGenerator<UnstampedEvent> {
  const waiting = waitingCalls(thread.messages);
  const [first] = waiting?.pending ?? [];
  if (!waiting || !first) return;
  const closed = await thread.claim(closingMessage(waiting), answerOp(first));
  if (closed) yield closed;
}

async function* step(
  deps: TurnDeps,
  thread: TurnThread,
  fixed: Pick<Asking, "system" | "preface" | "answerSchema">,
  progress: TurnProgress,
  signal: AbortSignal,
): AsyncGenerator<UnstampedEvent, TurnEnd> {
  const { maxSteps } = deps.policy;
  const { answerSchema } = fixed;
  // An answer that misses its schema is asked for once more in a turn, as a step of its own.
  let repair: Repair | undefined;
  let repaired = false;
  const repetition = createRepetitionGuard();
  while (progress.steps < maxSteps) {
    yield* hearSteering(deps, thread);
    progress.steps++;
    yield { type: "step_start", step: progress.steps };
    const last = progress.steps === maxSteps;
    const asking = { ...fixed, thread, last, repair };
    const answer = yield* askModel(deps, asking, signal);
    const read = answerSchema && readFinalAnswer(answer, answerSchema, { repairing: repair !== undefined });
    repair = undefined;
    progress.value = read?.kind === "value" ? read.value : null;
    const message = assistantMessage(answer, progress, read?.kind === "misses");
    if (message.parts.length > 0) yield await thread.keep(message);

    if (signal.aborted) return endOfStop(signal);
    if (answer.end.type === "failed") {
      if (foundNoRoom(answer.end.error)) progress.steps--;
      return endOfFailure(answer.end.error);
    }
    const calls = message.state === "complete" ? answer.end.calls : [];
    if (calls.length === 0) {
      const end = last && progress.steps > 1 ? endOfSteps(maxSteps) : endOfAnswer(answer, progress);
      if (end.status === "completed" && read?.kind === "misses") {
        const error = invalidOutput(read.issues);
        if (last || repaired) return { status: "incomplete", error };
        yield { type: "notice", code: error.code, text: `${error.message}; asking once more` };
        repair = { text: answer.text, issues: read.issues };
        repaired = true;
        continue;
      }
      // What was said while the model answered is answered in the same turn.
      if (end.status === "completed" && !last && (yield* hearSteering(deps, thread))) continue;
      return end;
    }

    for (const call of calls) yield { type: "tool_call", call };
    const refusal = refusalOf(answer, calls, last);
    const stop = yield* runCalls(deps, thread, { calls, refusal }, { progress, repetition }, signal);
    if (stop) return stop;
  }
  return endOfSteps(maxSteps);
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
