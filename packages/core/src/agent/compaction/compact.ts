import type { Conversation } from "../../memory/conversation.ts";
import type { MakeId, Summary, UnstampedEvent } from "../../protocol/index.ts";
import type { CallModelDeps } from "../call-model.ts";
import type { Older } from "../context.ts";
import { estimateTokens, type Measure } from "../estimate-usage.ts";
import type { CompactThread } from "../turn-thread.ts";
import { type Summarised, summarise } from "./summarise.ts";

export interface CompactDeps extends CallModelDeps {
  readonly ids: MakeId;
  readonly thread: CompactThread;
  readonly measure: Measure;
}

export type Compacted = { readonly kind: "summary"; readonly summary: Summary } | Extract<Summarised, { kind: "none" }>;

/** How often others may come between a look at the thread and the summary's place in it. */
const tries = 5;

/**
 * Puts a summary in the place of the older part of a thread: one more row in its log, from which nothing goes. Of two
 * clients that do so at once one summary counts, and the other takes it over. Where rows of that part have changed
 * meanwhile, by a rewind, the summary is thrown away.
 *
 * `room` is what one request may take, in estimated tokens. Rejects with a `StoreError` when the store cannot be used.
 */
export async function* compact(
  { ids, thread, measure, ...deps }: CompactDeps,
  older: Older,
  room: number,
  signal: AbortSignal,
): AsyncGenerator<UnstampedEvent, Compacted> {
  const before = thread.conversation();
  const summarised = yield* summarise(deps, older, room, signal);
  if (summarised.kind === "none") return summarised;
  const { text, model } = summarised;
  const replaced = older.blocks.flatMap(({ messages }) => messages).reduce((sum, message) => sum + measure(message), 0);
  const summary: Summary = {
    type: "summary",
    id: ids(),
    at: new Date(deps.clock.now()).toISOString(),
    from: older.from,
    to: older.to,
    text,
    model,
    tokensBefore: replaced + estimateTokens(older.previous?.text ?? ""),
    tokensAfter: estimateTokens(text),
  };
  for (let tried = 0; tried < tries; tried++) {
    const now = await thread.reload(signal);
    const newest = now.summaries.at(-1);
    if (newest && newest.id !== before.summaries.at(-1)?.id) return { kind: "summary", summary: newest };
    if (idsIn(now, older) !== idsIn(before, older)) break;
    if (await thread.keepSummary(summary, signal)) return { kind: "summary", summary };
  }
  return { kind: "none", why: "changed" };
}

/** Which messages stand in the rows of a part. */
function idsIn({ messages, unsummarised }: Conversation, { from, to }: Older): string {
  const ids = messages.flatMap(({ seq, message }) => (seq >= from && seq <= to ? [message.id] : []));
  return JSON.stringify([unsummarised, ...ids]);
}
