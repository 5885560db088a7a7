import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { openRecall, type Recall } from "../../packages/core/src/memory/recall/recall.ts";
import { textOf } from "../../packages/core/src/protocol/index.ts";
import type { Line } from "../line.ts";
import { questionAbout, shortMessage } from "./messages.ts";
import { measureRecallQuality } from "./recall-quality.ts";
import { type Case, fill, namespace, type Stage } from "./stage.ts";

const perThread = 100;
const never = new AbortController().signal;

export function recallCases(file: string | undefined): Case[] {
  return [
    { name: "recall: 10,000 messages", measure: (stage) => measureRecall(stage, 10_000, 20) },
    {
      name: "recall: 100,000 messages",
      measure: async (stage) => (stage.quick ? [] : measureRecall(stage, 100_000, 120)),
    },
    { name: "recall: quality", measure: async () => (file === undefined ? [] : measureQuality(file)) },
  ];
}

/** Short messages in SQLite, a file of words beside them, and questions about some of them. */
async function measureRecall(stage: Stage, count: number, target: number): Promise<Line[]> {
  const store = await stage.open(`sqlite:${join(stage.folder, "chingu.db")}`);
  let text = 0;
  for (let from = 0; from < count; from += perThread) {
    await fill(store, `thread-${from}`, perThread, (n) => shortMessage(from + n));
    for (let n = from; n < from + perThread; n++) text += Buffer.byteLength(textOf(shortMessage(n)));
  }
  const folder = join(stage.folder, "index");
  const recall = openRecall({ store, namespace, folder, clock: { now: Date.now }, zone: "UTC" });
  stage.defer(() => recall.close());
  const indexed = await clocked(() => recall.sync(never));
  const searches = await Array.fromAsync(Array.from({ length: 220 }).keys(), (n) => searchOne(recall, n, count));
  // A search that finds nothing is quick and worth nothing.
  const found = searches.filter(({ hit }) => hit).length;
  if (found < 200) throw new Error(`only ${found} of 220 questions found their message`);
  await recall.close();
  const size = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);

  const warm = searches.slice(20);
  const wall = { floor: null, ratio: null, rounds: 1 };
  const cpu = { ...wall, target: null };
  const each = (ms: number) => (1000 * ms) / count;
  const messages = `${count.toLocaleString("en")} messages`;
  const search = `recall: search in ${messages}, p95`;
  const index = `recall: index ${messages}, each`;
  return [
    { case: search, unit: "ms", ours: p95(warm.map(({ ms }) => ms)), target, ...wall },
    { case: search, unit: "cpu_ms", ours: p95(warm.map(({ cpuMs }) => cpuMs)), ...cpu },
    { case: index, unit: "µs", ours: each(indexed.ms), target: 150, ...wall },
    { case: index, unit: "cpu_µs", ours: each(indexed.cpuMs), ...cpu },
    {
      case: `recall: index of ${messages}, to their text`,
      unit: "bytes",
      ...{ ours: size, floor: text, ratio: size / text, target: 2, rounds: 1 },
    },
  ];
}

/** Asks about one of the messages, and whether its thread is among what was found. */
async function searchOne(recall: Recall, n: number, count: number) {
  const about = (n * 7_919) % count;
  const thread = `thread-${about - (about % perThread)}`;
  let hit = false;
  const took = await clocked(async () => {
    const { passages } = await recall.search({ text: questionAbout(about) }, never);
    hit = passages.some((passage) => passage.thread === thread);
  });
  return { ...took, hit };
}

/** What it took in time, and of this process's time: a loaded machine stretches the one and not the other. */
async function clocked(work: () => Promise<void>): Promise<{ readonly ms: number; readonly cpuMs: number }> {
  const started = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { ms: performance.now() - started, cpuMs: (user + system) / 1000 };
}

function p95(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.95)] ?? 0;
}

/** Shares in percent, of which more is better: their target is a floor, so the ratio is turned around. */
async function measureQuality(file: string): Promise<Line[]> {
  const { recall, byCategory, questions } = await measureRecallQuality(file);
  const wanted: Readonly<Record<string, number>> = { 5: 60, 10: 70 };
  const line = (name: string, share: number, floor: number | null): Line => {
    const ratio = floor && floor / share;
    return { case: `recall: ${name}`, unit: "%", ours: share, floor, ratio, target: floor && 1, rounds: 1 };
  };
  return [
    ...Object.entries(recall).map(([depth, share]) =>
      line(`evidence found @${depth} (${questions} questions)`, share, wanted[depth] ?? null),
    ),
    ...Object.entries(byCategory).map(([name, share]) => line(`evidence found @10, ${name}`, share, null)),
  ];
}
