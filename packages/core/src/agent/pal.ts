import type { ComputationReceipt, Failure, MakeId, ToolCall, ToolOutcome, UnstampedEvent } from "../protocol/index.ts";
import { computedValue, valueJson, valueText } from "../receipts/value.ts";
import { vote } from "../receipts/vote.ts";
import { toValidUnicode } from "../text/index.ts";
import { isCut } from "./arguments.ts";
import { type Asking, type AskModelDeps, askModel, type ProgramAsking } from "./ask-model.ts";
import { assistantMessage } from "./assistant-message.ts";
import type { ModelAnswer } from "./call-model.ts";
import { type RunCallsDeps, runCalls } from "./run-calls.ts";
import { sideBySide } from "./side-by-side.ts";
import { hearSteering, type Steering } from "./steering.ts";
import {
  endOfAnswer,
  endOfFailure,
  endOfSteps,
  endOfStop,
  foundNoRoom,
  type TurnEnd,
  type TurnProgress,
} from "./turn-end.ts";
import type { TurnThread } from "./turn-thread.ts";

/** Answering by a program. */
export interface Pal {
  /** How many programs are asked for; the majority of what they give is the answer. */
  readonly samples: number;
}

export interface PalDeps extends Omit<AskModelDeps, "policy">, RunCallsDeps {
  readonly ids: MakeId;
  readonly steering?: Steering;
}

const tool = "run_python";
const mostSamples = 40;
/** How often a program that failed, or an answer without one, goes back to the model. */
const mends = 2;
const modelCallsAtOnce = 4;
/** The evaluator runs two and lets a few wait; more it would turn away. */
const programsAtOnce = 8;
/** Of several programs: high enough that they differ, low enough that most are good. */
const temperature = 0.7;

/** Said behind the system prompt: the same in every request of such turns (rule 30). */
const instruction = `Answer the newest message with one Python program and nothing else: call ${tool} with it, or, where you cannot call tools, write it in one \`\`\`python block. What the program gives is shown to the user as the answer, as it is; nobody puts it into words.
- Begin with the given numbers under names that say what they are, then work step by step. Never write down a number that you worked out yourself.
- End with an expression: the value that was asked for, or a dict when several were, with short names in the user's language. Print nothing.
- The program stands alone: it defines and imports every name it uses.`;

/**
 * Answers a turn by a program (PAL): the model writes it, `run_python` runs it, and what it gives is the answer. No model
 * call follows that could put another number in its place. A program that fails, and an answer without a program, go
 * back to the model at most twice; where none gives a value the turn ends as `incomplete`, with the reason and no answer.
 *
 * With several samples the first round asks for that many programs and runs each by itself. What most of them give is the
 * answer, the earliest of equals; each receipt says how many agreed with it.
 *
 * Programs and results are stored like any call of the loop; approval, budget, limits and abort hold as they do there.
 */
export async function* answerByProgram(
  deps: PalDeps,
  thread: TurnThread,
  { system, preface, samples }: Pal & Pick<Asking, "system" | "preface">,
  progress: TurnProgress,
  signal: AbortSignal,
): AsyncGenerator<UnstampedEvent, TurnEnd> {
  const { maxSteps } = deps.policy;
  if (!deps.toolbox.list().some(({ name }) => name === tool)) return failed(noTool);
  let end = incomplete(noProgram);
  let missed: ProgramAsking["missed"];
  for (let round = 0; round <= mends; round++) {
    yield* hearSteering(deps, thread);
    const wanted = Math.min(round === 0 ? samples : 1, maxSteps - progress.steps);
    if (wanted < 1) return endOfSteps(maxSteps);

    const asked = yield* askForPrograms(deps, thread, { system, preface, missed, wanted }, progress, signal);
    const written = asked.map((answer) => ({ answer, call: programIn(answer, deps.ids) }));
    for (const { answer, call } of written) {
      const message = messageOf(answer, call, progress);
      if (message.parts.length > 0) yield await thread.keep(message);
    }
    if (signal.aborted) return endOfStop(signal);
    const calls = written.flatMap(({ call }) => call ?? []);
    const [first] = asked;
    if (calls.length === 0 && first) {
      const stop = endWithoutProgram(first, progress);
      if (stop) return stop;
      missed = { text: first.text, say: wasCut(first) ? writeShorter : writeProgram };
      continue;
    }

    for (const call of calls) yield { type: "tool_call", call };
    const from = progress.receipts.length;
    const { outcomes, stop } = yield* runPrograms(deps, thread, calls, { apart: samples > 1 }, progress, signal);
    const given = progress.receipts.slice(from).filter((receipt) => receipt.kind === "computation");
    const receipts = given.filter(({ truncated }) => !truncated);
    // A limit ends the sampling: what is there decides.
    const decides = receipts.length > 0 && (!stop || (samples > 1 && stop.status === "max_time"));
    if (stop && !decides) return stop;
    if (decides) {
      const value = computedValue(yield* majority(receipts, { of: asked.length, samples }, progress));
      return yield* tell(thread, { text: valueText(value), value: valueJson(value) }, progress);
    }
    if (given.length > 0) return incomplete(tooLong);
    const outcome = outcomes.at(-1);
    if (outcome?.kind === "error" && outcome.code === "denied") return { status: "denied", error: notAllowed(outcome) };
    end = incomplete(programFailed(outcome));
    missed = undefined;
  }
  return end;
}

