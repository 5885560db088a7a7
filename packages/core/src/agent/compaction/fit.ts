import type { Compaction, MakeId, UnstampedEvent } from "../../protocol/index.ts";
import type { CallModelDeps } from "../call-model.ts";
import { type BuiltContext, buildContext, type Older } from "../context.ts";
import type { ContextWindow } from "../context-window.ts";
import type { Policy } from "../policy.ts";
import type { TurnThread } from "../turn-thread.ts";
import type { Attempts } from "./attempts.ts";
import { type Compacted, compact } from "./compact.ts";

export interface FitDeps extends CallModelDeps {
  readonly policy: Pick<Policy, "maxRetries" | "timeouts" | "summaries">;
  readonly ids: MakeId;
  readonly window: ContextWindow;
  readonly attempts: Attempts;
}

export interface Fit {
  readonly thread: TurnThread;
  /** What stands around the conversation, in estimated tokens. */
  readonly overhead: number;
  readonly reason: "window" | "overflow";
}

/**
 * The conversation as it fits the model's window, and an event where it became shorter. Stubs are tried first. Where they
 * are not enough, a summary of what would be left out is asked for, once for each place of the cut; where it is not
 * wanted, cannot be had, or is not good enough, those messages are left out with a line in their place.
 */
export async function* fitContext(
  deps: FitDeps,
  fit: Fit,
  signal: AbortSignal,
): AsyncGenerator<UnstampedEvent, BuiltContext> {
  const context = yield* fitted(deps, fit, signal);
  deps.attempts.note(fit.thread.threadId, context.cut);
  return context;
}

async function* fitted(
  deps: FitDeps,
  { thread, overhead, reason }: Fit,
  signal: AbortSignal,
): AsyncGenerator<UnstampedEvent, BuiltContext> {
  const { window } = deps;
  const build = () => buildContext(thread.conversation(), { room: window.room(), overhead, measure: window.measure });
  const built = build();
  const { cut } = built;
  const room = window.room();
  const news = reason === "overflow" || built.news || isNew(deps, thread, cut);
  if (!news || !cut || !room || !maySummarise(deps, thread, built, room.limit)) {
    if (news) yield* event(built);
    return built;
  }
  const compacted = yield* compact({ ...deps, thread, measure: window.measure }, cut, room.limit, signal);
  if (compacted.kind === "none" && signal.aborted) {
    deps.attempts.forget(thread.threadId);
    return built;
  }
  if (compacted.kind === "none") {
    yield* event(built, compacted);
    return built;
  }
  const rebuilt = build();
  yield { type: "compaction", ...compactionOf(rebuilt, { reason, ratio: room.ratio, before: built, compacted }) };
  if (rebuilt.cut) yield* event(rebuilt);
  return rebuilt;

  function* event(context: BuiltContext, refused?: Compacted): Generator<UnstampedEvent> {
    if (!context.cut && context.stubbed === 0) return;
    const ratio = window.room()?.ratio ?? 1;
    yield { type: "compaction", ...compactionOf(context, { reason, ratio, ...(refused && { compacted: refused }) }) };
  }
}

/**
 * Whether a cut was not there when the model was last asked, although the thread has not outgrown the window since: the
 * window is another one, or a summary was taken back.
 */
function isNew({ attempts, window }: FitDeps, thread: TurnThread, cut: Older | undefined): boolean {
  if (!cut) return false;
  const before = attempts.leftOut(thread.threadId);
  if (before !== "unknown") return before?.to !== cut.to;
  const last = thread.messages.findLast(({ role }) => role === "assistant")?.usage;
  const { limit = 0, ratio = 1 } = window.room() ?? {};
  return last !== undefined && last.input + last.cacheRead + last.cacheWrite > limit * ratio * clearly;
}

/** A request is larger than what fits when it is so by more than the error of an estimate. */
const clearly = 1.25;
/** Where what stays fills more than this share of what fits, the next summary would be due at once: none is asked for. */
const roomy = 0.75;

function maySummarise({ policy, model, attempts }: FitDeps, thread: TurnThread, built: BuiltContext, limit: number) {
  if (!policy.summaries || model.capabilities.summaries === false || thread.conversation().unsummarised) return false;
  return (
    built.cut !== undefined && built.tokens().after <= limit * roomy && attempts.begin(thread.threadId, built.cut.to)
  );
}

/** What is told of a compaction. */
export function compactionOf(
  context: BuiltContext,
  of: {
    readonly reason: Compaction["reason"];
    readonly ratio: number;
    /** How it stood before a summary. */
    readonly before?: BuiltContext;
    readonly compacted?: Compacted;
  },
): Compaction {
  const { reason, ratio, before = context, compacted } = of;
  const common = {
    reason,
    stubbedResults: context.stubbed,
    tokensBefore: Math.round(before.tokens().before * ratio),
    tokensAfter: Math.round(context.tokens().after * ratio),
  };
  if (compacted?.kind === "summary") {
    const { from, to, text } = compacted.summary;
    return { ...common, kind: "summary", droppedMessages: before.leftOut, from, to, summary: text };
  }
  const { cut, leftOut } = context;
  if (!cut) return { ...common, kind: "stubs", droppedMessages: 0 };
  const { why, detail } = compacted ?? {};
  return {
    ...common,
    kind: "cut",
    droppedMessages: leftOut,
    from: cut.blocks[0]?.seq ?? cut.from,
    to: cut.to,
    ...(why && { refused: { why, ...(detail !== undefined && { detail }) } }),
  };
}
