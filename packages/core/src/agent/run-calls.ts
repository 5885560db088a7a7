import type { Toolbox } from "../mcp/toolbox.ts";
import type { Part, Receipt, ReceiptDraft, ToolCall, ToolOutcome, UnstampedEvent } from "../protocol/index.ts";
import { makeReceipt } from "../receipts/make.ts";
import type { Unanswered } from "./approve-calls.ts";
import { isCut } from "./arguments.ts";
import type { ModelAnswer } from "./call-model.ts";
import { type CallEvent, callTools } from "./call-tools.ts";
import type { Policy } from "./policy.ts";
import { type createRepetitionGuard, repeatedOutcome } from "./repetition.ts";
import { endOfRepetition, endOfStop, endOfUnanswered, type TurnEnd, type TurnProgress } from "./turn-end.ts";
import type { ThreadLog } from "./turn-log.ts";
import type { TurnThread } from "./turn-thread.ts";
import type { ValidateArguments } from "./validate.ts";

export interface RunCallsDeps {
  readonly toolbox: Toolbox;
  readonly memory: ThreadLog;
  readonly policy: Policy;
  readonly validate: ValidateArguments;
}

export interface Batch {
  readonly calls: readonly ToolCall[];
  /** What every call is answered with in place of being run. */
  readonly refusal?: ToolOutcome | undefined;
}

/**
 * Runs calls that were made together and stores each result in the order of the calls. Gives back why the turn must end
 * with them: it was stopped, it goes round in circles, or a question stayed open.
 */
export async function* runCalls(
  deps: RunCallsDeps,
  thread: TurnThread,
  batch: Batch,
  turn: { readonly progress: TurnProgress; readonly repetition: ReturnType<typeof createRepetitionGuard> },
  signal: AbortSignal,
): AsyncGenerator<UnstampedEvent, TurnEnd | undefined> {
  const { progress, repetition } = turn;
  const events = outcomes(deps, thread, batch, signal);
  let endless = false;
  let next = await events.next();
  for (; !next.done; next = await events.next()) {
    if (next.value.type !== "result") {
      yield next.value;
      continue;
    }
    const { call, receipt, denied, outcome: made } = next.value.result;
    const seen = repetition(call, made);
    if (seen === "endless") endless = true;
    if (denied) progress.denied.push(denied);
    const outcome = withReceipt(seen === "new" ? made : repeatedOutcome, receipt, progress.receipts);
    const result: Part = { type: "tool_result", callId: call.id, name: call.name, outcome };
    const kept = await thread.keep({ role: "tool", parts: [result] });
    yield { type: "tool_end", callId: call.id, name: call.name, outcome };
    yield kept;
  }
  if (next.value) return endOfUnanswered(next.value, signal);
  if (signal.aborted) return endOfStop(signal);
  return endless ? endOfRepetition : undefined;
}

async function* outcomes(
  { toolbox, validate, policy, memory }: RunCallsDeps,
  thread: TurnThread,
  { calls, refusal }: Batch,
  signal: AbortSignal,
): AsyncGenerator<CallEvent, Unanswered | undefined> {
  if (refusal) {
    for (const call of calls) yield { type: "result", result: { call, outcome: refusal } };
    return undefined;
  }
  const saveText = (text: string) => memory.saveText(text);
  return yield* callTools({ toolbox, validate, policy, thread, threadId: memory.threadId, saveText }, calls, signal);
}

/**
 * Why none of an answer's calls is run: it was cut, and nobody knows what was missing (rule 5), or it is the last step,
 * at which none is run whatever the model asks for.
 */
export function refusalOf({ end }: ModelAnswer, calls: readonly ToolCall[], last: boolean): ToolOutcome | undefined {
  const cut = (end.type === "finished" && end.reason === "length") || calls.some((call) => isCut(call.arguments));
  if (cut) return truncated;
  return last ? tooLate : undefined;
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
