import { readFile } from "node:fs/promises";
import { openThreadStore } from "@chingu/core";
import { z } from "zod";
import { openRecall } from "../../packages/core/src/memory/recall/recall.ts";
import type { Message } from "../../packages/core/src/protocol/index.ts";

/** Conversations of two people over months, with questions and the turns that answer them. */
const turnSchema = z.tuple([z.string(), z.string(), z.string()]).rest(z.string());
const dataSchema = z.array(
  z.object({
    id: z.string(),
    speakers: z.tuple([z.string(), z.string()]),
    sessions: z.array(z.object({ n: z.number(), at: z.string(), turns: z.array(turnSchema) })),
    qa: z.array(z.object({ q: z.string(), cat: z.number(), ev: z.array(z.string()) })),
  }),
);
type Conversation = z.infer<typeof dataSchema>[number];

export interface RecallQuality {
  readonly questions: number;
  /** By k: the share of a question's evidence turns among the first k found, averaged over the questions, in percent. */
  readonly recall: Readonly<Record<number, number>>;
  /** The same at 10, by category of question. */
  readonly byCategory: Readonly<Record<string, number>>;
}

const depths = [5, 10, 20];
const categories: Readonly<Record<number, string>> = {
  1: "multi-hop",
  2: "temporal",
  3: "open-domain",
  4: "single-hop",
};

/**
 * Evidence recall of the search over LoCoMo-like data (category 5, questions without an answer, left out): each session
 * a thread, the two speakers user and assistant, their names known to the search. Nothing but words is used.
 */
export async function measureRecallQuality(file: string): Promise<RecallQuality> {
  const data = dataSchema.parse(JSON.parse(await readFile(file, "utf8")));
  const scores: { readonly category: number; readonly found: Readonly<Record<number, number>> }[] = [];
  for (const conversation of data) scores.push(...(await measure(conversation)));
  const mean = (values: readonly number[]) => (100 * values.reduce((sum, value) => sum + value, 0)) / values.length;
  return {
    questions: scores.length,
    recall: Object.fromEntries(depths.map((k) => [k, mean(scores.map(({ found }) => found[k] ?? 0))])),
    byCategory: Object.fromEntries(
      Object.entries(categories).map(([number, name]) => [
        name,
        mean(scores.filter(({ category }) => category === Number(number)).map(({ found }) => found[10] ?? 0)),
      ]),
    ),
  };
}

async function measure({ speakers, sessions, qa }: Conversation) {
  const namespace = "bench";
  const signal = new AbortController().signal;
  const newest = Math.max(...sessions.map(({ at }) => timeOf(at)));
  const clock = { now: () => newest + 86_400_000 };
  const store = await openThreadStore("memory:", { clock, makeId: () => "", home: "" }, signal);
  const turns = new Map<string, string>();
  for (const session of sessions) {
    const thread = `session-${session.n}`;
    for (const [index, [id]] of session.turns.entries()) turns.set(`${thread}#${index + 1}`, id);
    await store.append(
      { namespace, id: thread },
      session.turns.map((turn, index) => messageOf(turn, index, session.at, speakers[0])),
    );
  }
  const names = { user: [speakers[0]], assistant: [speakers[1]] };
  const recall = openRecall({ store, namespace, folder: "memory", clock, zone: "UTC", names });
  const scores = [];
  for (const { q, cat, ev } of qa) {
    if (cat === 5 || ev.length === 0) continue;
    const ranked = await recall.rank({ text: q, limit: Math.max(...depths) }, signal);
    const ids = ranked.map(({ thread, seq }) => turns.get(`${thread}#${seq}`));
    const share = (k: number) => ev.filter((id) => ids.slice(0, k).includes(id)).length / ev.length;
    scores.push({ category: cat, found: Object.fromEntries(depths.map((k) => [k, share(k)])) });
  }
  await recall.close();
  await store.close();
  return scores;
}

function messageOf([id, speaker, text, caption]: readonly string[], index: number, at: string, user: string): Message {
  return {
    id: id ?? "",
    turnId: id ?? "",
    role: speaker === user ? "user" : "assistant",
    parts: [{ type: "text", text: caption ? `${text}\n[${caption}]` : (text ?? "") }],
    at: new Date(timeOf(at) + index * 30_000).toISOString(),
    state: "complete",
  };
}

/** `1:56 pm on 8 May, 2023` */
function timeOf(text: string): number {
  const [, hour, minute, half, date] = /^(\d+):(\d+) (am|pm) on (.+)$/.exec(text) ?? [];
  const hours = (Number(hour) % 12) + (half === "pm" ? 12 : 0);
  return Date.parse(`${date?.replace(",", "")} UTC`) + (hours * 60 + Number(minute)) * 60_000;
}