/** What a turn is told about programs, made ready; or the `usage` failure that says why it cannot begin. */
export function palOf(options: {
  readonly pal?: boolean | undefined;
  readonly samples?: number | undefined;
  readonly outputSchema?: unknown;
}): Pal | Failure | undefined {
  const { pal, samples = 1, outputSchema } = options;
  if (!pal) {
    if (options.samples === undefined) return undefined;
    return {
      code: "usage",
      message: "samples are of programs, and none was asked for",
      hint: "ask for programs with --pal",
    };
  }
  if (!Number.isInteger(samples) || samples < 1 || samples > mostSamples) {
    return {
      code: "usage",
      message: `${samples} samples cannot be taken`,
      hint: `--samples takes 1 to ${mostSamples}`,
    };
  }
  if (outputSchema === undefined) return { samples };
  const hint = "leave one of --pal and --output-schema out; --output json has the program's value";
  return { code: "usage", message: "a program's output cannot be held to an output schema", hint };
}

interface Wanted extends Pick<Asking, "system" | "preface"> {
  readonly missed: ProgramAsking["missed"];
  readonly wanted: number;
}

/** So many model calls, each a step of the turn. What the budget left no room for was not asked and is no answer, unless none was. */
async function* askForPrograms(
  deps: PalDeps,
  thread: TurnThread,
  { system, preface, missed, wanted }: Wanted,
  progress: TurnProgress,
  signal: AbortSignal,
): AsyncGenerator<UnstampedEvent, readonly ModelAnswer[]> {
  // What one answer finds out about the endpoint, those behind it know.
  const holding = { forced: deps.model.capabilities.forcedTool === true };
  const askOne = async function* (index: number): AsyncGenerator<UnstampedEvent, ModelAnswer> {
    yield { type: "step_start", step: ++progress.steps };
    for (;;) {
      const { forced } = holding;
      const program = { tool, forced, missed, ...(wanted > 1 && { temperature }) };
      const asking = { thread, system: `${system}\n\n${instruction}`, preface, last: false, program };
      const answer = yield* shown(askModel(deps, asking, signal), index);
      if (answer.end.type !== "failed" || answer.end.error.code !== "invalid_request" || !forced) return answer;
      // Some endpoints refuse to be told which tool to call: the words must do.
      holding.forced = false;
      const { code, message } = answer.end.error;
      yield { type: "retry", attempt: 1, delayMs: 0, error: { code, message } };
    }
  };
  const starts = Array.from({ length: wanted }, (_, index) => () => askOne(index));
  const answers = yield* sideBySide(starts, modelCallsAtOnce);
  const made = answers.filter(({ end }) => end.type !== "failed" || !foundNoRoom(end.error));
  progress.steps -= answers.length - made.length;
  const [none] = answers;
  return made.length > 0 || !none ? made : [none];
}

/** What the model says around its program is no part of the answer: it is kept in the thread and not streamed. */
async function* shown(
  events: AsyncGenerator<UnstampedEvent, ModelAnswer>,
  index: number,
): AsyncGenerator<UnstampedEvent, ModelAnswer> {
  for (let next = await events.next(); ; next = await events.next()) {
    if (next.done) return next.value;
    if (next.value.type === "text_delta") continue;
    yield next.value.type === "tool_call_delta" ? { ...next.value, index } : next.value;
  }
}

/** The program of an answer: its call, or a fenced program in its text. What was cut is none (rule 5). */
function programIn(answer: ModelAnswer, ids: MakeId): ToolCall | undefined {
  const { end, text } = answer;
  if (end.type !== "finished" || end.reason === "refused" || end.reason === "incomplete" || wasCut(answer))
    return undefined;
  const call = end.calls.find(({ name }) => name === tool);
  const code = call ? undefined : fencedProgram(text);
  return call ?? (code === undefined ? undefined : { id: ids(), name: tool, arguments: JSON.stringify({ code }) });
}

function wasCut({ end }: ModelAnswer): boolean {
  return end.type === "finished" && (end.reason === "length" || end.calls.some((call) => isCut(call.arguments)));
}

const fenced = /^[ \t]*```[ \t]*([\w+-]*)[^\n]*\n([\s\S]*?)^[ \t]*```[ \t]*$/gm;

/** The last block that is marked as Python; without such a mark, a block that stands alone. */
function fencedProgram(text: string): string | undefined {
  const blocks = [...text.matchAll(fenced)].map(([, label = "", code = ""]) => ({ label: label.toLowerCase(), code }));
  const marked = blocks.findLast(({ label }) => /^(?:python3?|py)$/.test(label));
  const block = marked ?? (blocks.length === 1 && blocks[0]?.label === "" ? blocks[0] : undefined);
  return block?.code.trim() ? block.code.trimEnd() : undefined;
}

