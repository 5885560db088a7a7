import type { Toolbox } from "../mcp/toolbox.ts";
import type { ReceiptDraft, Tool, ToolCall, ToolOutcome, ToolProgress, UnstampedEvent } from "../protocol/index.ts";
import { capText, toValidUnicode } from "../text/index.ts";
import { type ApproveCallsDeps, approveCalls, type Ready, type Unanswered } from "./approve-calls.ts";
import type { CallResult } from "./call-result.ts";
import { follow, sleep } from "./wait.ts";

export interface CallToolsDeps extends Omit<ApproveCallsDeps, "tools"> {
  readonly toolbox: Toolbox;
  readonly threadId: string;
  /** Keeps the whole of an output that was cut for the model, and answers its name. */
  readonly saveText: (text: string) => Promise<string>;
}

export type CallEvent = UnstampedEvent | { readonly type: "result"; readonly result: CallResult };

/**
 * Runs the calls of one step: first decides about each, asking the person where the policy says so, then runs the
 * allowed ones side by side. Returns why, when a question stayed open: then none was run and none has a result. Results come in the order of the calls, whatever finished first (rule 24); a failing call
 * never costs its siblings theirs.
 *
 * Under abort every call that needs no answer still gets a result: `cancelled` where the tool was stopped or never
 * started.
 */
export async function* callTools(
  deps: CallToolsDeps,
  calls: readonly ToolCall[],
  signal: AbortSignal,
): AsyncGenerator<CallEvent, Unanswered | undefined> {
  const approved = yield* approveCalls({ ...deps, tools: deps.toolbox.list() }, calls, signal);
  if (typeof approved === "string") return approved;

  const queue = createQueue<UnstampedEvent>();
  const running = approved.map(async (one): Promise<CallResult> => {
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
  return undefined;
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
