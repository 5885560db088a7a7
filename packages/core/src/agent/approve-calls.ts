import type { CallContext } from "../approval/call-context.ts";
import type { Decision } from "../approval/rules.ts";
import { strangersIn, untrustedSource } from "../approval/untrusted.ts";
import { memorySearchName } from "../memory/recall/texts.ts";
import type { Message, Part, Tool, ToolCall, UnstampedEvent } from "../protocol/index.ts";
import { type Prepared, prepareCall } from "./arguments.ts";
import type { CallResult } from "./call-result.ts";
import { answerOp, approvalStates } from "./pending.ts";
import type { Policy } from "./policy.ts";
import { readOutputName } from "./read-output.ts";
import type { NewMessage } from "./turn-log.ts";
import type { ValidateArguments } from "./validate.ts";

export interface ApproveCallsDeps {
  readonly tools: readonly Tool[];
  readonly validate: ValidateArguments;
  readonly policy: Policy;
  readonly thread: ApprovalThread;
}

/** The thread as the questions need it. */
export interface ApprovalThread {
  readonly messages: readonly Message[];
  keep(message: NewMessage): Promise<UnstampedEvent>;
  /** Keeps it unless someone else has kept theirs under the same name: then undefined. */
  claim(message: NewMessage, op: string): Promise<UnstampedEvent | undefined>;
}

export type Ready = Extract<Prepared, { kind: "ready" }>;
type Approved =
  | { readonly call: ToolCall; readonly ready: Ready }
  | { readonly call: ToolCall; readonly result: CallResult };

/**
 * Why calls were neither run nor refused: the turn was stopped while a question was open, there is nobody who could
 * answer one that an earlier turn left open, or another window has answered it.
 */
export type Unanswered = "stopped" | "nobody" | "elsewhere";

interface Considered {
  readonly call: ToolCall;
  readonly ready: Ready;
  readonly decision: Decision;
  /** Asked about by an earlier turn, and not answered. */
  readonly leftOpen: boolean;
}

/**
 * Decides about the calls of one step, asking the person where the policy says so.
 *
 * That calls wait is stored before the first question, every answer before the next one, and no call is run before the
 * last: so after a crash it is known that none of them ran as long as one still waits. An open question that the turn's
 * end interrupts stays open; one of an earlier turn is closed by its answer, or by a rule that decides it now. Of several
 * windows that answer one question the first is heard. Where there is nobody to ask, nothing is left waiting.
 */
export async function* approveCalls(
  deps: ApproveCallsDeps,
  calls: readonly ToolCall[],
  signal: AbortSignal,
): AsyncGenerator<UnstampedEvent, readonly Approved[] | Unanswered> {
  const { policy, thread } = deps;
  const plans = await considerAll(deps, calls, signal);
  const waiting = plans.filter((plan) => isConsidered(plan) && plan.decision.kind === "ask") as Considered[];
  if (waiting.length > 0 && !policy.ask && waiting.some(({ leftOpen }) => leftOpen)) return "nobody";
  const parts = waiting.filter(({ leftOpen }) => !leftOpen).map(pendingPart);
  if (policy.ask && parts.length > 0) yield await thread.keep({ role: "tool", parts });

  const approved: Approved[] = [];
  for (const plan of plans) {
    if (!isConsidered(plan)) {
      approved.push(plan);
      continue;
    }
    const answer = yield* settle(deps, plan, signal);
    if (typeof answer === "string") return answer;
    const { call, ready } = plan;
    approved.push(answer.kind === "allow" ? { call, ready } : { call, result: denial(call, answer.reason) });
  }
  return approved;
}

function isConsidered(plan: Considered | Approved): plan is Considered {
  return "decision" in plan;
}

async function considerAll(
  deps: ApproveCallsDeps,
  calls: readonly ToolCall[],
  signal: AbortSignal,
): Promise<(Considered | Approved)[]> {
  const states = approvalStates(deps.thread.messages);
  const plans: (Considered | Approved)[] = [];
  for (const call of calls) {
    const ready = prepareCall(call, deps.tools, deps.validate);
    if (ready.kind === "refused") {
      plans.push({ call, result: { call, outcome: ready.outcome } });
      continue;
    }
    const decision = await decide(deps, call, ready, signal);
    const allowedBefore = decision.kind === "ask" && states.get(call.id) === "allowed";
    plans.push({
      call,
      ready,
      decision: allowedBefore ? { kind: "allow", reason: saidYes } : decision,
      leftOpen: states.get(call.id) === "pending",
    });
  }
  return plans;
}

const stopped: Decision = { kind: "deny", reason: "the turn was stopped" };

async function decide(
  { policy, thread, tools }: ApproveCallsDeps,
  call: ToolCall,
  { tool, input }: Ready,
  signal: AbortSignal,
): Promise<Decision> {
  const untrusted = untrustedSource(thread.messages, tools, relays);
  const strangers = strangersIn(thread.messages, tools, relays);
  const context: CallContext = {
    input,
    ...(untrusted !== undefined && { untrusted }),
    ...(strangers !== undefined && { strangers }),
  };
  return unlessAborted(Promise.resolve(policy.decide(call, tool, context)), stopped, signal);
}

/** Tools of ours that read out again what others wrote. */
const relays = [readOutputName, memorySearchName];

const saidYes = "allowed by the user";
const saidNo = "the user said no";

async function* settle(
  deps: ApproveCallsDeps,
  { call, ready, decision, leftOpen }: Considered,
  signal: AbortSignal,
): AsyncGenerator<UnstampedEvent, Decision | Unanswered> {
  const { policy, thread } = deps;
  if (decision.kind !== "ask" && !leftOpen) return decision;
  if (decision.kind === "ask" && !policy.ask) {
    const reason = `${decision.reason}, and there is nobody to ask; --allow ${call.name} allows it`;
    return { kind: "deny", reason };
  }
  // An answer to the question before this one may have made a rule.
  let answer = decision.kind === "ask" ? await decide(deps, call, ready, signal) : decision;
  if (answer.kind === "ask" && policy.ask) {
    const question = answer.shows === undefined ? answer : { ...answer, reason: `${answer.reason}: ${answer.shows}` };
    yield { type: "approval_request", call, reason: question.reason };
    const yes = await unlessAborted(policy.ask(call, ready.tool, question, signal), false, signal);
    if (signal.aborted) return "stopped";
    answer = yes ? { kind: "allow", reason: saidYes } : { kind: "deny", reason: saidNo };
  }
  const { reason } = answer;
  const allowed = answer.kind === "allow";
  const part: Part = { type: "approval", callId: call.id, state: allowed ? "allowed" : "denied", reason };
  const kept = await thread.claim({ role: "tool", parts: [part] }, answerOp(call));
  if (!kept) return "elsewhere";
  yield { type: "approval", callId: call.id, allowed, reason };
  yield kept;
  return answer;
}

/** The answer, or `otherwise` when the signal aborts first: a question may stay on a screen longer than its turn. */
function unlessAborted<T>(answer: Promise<T>, otherwise: T, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => resolve(otherwise);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

function pendingPart({ call, decision }: Considered): Part {
  return { type: "approval", callId: call.id, state: "pending", reason: decision.reason };
}

function denial(call: ToolCall, reason: string): CallResult {
  return {
    call,
    outcome: {
      kind: "error",
      code: "denied",
      message: reason,
      hint: "go on without this tool, or say what it is needed for",
    },
    denied: { tool: call.name, arguments: call.arguments, reason },
  };
}