function messageOf(answer: ModelAnswer, call: ToolCall | undefined, progress: TurnProgress) {
  const { end } = answer;
  const finished = end.type === "finished" ? { ...end, calls: call ? [call] : [] } : end;
  const misses = end.type === "finished" && end.reason !== "refused" && !call;
  const message = assistantMessage({ ...answer, end: finished }, progress, misses);
  // Words of the model are not this turn's answer.
  progress.answer = "";
  return message;
}

/** Why the turn ends with an answer that has no program; undefined where asking again may help. */
function endWithoutProgram(answer: ModelAnswer, progress: TurnProgress): TurnEnd | undefined {
  const { end } = answer;
  if (end.type === "failed") return endOfFailure(end.error);
  return end.reason === "refused" || end.reason === "incomplete" ? endOfAnswer(answer, progress) : undefined;
}

interface Ran {
  readonly outcomes: readonly ToolOutcome[];
  readonly stop?: TurnEnd | undefined;
}

/** Runs the programs through the ordinary loop's calls; `apart`: each by itself, so that none sees the names of another. */
async function* runPrograms(
  deps: PalDeps,
  thread: TurnThread,
  calls: readonly ToolCall[],
  { apart }: { readonly apart: boolean },
  progress: TurnProgress,
  signal: AbortSignal,
): AsyncGenerator<UnstampedEvent, Ran> {
  const { toolbox } = deps;
  const each: typeof toolbox.call = (call, input, context) =>
    toolbox.call(call, input, { ...context, threadId: `${context.threadId} ${call.id}` });
  const running = apart ? { ...deps, toolbox: { ...toolbox, call: each } } : deps;
  // Rounds are counted, and samples may rightly be equal.
  const turn = { progress, repetition: () => "new" as const };
  const outcomes: ToolOutcome[] = [];
  for (let from = 0; from < calls.length; from += programsAtOnce) {
    const events = runCalls(running, thread, { calls: calls.slice(from, from + programsAtOnce) }, turn, signal);
    let next = await events.next();
    for (; !next.done; next = await events.next()) {
      if (next.value.type === "tool_end") outcomes.push(next.value.outcome);
      yield next.value;
    }
    if (next.value) return { outcomes, stop: next.value };
  }
  return { outcomes };
}

/** The receipt whose value is the answer. Of several samples each receipt is told how many agree with it. */
async function* majority(
  receipts: readonly ComputationReceipt[],
  { of, samples }: { readonly of: number; readonly samples: number },
  progress: TurnProgress,
): AsyncGenerator<UnstampedEvent, ComputationReceipt> {
  const { winner, agreeing } = vote(receipts.map(computedValue));
  const chosen = receipts[winner];
  if (!chosen) throw new Error("A vote has a winner.");
  if (samples === 1) return chosen;
  for (const [index, receipt] of receipts.entries()) {
    const agreement = { programs: agreeing[index] ?? 1, of };
    progress.receipts[progress.receipts.indexOf(receipt)] = { ...receipt, agreement };
  }
  const fewer = of < samples ? ` (${samples} were asked for)` : "";
  yield { type: "notice", code: "agreement", text: `${agreeing[winner]} of ${of} programs agree${fewer}` };
  return chosen;
}

async function* tell(
  thread: TurnThread,
  { text, value }: { readonly text: string; readonly value: TurnProgress["value"] },
  progress: TurnProgress,
): AsyncGenerator<UnstampedEvent, TurnEnd> {
  progress.answer = text;
  progress.value = value;
  yield { type: "text_delta", text };
  // No model wrote it.
  yield await thread.keep({ role: "assistant", parts: [{ type: "text", text: toValidUnicode(text) }] });
  return { status: "completed", error: null };
}

const writeProgram = `There is no program in your answer. Write the one Python program that computes it, as a call of ${tool} or in one \`\`\`python block.`;
const writeShorter = `Your program was cut at the output limit, and nothing was run. Write a shorter one, as a call of ${tool} or in one \`\`\`python block.`;

const failed = (error: Failure): TurnEnd => ({ status: "failed", error });
const incomplete = (error: Failure): TurnEnd => ({ status: "incomplete", error });
const withoutPal = "ask again without --pal, or use another model with --model";

const noTool: Failure = {
  code: "usage",
  message: `there is no tool ${tool} to run a program`,
  hint: "ask again without --pal",
};
const noProgram: Failure = { code: "no_program", message: "the model wrote no program", hint: withoutPal };

const tooLong: Failure = {
  code: "program_failed",
  message: "what the program gave is too long to be shown whole",
  hint: "ask for a part of it, or for a program that prints it",
};

function programFailed(outcome: ToolOutcome | undefined): Failure {
  const said = outcome?.kind === "value" ? "it gave no value" : outcome?.message.split("\n")[0];
  return { code: "program_failed", message: `no program gave an answer: ${said ?? "none was run"}`, hint: withoutPal };
}

function notAllowed({ message }: Extract<ToolOutcome, { kind: "error" }>): Failure {
  return { code: "denied", message: `the program was not run: ${message}`, hint: `--allow ${tool} allows it` };
}
