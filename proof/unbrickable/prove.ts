import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as readAll } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { type Agent, createAgent } from "../../packages/core/src/agent/create-agent.ts";
import { openThreadStore } from "../../packages/core/src/memory/open.ts";
import type { ThreadStore } from "../../packages/core/src/memory/thread-store.ts";
import { createChatCompletionsModel } from "../../packages/core/src/model/chat-completions.ts";
import type { ChatModel } from "../../packages/core/src/model/chat-model.ts";
import { type ModelRequestRecord, startModelServer, text } from "../../tests/kit/model-server.ts";
import { startRedis } from "../../tests/kit/redis.ts";
import type { Order } from "./child.ts";
import { type ChatMessage, faultsOfEffects, faultsOfLog, faultsOfMemory, faultsOfRequest } from "./judge.ts";
import { type Scenario, said, saidAfter, scenarios } from "./scenarios.ts";
import { effectTools } from "./tools.ts";

/** One kill and what came of it. */
export interface Trial {
  readonly store: string;
  readonly scenario: string;
  /** The number and name of the await point. */
  readonly point: number;
  readonly at: string;
  /** Empty when the thread went on as it should. */
  readonly faults: readonly string[];
}

export interface ProofOptions {
  /** Tries every n-th point of a scenario. */
  readonly every: number;
  /** Children at a time. */
  readonly atOnce: number;
  readonly onTrial?: (trial: Trial) => void;
  /** Only the scenarios of these names. */
  readonly only?: readonly string[];
}

const namespace = "default";
const clock = { now: Date.now };
const makeId = () => crypto.randomUUID();
const never = new AbortController().signal;
const passedSchema = z.array(z.string());
const entrySchema = z.union([z.object({ effect: z.string() }), z.object({ stored: z.string() })]);

/**
 * Kills a process at the await points of scripted turns, for SQLite and for Redis, and goes on in the same thread from
 * another process. Every child is a process of its own on the same stores, several at once.
 */
export async function prove(options: ProofOptions): Promise<Trial[]> {
  const folder = await mkdtemp(join(tmpdir(), "chingu-proof-"));
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  const redis = await startRedis();
  cleanup.defer(() => redis.stop());
  const asked = new Map<string, ModelRequestRecord[]>();
  const server = cleanup.use(await startModelServer((request) => answer(request, asked)));

  const rooms: Room[] = [];
  for (const [name, url] of [
    ["sqlite", `sqlite:${join(folder, "threads.db")}`],
    ["redis", redis.url],
  ] as const) {
    const store = await openThreadStore(url, { clock, makeId, home: "" }, never);
    cleanup.defer(() => store.close());
    rooms.push({ name, url, store, folder, baseURL: server.baseURL, asked });
  }
  const chosen = scenarios.filter(({ name }) => options.only?.includes(name) ?? true);
  const plans = await inTurn(options.atOnce, combine(rooms, chosen), pointsOf);
  // Each plan is sampled from another start, so that together they try more kinds of points.
  const jobs = plans.flatMap((plan, start) => plan.filter((_, index) => (index + start) % options.every === 0));
  return await inTurn(options.atOnce, jobs, async (job) => {
    const trial = await tryPoint(job);
    options.onTrial?.(trial);
    return trial;
  });
}

/** Where a trial happens: one store and what leads there. */
interface Room {
  readonly name: string;
  readonly url: string;
  readonly store: ThreadStore;
  readonly folder: string;
  readonly baseURL: string;
  /** The model's requests by thread. */
  readonly asked: Map<string, ModelRequestRecord[]>;
}

interface Job {
  readonly room: Room;
  readonly scenario: Scenario;
  readonly point: number;
  readonly at: string;
}

const combine = (rooms: readonly Room[], chosen: readonly Scenario[]) =>
  chosen.flatMap((scenario) => rooms.map((room) => ({ room, scenario })));

/** Counts the points of a scenario by a turn that nobody kills. */
async function pointsOf({ room, scenario }: Pick<Job, "room" | "scenario">): Promise<Job[]> {
  const threadId = makeId();
  await room.store.append({ namespace, id: threadId }, scenario.seed ?? []);
  const { output, errors } = await runChild(room, scenario, 0, threadId);
  if (errors) throw new Error(`The scenario ${scenario.name} fails without a kill: ${errors}`);
  const passed = passedSchema.parse(JSON.parse(output));
  return passed.map((at, index) => ({ room, scenario, point: index + 1, at }));
}

