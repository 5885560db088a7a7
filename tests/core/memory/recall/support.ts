import { createMemoryStore } from "../../../../packages/core/src/memory/memory-store.ts";
import { openRecall, type Passage, type RecallOptions } from "../../../../packages/core/src/memory/recall/recall.ts";
import type { ThreadStore } from "../../../../packages/core/src/memory/thread-store.ts";
import type { Message } from "../../../../packages/core/src/protocol/index.ts";

export const namespace = "default";
export const now = Date.parse("2026-11-21T03:00:00Z");
export const clock = { now: () => now };
export const patient = () => AbortSignal.timeout(20_000);

let made = 0;

export interface Said {
  readonly role?: Message["role"];
  readonly at?: string;
  readonly turnId?: string;
}

/** A message of one text; for a tool, what it gave back. */
export function said(text: string, { role = "user", at = "2026-11-20T10:00:00Z", turnId }: Said = {}): Message {
  const id = `m${++made}`;
  const parts: Message["parts"] =
    role === "tool"
      ? [{ type: "tool_result", callId: id, name: "fetch", outcome: { kind: "value", content: text } }]
      : [{ type: "text", text }];
  return { id, turnId: turnId ?? id, role, parts, at, state: "complete" };
}

/** A store with these threads, each a list of what was said, and the search over it. Both are closed with the binding. */
export async function recallOver(
  threads: Readonly<Record<string, readonly (string | Message)[]>>,
  options: Partial<RecallOptions> = {},
) {
  const store = options.store ?? createMemoryStore({ clock });
  const say = (id: string, ...texts: readonly (string | Message)[]) =>
    store.append(
      { namespace, id },
      texts.map((text) => (typeof text === "string" ? said(text) : text)),
    );
  for (const [id, texts] of Object.entries(threads)) await say(id, ...texts);
  const recall = openRecall({ namespace, folder: "memory", clock, zone: "Asia/Seoul", ...options, store });
  return {
    store,
    recall,
    say,
    search: (text: string, query: object = {}) => recall.search({ text, ...query }, patient()),
    /** What was found, message by message, the best passage first. */
    find: async (text: string, query: object = {}) =>
      textsOf((await recall.search({ text, ...query }, patient())).passages),
    async [Symbol.asyncDispose]() {
      await recall.close();
      if (!options.store) await store.close();
    },
  };
}

export function textsOf(passages: readonly Passage[]): string[] {
  return passages.flatMap(({ messages }) => messages.map(({ text }) => text));
}

/** The thread and row of what was found best, for stores whose times and ids differ. */
export function best(passages: readonly Passage[]): string {
  return passages[0] ? `${passages[0].thread}#${passages[0].best}` : "nothing";
}

/** Adds `count` messages about nothing that is asked for, so that words have a rarity. */
export async function chatter(store: ThreadStore, count: number): Promise<void> {
  const words = ["weather", "lunch", "train", "garden", "music", "점심", "날씨", "기차", "정원", "음악"];
  for (let thread = 0; thread < count / 10; thread++) {
    const texts = Array.from({ length: 10 }, (_, n) => `${words[(thread + n) % 10]} ${words[(thread * n) % 10]} ${n}`);
    await store.append(
      { namespace, id: `chatter-${thread}` },
      texts.map((text) => said(text)),
    );
  }
}
