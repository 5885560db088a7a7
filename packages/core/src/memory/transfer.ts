import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { type Failure, type Message, markSchema, messageSchema } from "../protocol/index.ts";
import type { Item, Row, ThreadInfo, ThreadKey, ThreadStore } from "./thread-store.ts";

/** How many rows are read, or stored, at once. */
const batch = 500;

/**
 * One line of an export. A thread is its `thread` line, then its rows in order, each text it saved before the row that
 * names it. Readers pass over keys they do not know.
 */
const lineSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("thread"),
    version: z.literal(1),
    id: z.string().min(1),
    title: z.string(),
    folder: z.string().optional(),
    createdAt: z.string(),
    updatedAt: z.string(),
    parent: z.object({ id: z.string().min(1), seq: z.number().int().positive() }).optional(),
  }),
  z.object({
    type: z.literal("item"),
    thread: z.string(),
    seq: z.number().int().positive(),
    item: z.union([messageSchema, markSchema]),
  }),
  /** A row that could not be read: kept for the eye. */
  z.object({
    type: z.literal("corrupt"),
    thread: z.string(),
    seq: z.number().int().positive(),
    why: z.string(),
    raw: z.string(),
  }),
  z.object({ type: z.literal("text"), thread: z.string(), name: z.string(), text: z.string() }),
]);
type Line = z.infer<typeof lineSchema>;

/** A thread as JSON lines, all of it: `importThreads` makes the same thread of them in any store. */
export async function* exportThread(store: ThreadStore, thread: ThreadInfo): AsyncGenerator<string> {
  const { id, title, folder, createdAt, updatedAt, parent } = thread;
  const texts = new Set<string>();
  const home = folder !== undefined && { folder };
  yield write({ type: "thread", version: 1, id, title, ...home, createdAt, updatedAt, ...(parent && { parent }) });
  for (let after = 0; ; after += batch) {
    const rows = await store.read(thread, { after, before: after + batch + 1 });
    for (const row of rows) {
      for (const name of namedTexts(row)) {
        if (texts.has(name)) continue;
        texts.add(name);
        const text = await store.readText(thread, name);
        if (text !== undefined) yield write({ type: "text", thread: id, name, text });
      }
      yield write(lineOf(id, row));
    }
    if (after + batch >= thread.seq) return;
  }
}

const write = (line: Line) => JSON.stringify(line);

function lineOf(thread: string, row: Row): Line {
  const { seq } = row;
  if ("message" in row) return { type: "item", thread, seq, item: row.message };
  if ("mark" in row) return { type: "item", thread, seq, item: row.mark };
  return { type: "corrupt", thread, seq, why: row.corrupt, raw: row.raw };
}

/** The saved texts a row speaks of: a capped tool output names the whole one. */
export function namedTexts(row: Row): readonly string[] {
  return "message" in row ? (JSON.stringify(row.message).match(/sha256:[0-9a-f]{64}/g) ?? []) : [];
}

export interface ImportedThread {
  readonly id: string;
  readonly title: string;
  /** How many rows were added; 0 for a thread that was there already, whole. */
  readonly added: number;
  /** How many rows the file has of it; 0 for one that is empty, of which nothing is stored. */
  readonly seq: number;
}

export type ImportOutcome =
  | { readonly kind: "imported"; readonly thread: ImportedThread }
  /** Nothing more of that thread was taken; the others go on. */
  | { readonly kind: "refused"; readonly failure: Failure }
  /** A line that is none of an export: what came before it is in, and the import ends here. */
  | { readonly kind: "failed"; readonly failure: Failure };

interface Arriving {
  readonly head: Extract<Line, { type: "thread" }>;
  readonly key: ThreadKey;
  /** What the store holds of it already, compared row by row. */
  seq: number;
  known: number;
  added: number;
  waiting: Item[];
  refused: boolean;
}

/**
 * Puts exported threads into a store, one outcome a thread. An import that is repeated, or goes on after it was cut off,
 * adds what is missing and nothing twice. A thread whose id is taken by another conversation is refused; with `rename`
 * every thread gets a new id. Throws a `StoreError` when the store cannot be used.
 */
export async function* importThreads(
  store: ThreadStore,
  namespace: string,
  lines: AsyncIterable<string>,
  rename?: () => string,
): AsyncGenerator<ImportOutcome> {
  let thread: Arriving | undefined;
  let number = 0;
  for await (const text of lines) {
    number++;
    if (text.trim() === "") continue;
    const line = parseLine(text);
    if (!line || (line.type !== "thread" && line.thread !== thread?.head.id)) {
      if (thread && !thread.refused) yield await finish(store, thread);
      yield { kind: "failed", failure: unreadable(number, line) };
      return;
    }
    if (line.type === "thread") {
      if (thread && !thread.refused) yield await finish(store, thread);
      thread = await begin(store, namespace, line, rename);
      continue;
    }
    if (!thread || thread.refused) continue;
    const missing = line.type !== "text" && line.seq !== thread.seq + 1;
    const fits =
      missing || (line.type === "text" ? await keepText(store, thread, line) : await take(store, thread, line));
    if (fits && !missing) continue;
    if (missing) await flush(store, thread);
    thread.refused = true;
    yield { kind: "refused", failure: missing ? gap(thread, number) : taken(thread) };
  }
  if (thread && !thread.refused) yield await finish(store, thread);
  if (!thread) yield { kind: "failed", failure: empty };
}