async function tryPoint({ room, scenario, point, at }: Job): Promise<Trial> {
  const threadId = makeId();
  const faults: string[] = [];
  const key = { namespace, id: threadId };
  try {
    await room.store.append(key, scenario.seed ?? [], { op: "seed" });
    const { journal, killed, errors } = await runChild(room, scenario, point, threadId);
    if (!killed && errors) faults.push(`the child failed by itself: ${errors}`);
    const rows = await room.store.read(key);
    faults.push(...faultsOfLog(rows, journal.stored));
    const log = rows.flatMap((row) => ("message" in row ? [row.message] : []));
    const seeded = log.some(({ id }) => id === "t0") ? ["x", "y"] : [];
    const effects = [...seeded, ...journal.effects];

    const repeated: string[] = [];
    const first = await recover(room, scenario, threadId, 1, repeated);
    const second = await recover(room, scenario, threadId, 2, repeated);
    faults.push(...first.faults, ...second.faults);
    if (repeated.length > 0) faults.push(`an effect was repeated after the kill: ${repeated.join(", ")}`);
    if (scenario.window === undefined) {
      faults.push(...faultsOfMemory(first.request, { log, effects }));
      if (!startsWith(second.request, first.request)) faults.push("the next request does not extend the one before");
    } else {
      faults.push(...faultsOfEffects(first.request, effects));
    }
  } catch (error) {
    faults.push(`it threw: ${error instanceof Error ? error.message : error}`);
  }
  room.asked.delete(threadId);
  return { store: room.name, scenario: scenario.name, point, at, faults };
}

/** Says something in a thread after the kill, as another process would. */
async function recover(room: Room, scenario: Scenario, threadId: string, time: number, effects: string[]) {
  const model: ChatModel = createChatCompletionsModel({
    model: scenario.name,
    baseURL: room.baseURL,
    makeId,
    clock,
    ...(scenario.window !== undefined && { capabilities: { contextWindow: scenario.window } }),
  });
  await using agent: Agent = await createAgent({
    model,
    memory: room.store,
    tools: effectTools(
      (key) => effects.push(key),
      () => {},
    ),
    system: "Be brief.",
  });
  const words = saidAfter(threadId, time);
  const { status, answer, error } = await agent.turn(words, { threadId }).result();
  await model.dispose?.();
  const body = room.asked.get(threadId)?.at(-1)?.body as { readonly messages: readonly ChatMessage[] } | undefined;
  const request = body?.messages ?? [];
  const faults = faultsOfRequest(request);
  if (status !== "completed") faults.push(`the turn after the kill ended ${status}: ${error?.message}`);
  if (answer !== here) faults.push(`the turn after the kill answered: ${answer}`);
  if (request.at(-1)?.content !== words) faults.push("the request does not end with what was said last");
  return { request, faults: faults.map((fault) => `message ${time} after the kill: ${fault}`) };
}

const here = "Yes, here.";

/** The scripted model: it knows the thread by the words of the newest user message. */
function answer(request: ModelRequestRecord, asked: Map<string, ModelRequestRecord[]>) {
  const { model, messages } = request.body as { model: string; messages: ChatMessage[] };
  const newest = messages.findLastIndex(({ role }) => role === "user");
  const words = messages[newest]?.content ?? "";
  const threadId = words.split(" ")[0] ?? "";
  const before = asked.get(threadId) ?? [];
  asked.set(threadId, [...before, request]);
  if (words !== said(threadId)) return text(here);
  const scenario = scenarios.find(({ name }) => name === model);
  if (!scenario) throw new Error(`There is no scenario ${model}.`);
  return scenario.reply(messages.slice(newest).filter(({ role }) => role === "tool").length, before.length);
}

async function runChild(room: Room, { name }: Scenario, killAt: number, threadId: string) {
  const journal = join(room.folder, `${threadId}.jsonl`);
  const { url: storeURL, baseURL } = room;
  const order: Order = { scenario: name, storeURL, baseURL, threadId, journal, killAt };
  const file = fileURLToPath(new URL("./child.ts", import.meta.url));
  // The compiled modules of the first child serve all others.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(room.folder, "compiled") };
  const child = spawn(process.execPath, [file, JSON.stringify(order)], { stdio: ["ignore", "pipe", "pipe"], env });
  const overdue = setTimeout(() => child.kill("SIGTERM"), 30_000);
  const [output, errors] = await Promise.all([readAll(child.stdout), readAll(child.stderr), once(child, "exit")]);
  clearTimeout(overdue);
  const lines = existsSync(journal) ? readFileSync(journal, "utf8").split("\n").filter(Boolean) : [];
  const entries = lines.map((line) => entrySchema.parse(JSON.parse(line)));
  return {
    output,
    errors: child.exitCode === 0 ? "" : errors || `signal ${child.signalCode}`,
    killed: child.signalCode === "SIGKILL",
    journal: {
      effects: entries.flatMap((entry) => ("effect" in entry ? [entry.effect] : [])),
      stored: entries.flatMap((entry) => ("stored" in entry ? [entry.stored] : [])),
    },
  };
}

const startsWith = (whole: readonly ChatMessage[], start: readonly ChatMessage[]) =>
  JSON.stringify(whole.slice(0, start.length)) === JSON.stringify(start);

/** Works on all items, some at a time; the answers come in the order of the items. */
async function inTurn<Item, Result>(
  atOnce: number,
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}
