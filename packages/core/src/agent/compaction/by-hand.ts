import type { Conversation, Placed } from "../../memory/conversation.ts";
import type { Compaction, Failure, Mark, Summary, SummaryRefusal } from "../../protocol/index.ts";
import type { CallModelDeps } from "../call-model.ts";
import { buildContext, olderThanLastTurns, summaryInUse } from "../context.ts";
import type { ContextWindow } from "../context-window.ts";
import type { WriterDeps } from "../turn-log.ts";
import { openCompactThread } from "../turn-thread.ts";
import { blocksOf } from "./blocks.ts";
import { compact } from "./compact.ts";
import { compactionOf } from "./fit.ts";

export type CompactOutcome =
  | { readonly kind: "compacted"; readonly compaction: Compaction }
  /** There is nothing before the last two turns that is not summarised already. */
  | { readonly kind: "nothing" }
  | { readonly kind: "refused"; readonly why: SummaryRefusal; readonly detail?: string }
  /** It was not tried: this model, or this budget, cannot. */
  | { readonly kind: "failed"; readonly failure: Failure };

/** What is taken for the window where nobody knows it, in tokens. */
const usualRoom = 24_000;

/**
 * Summarises everything before the last two turns of a thread because a person asks for it. Rejects with a `StoreError`
 * when the store cannot be used; when the signal aborts, nothing has changed.
 */
export async function compactByHand(
  deps: CallModelDeps & WriterDeps & { readonly window: ContextWindow },
  signal: AbortSignal,
): Promise<CompactOutcome> {
  const { model, window } = deps;
  if (model.capabilities.summaries === false) return { kind: "failed", failure: writesNone(model.id) };
  const thread = await openCompactThread(deps, signal);
  const older = olderThanLastTurns(thread.conversation());
  if (!older) return { kind: "nothing" };
  const { measure } = window;
  const build = () => buildContext(thread.conversation(), { room: undefined, overhead: 0, measure });
  const before = build();
  const compacting = compact({ ...deps, thread, measure }, older, window.room()?.limit ?? usualRoom, signal);
  let next = await compacting.next();
  while (!next.done) next = await compacting.next();
  const compacted = next.value;
  if (compacted.kind === "none") {
    const { why, detail } = compacted;
    return { kind: "refused", why, ...(detail !== undefined && { detail }) };
  }
  const ratio = window.room()?.ratio ?? 1;
  const compaction = compactionOf(build(), { reason: "request", ratio, before, compacted });
  return { kind: "compacted", compaction: { ...compaction, droppedMessages: older.blocks.length } };
}

const writesNone = (model: string): Failure => ({
  code: "usage",
  message: `${model} is not asked for summaries: they would be slow and poor`,
  hint: "use another model with --model; here older messages are left out once they no longer fit",
});

/** How often others may come between a look at the thread and the mark's place in it. */
const tries = 5;

/**
 * Takes the summary in use back: from then on the messages are shown again as far as they fit, and no summary is made
 * before one is asked for. Undefined where there is none. Rejects with a `StoreError` when the store cannot be used.
 */
export async function uncompact({ memory, ids, clock }: WriterDeps): Promise<Summary | undefined> {
  for (let tried = 0; tried < tries; tried++) {
    const conversation = await memory.load();
    const summary = inUse(conversation);
    if (!summary) return undefined;
    const at = new Date(clock.now()).toISOString();
    const mark: Mark = { type: "uncompact", id: ids(), at, summary: summary.id };
    if ((await memory.mark(mark, conversation.seq)) !== undefined) return summary;
  }
  return undefined;
}

/** What the model is no longer shown word for word, and the summary that stands for it or for its first part. */
export interface LeftOut {
  readonly summary?: Summary;
  /** Oldest first. */
  readonly messages: readonly Placed[];
}

/** `cut`: the rows that the last request left out without a summary. */
export function leftOutOf(
  conversation: Conversation,
  cut: { readonly from: number; readonly to: number } | undefined,
): LeftOut {
  const summary = inUse(conversation);
  const parts = [summary, cut].filter((part) => part !== undefined);
  const messages = conversation.messages.filter(({ seq }) => parts.some(({ from, to }) => seq >= from && seq <= to));
  return { ...(summary && { summary }), messages };
}

const inUse = ({ summaries, messages }: Conversation) => summaryInUse(summaries, blocksOf(messages));
