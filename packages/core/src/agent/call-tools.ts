import type { Toolbox } from "../mcp/toolbox.ts";
import type {
  Denied,
  ReceiptDraft,
  Tool,
  ToolCall,
  ToolOutcome,
  ToolProgress,
  UnstampedEvent,
} from "../protocol/index.ts";
import { capText, toValidUnicode } from "../text/index.ts";
import { type Prepared, prepareCall } from "./arguments.ts";
import type { Policy } from "./policy.ts";
import type { ValidateArguments } from "./validate.ts";
import { follow, sleep } from "./wait.ts";

export interface CallToolsDeps {
  readonly toolbox: Toolbox;
  readonly validate: ValidateArguments;
  readonly policy: Policy;
  readonly threadId: string;
  /** Keeps the whole of an output that was cut for the model, and answers its name. */
  readonly saveText: (text: string) => Promise<string>;
}

export interface CallResult {
  readonly call: ToolCall;
  readonly outcome: ToolOutcome;
  readonly receipt?: ReceiptDraft;
  readonly denied?: Denied;
}

type Ready = Extract<Prepared, { kind: "ready" }>;
type Planned =
  | { readonly call: ToolCall; readonly ready: Ready }
  | { readonly call: ToolCall; readonly result: CallResult };

/**
 * Runs the calls of one step: first decides about each, asking the person where the policy says so, then runs the
 * allowed ones side by side. Results come in the order of the calls, whatever finished first (rule 24); a failing call
 * never costs its siblings theirs.
 *
 * Under abort every call still gets a result: `cancelled` where the tool was stopped or never started.
 */
export async function* callTools(
  deps: CallToolsDeps,
  calls: readonly ToolCall[],
  signal: AbortSignal,
): AsyncGenerator<UnstampedEvent | { readonly type: "result"; readonly result: CallResult }> {
  const tools = deps.toolbox.list();
  const planned: Planned[] = [];
  for (const call of calls) planned.push(yield* plan(deps, call, tools, signal));

  const queue = createQueue<UnstampedEvent>();
  const running = planned.map(async (one): Promise<CallResult> => {
    if ("result" in one) return one.result;
    queue.push({ type: "tool_start", callId: one.call.id, name: one.call.name });
    const onProgress = (progress: ToolProgress) =>
      queue.push({ type: "tool_progress", callId: one.call.id, ...progress });
    try {
      const { outcome, receipt } = await runOne(deps, one.call, one.ready, signal, onProgress);
      return { call: one.call, outcome: await capOutcome(deps, outcome), ...(receipt && { receipt }) };
    } catch (error) {
      // A bug in the toolbox must not cost the siblings their results.
      const message = error instanceof Error ? error.message : String(error);
      return { call: one.call, outcome: { kind: "error", code: "failed", message } };
    }
  });
  for (const one of running) {
    let result: CallResult | undefined;
    // Progress of every call is shown while the next result in order is awaited.
    const settled = one.then((value) => {
      result = value;
      queue.wake();
    });
    while (!result) {
      for (const event of queue.drain()) yield event;
      if (!result) await Promise.race([queue.next(), settled]);
    }
    yield* queue.drain();
    yield { type: "result", result };
  }
}

async function* plan(
  { validate, policy }: CallToolsDeps,
  call: ToolCall,
  tools: readonly Tool[],
  signal: AbortSignal,
): AsyncGenerator<UnstampedEvent, Planned> {
  const prepared = prepareCall(call, tools, validate);
  if (prepared.kind === "refused") return { call, result: { call, outcome: prepared.outcome } };
  const decision = await policy.decide(call, prepared.tool);
  if (decision.kind === "allow") return { call, ready: prepared };
  if (decision.kind === "deny") return { call, result: deny(call, decision.reason) };
  if (!policy.ask) {
    return {
      call,
      result: deny(call, `${decision.reason}, and there is nobody to ask; --allow ${call.name} allows it`),
    };
  }
  yield { type: "approval_request", call, reason: decision.reason };
  const allowed = !signal.aborted && (await policy.ask(call, prepared.tool, decision.reason, signal));
  const reason = allowed ? "allowed by the user" : "the user said no";
  yield { type: "approval", callId: call.id, allowed, reason };
  return allowed ? { call, ready: prepared } : { call, result: deny(call, reason) };
}

function deny(call: ToolCall, reason: string): CallResult {
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

async function runOne(
  { toolbox, policy, threadId }: CallToolsDeps,
  call: ToolCall,
  { tool, input }: Ready,
  signal: AbortSignal,
  onProgress: (progress: ToolProgress) => void,
): Promise<{ outcome: ToolOutcome; receipt?: ReceiptDraft }> {
  const ms = tool.timeoutMs ?? policy.timeouts.tool;
  const { controller, release } = follow(signal);
  const timer = setTimeout(() => controller.abort(new Error("timeout")), ms);
  try {
    const outOfTime = new Promise<"stopped">((resolve) =>
      controller.signal.addEventListener("abort", () => resolve(graceful()), { once: true }),
    );
    const answered = toolbox.call(call, input, { signal: controller.signal, onProgress, threadId });
    const first = controller.signal.aborted ? "stopped" : await Promise.race([answered, outOfTime]);
    if (first !== "stopped" && !(controller.signal.aborted && first.outcome.kind === "error")) return first;
    return { outcome: signal.aborted ? cancelled : tooSlow(tool, ms) };
  } finally {
    clearTimeout(timer);
    release();
  }
}

/** A tool that honours its signal gets a moment to say so; one that does not is left behind. */
async function graceful(): Promise<"stopped"> {
  await sleep(50, new AbortController().signal);
  return "stopped";
}

const cancelled: ToolOutcome = {
  kind: "error",
  code: "cancelled",
  message: "the turn was stopped while this call was out; it may have run in part",
};

function tooSlow(tool: Tool, ms: number): ToolOutcome {
  return {
    kind: "error",
    code: "timeout",
    message: `${tool.name} did not answer within ${Math.round(ms / 1000)} s and was told to stop; it may have run in part`,
    hint: "ask for less at once",
  };
}

async function capOutcome({ policy, saveText }: CallToolsDeps, outcome: ToolOutcome): Promise<ToolOutcome> {
  const text = toValidUnicode(outcome.kind === "value" ? outcome.content : outcome.message);
  const { omittedBytes } = capText(text, policy.output, () => "");
  if (omittedBytes === 0) return withText(outcome, text);
  // Where the store cannot keep it, the model is told that the middle is gone rather than the turn being lost.
  const name = await saveText(text).catch(() => undefined);
  const rest = name ? `the whole text: read_output {"name": ${JSON.stringify(name)}}` : "the rest could not be kept";
  const capped = capText(text, policy.output, (bytes) => `[… ${bytes} bytes left out here; ${rest} …]`).text;
  return withText(outcome, capped);
}

function withText(outcome: ToolOutcome, text: string): ToolOutcome {
  return outcome.kind === "value" ? { ...outcome, content: text } : { ...outcome, message: text };
}

/** Events pushed by several calls at once, read by one consumer. */
function createQueue<T>() {
  let items: T[] = [];
  let gate = Promise.withResolvers<void>();
  const wake = () => {
    gate.resolve();
    gate = Promise.withResolvers<void>();
  };
  return {
    push(item: T) {
      items.push(item);
      wake();
    },
    drain(): T[] {
      const drained = items;
      items = [];
      return drained;
    },
    next: () => (items.length > 0 ? Promise.resolve() : gate.promise),
    wake,
  };
}