function parseLine(text: string): Line | undefined {
  try {
    return lineSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

async function begin(
  store: ThreadStore,
  namespace: string,
  head: Arriving["head"],
  rename: (() => string) | undefined,
): Promise<Arriving> {
  const key = { namespace, id: rename?.() ?? head.id };
  const known = (await store.info(key))?.seq ?? 0;
  return { head, key, seq: 0, known, added: 0, waiting: [], refused: false };
}

async function keepText(store: ThreadStore, { key }: Arriving, line: Extract<Line, { type: "text" }>): Promise<true> {
  await store.saveText(key, line.text);
  return true;
}

/** Takes the next row; false where the store holds another one in its place. */
async function take(
  store: ThreadStore,
  thread: Arriving,
  line: Extract<Line, { type: "item" | "corrupt" }>,
): Promise<boolean> {
  thread.seq = line.seq;
  const item = line.type === "item" ? imported(line.item) : placeholder(line);
  if (line.seq <= thread.known) {
    const [row] = await store.read(thread.key, { after: line.seq - 1, before: line.seq + 1 });
    return row !== undefined && isSame(row, item, line);
  }
  thread.waiting.push(item);
  return thread.waiting.length < batch || flush(store, thread);
}

/** Stores what waits; false where another writer was faster. */
async function flush(store: ThreadStore, thread: Arriving): Promise<boolean> {
  const { head, key, waiting, seq } = thread;
  if (waiting.length === 0) return true;
  const expect = seq - waiting.length;
  const outcome = await store.append(key, waiting, {
    expect,
    op: `import:${expect}`,
    title: head.title,
    ...(head.folder !== undefined && { folder: head.folder }),
    imported: { createdAt: head.createdAt, updatedAt: head.updatedAt, ...(head.parent && { parent: head.parent }) },
  });
  if (outcome.kind === "conflict") return false;
  thread.added += waiting.length;
  thread.waiting = [];
  return true;
}

async function finish(store: ThreadStore, thread: Arriving): Promise<ImportOutcome> {
  if (!(await flush(store, thread))) return { kind: "refused", failure: taken(thread) };
  const { key, head, added, seq } = thread;
  return { kind: "imported", thread: { id: key.id, title: head.title, added, seq } };
}

/** Words from a file are nobody's here, whoever said them there: what asks whose words a fact came from asks first. */
function imported(item: Item): Item {
  if (!("role" in item) || item.role !== "user") return item;
  const parts = item.parts.map((part) => (part.type === "text" ? { ...part, from: part.from ?? "import" } : part));
  return { ...item, parts };
}

/** Whether the store holds this row already: as it was imported, or as it was when it was exported from here. */
function isSame(row: Row, item: Item, line: Extract<Line, { type: "item" | "corrupt" }>): boolean {
  if ("corrupt" in row) return line.type === "corrupt";
  const stored = "message" in row ? row.message : row.mark;
  if (line.type === "corrupt") return stored.id === item.id;
  return isDeepStrictEqual(imported(stored), item);
}

/** Keeps the numbers of the rows behind it right: marks name rows by number. No model is shown it. */
function placeholder({ seq, why }: Extract<Line, { type: "corrupt" }>): Message {
  const text = `Row ${seq} could not be read when this thread was exported: ${why}`;
  const id = `unreadable-${seq}`;
  return {
    id,
    turnId: id,
    role: "assistant",
    parts: [{ type: "text", text }],
    at: new Date(0).toISOString(),
    state: "failed",
  };
}

function taken({ head, key }: Arriving): Failure {
  return {
    code: "usage",
    message: `the thread ${key.id} ("${head.title}") is here already and says something else`,
    hint: "--as-new imports it under a new id",
  };
}

function gap({ head, key, seq }: Arriving, line: number): Failure {
  return {
    code: "usage",
    message: `line ${line}: the file misses row ${seq + 1} of the thread ${key.id} ("${head.title}")`,
    hint: "export the thread again and import that file: what is here already is not added twice",
  };
}

const empty: Failure = {
  code: "usage",
  message: "the file holds no thread",
  hint: "chingu threads export writes files that can be imported",
};

function unreadable(number: number, line: Line | undefined): Failure {
  const what = line
    ? `belongs to the thread ${"thread" in line ? line.thread : ""}, which has not begun`
    : "is no line of an export";
  return {
    code: "usage",
    message: `line ${number} ${what}; the threads before it are in`,
    hint: "chingu threads export writes files that can be imported; once the line is mended, import the file again",
  };
}
