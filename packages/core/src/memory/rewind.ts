import type { Clock, MakeId } from "../protocol/index.ts";
import { type Conversation, conversationOf } from "./conversation.ts";
import type { ThreadKey, ThreadStore } from "./thread-store.ts";

/** Where to go back to: behind a row (0 is the start), or before the last so many turns. */
export type RewindTarget = { readonly to: number } | { readonly turns: number };

export type RewindOutcome =
  /** `left`: how many messages are no longer part of the conversation. The log keeps them. */
  | { readonly kind: "rewound"; readonly to: number; readonly left: number }
  /** The conversation ends there already, or has no such row. */
  | { readonly kind: "nothing" };

/** How often another writer may come between. */
const tries = 5;

/**
 * Takes a conversation back. Nothing is erased: a mark says where it goes on, and a fork at an earlier row brings back
 * what was left. Throws a `StoreError` when the store cannot be used.
 */
export async function rewind(
  store: ThreadStore,
  thread: ThreadKey,
  target: RewindTarget,
  { clock, makeId }: { readonly clock: Clock; readonly makeId: MakeId },
): Promise<RewindOutcome> {
  for (let tried = 1; ; tried++) {
    const conversation = conversationOf(await store.read(thread));
    const to = "to" in target ? target.to : beforeTurns(conversation, target.turns);
    const left = conversation.messages.filter(({ seq }) => seq > to).length;
    if (left === 0) return { kind: "nothing" };
    const mark = { type: "rewind", id: makeId(), at: new Date(clock.now()).toISOString(), to } as const;
    const outcome = await store.append(thread, [mark], { expect: conversation.seq });
    if (outcome.kind === "appended") return { kind: "rewound", to, left };
    if (tried === tries) return { kind: "nothing" };
  }
}

/** The row before the first message of the last `turns` turns; 0 where there are no more than that. */
function beforeTurns({ messages }: Conversation, turns: number): number {
  const starts = messages.flatMap(({ message }, index) =>
    message.role === "user" && message.turnId !== messages[index - 1]?.message.turnId ? [index] : [],
  );
  const first = starts.at(-turns) ?? 0;
  return messages[first - 1]?.seq ?? 0;
}
