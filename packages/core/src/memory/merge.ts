import type { Fact } from "../protocol/index.ts";
import { allThreads } from "./all-threads.ts";
import { adoptFact } from "./facts/adopt.ts";
import { readableFacts, versionsOf } from "./facts/fact-view.ts";
import type { Item, Row, ThreadInfo, ThreadKey, ThreadStore } from "./thread-store.ts";
import { namedTexts } from "./transfer.ts";

/** How many rows are read, or stored, at once. */
const batch = 200;
/** How often another writer may come between before the rest is left for the next time. */
const tries = 20;

/**
 * Moves all of a namespace from one store to another: a thread that is there already goes on with the rows it lacks. A
 * row is known by its id, so a merge that was cut off, or runs twice at once, adds nothing twice. The
 * same words stay one fact. What was moved is erased where it was; what cannot be read, and what came meanwhile, stays.
 */
export async function mergeStores(
  from: ThreadStore,
  to: ThreadStore,
  { namespace, now }: { readonly namespace: string; readonly now: number },
): Promise<Merged> {
  const threads = await Array.fromAsync(allThreads(from, namespace));
  const moved = new Map<string, Moved>();
  for (const thread of threads) moved.set(thread.id, await mergeThread(from, to, thread));
  const ids = new Map<string, string>();
  let facts = 0;
  // Before the threads are erased: the facts that belong to one go with it.
  for (const kept of oldVersionsFirst(readableFacts(await from.facts(namespace).list()))) {
    const { fact, added } = await adoptFact(to.facts(namespace), movedFact(kept, moved, ids), now);
    ids.set(kept.id, fact.id);
    if (added) facts++;
    await from.facts(namespace).remove(kept.id);
  }
  for (const { id, seq } of threads) {
    if (moved.get(id)?.whole) await from.erase({ namespace, thread: id, expect: seq });
  }
  return { threads: [...moved.values()].filter(({ added }) => added > 0).length, facts };
}

/** What a store gained: threads with new rows, and facts. */
export interface Merged {
  readonly threads: number;
  readonly facts: number;
}

interface Moved {
  readonly added: number;
  /** Whether every row could be read. */
  readonly whole: boolean;
  /** Where rows stand now, by their old number: marks and facts name them. */
  readonly places: ReadonlyMap<number, number>;
}

async function mergeThread(from: ThreadStore, to: ThreadStore, thread: ThreadInfo): Promise<Moved> {
  const rows = await readAll(from, thread, thread.seq);
  for (const name of new Set(rows.flatMap(namedTexts))) {
    const text = await from.readText(thread, name);
    if (text !== undefined) await to.saveText(thread, text);
  }
  for (let tried = 1; ; tried++) {
    const moved = await addMissing(to, thread, rows);
    if (moved) return moved;
    if (tried === tries) return { added: 0, whole: false, places: new Map() };
  }
}

/** Appends the rows that the thread lacks; undefined where another writer came between. */
async function addMissing(to: ThreadStore, thread: ThreadInfo, rows: readonly Row[]): Promise<Moved | undefined> {
  const there = await readAll(to, thread);
  const known = new Map(there.flatMap((row) => ("corrupt" in row ? [] : [[itemOf(row).id, row.seq] as const])));
  const places = new Map<number, number>();
  let seq = there.at(-1)?.seq ?? 0;
  let added = 0;
  let waiting: Item[] = [];
  const flush = async (): Promise<boolean> => {
    const [first, last] = [waiting[0], waiting.at(-1)];
    if (!first || !last) return true;
    const outcome = await to.append(thread, waiting, {
      expect: seq - waiting.length,
      op: `merge:${first.id}:${last.id}`,
      title: thread.title,
      ...(thread.folder !== undefined && { folder: thread.folder }),
    });
    added += waiting.length;
    waiting = [];
    return outcome.kind === "appended" && outcome.seq === seq;
  };
  for (const row of rows) {
    if ("corrupt" in row) continue;
    const item = itemOf(row);
    const place = known.get(item.id) ?? ++seq;
    places.set(row.seq, place);
    if (known.has(item.id)) continue;
    waiting.push("role" in item ? item : movedMark(item, places));
    if (waiting.length === batch && !(await flush())) return undefined;
  }
  return (await flush()) ? { added, whole: rows.every((row) => !("corrupt" in row)), places } : undefined;
}

/** Marks name rows by number, and those may have others now. */
function movedMark(mark: Exclude<Item, { role: string }>, places: ReadonlyMap<number, number>): Item {
  const placed = (seq: number) => places.get(seq) ?? seq;
  switch (mark.type) {
    case "summary":
      return { ...mark, from: placed(mark.from), to: placed(mark.to) };
    case "rewind":
      return { ...mark, to: placed(mark.to) };
    case "uncompact":
      return mark;
  }
}

/** A fact names the one it supersedes, and that one may have another id now. */
function oldVersionsFirst(facts: readonly Fact[]): Fact[] {
  const age = new Map(facts.map((fact) => [fact, versionsOf(facts, fact).indexOf(fact)]));
  return facts.toSorted((a, b) => (age.get(a) ?? 0) - (age.get(b) ?? 0));
}

function movedFact(fact: Fact, moved: ReadonlyMap<string, Moved>, ids: ReadonlyMap<string, string>): Fact {
  const source = fact.source.map((one) => ({ ...one, seq: moved.get(one.thread)?.places.get(one.seq) ?? one.seq }));
  const { supersedes } = fact;
  return { ...fact, source, ...(supersedes !== undefined && { supersedes: ids.get(supersedes) ?? supersedes }) };
}

function itemOf(row: Exclude<Row, { corrupt: string }>): Item {
  return "message" in row ? row.message : row.mark;
}

/** The rows up to `last`, or all there are. */
async function readAll(store: ThreadStore, thread: ThreadKey, last = Number.MAX_SAFE_INTEGER - 1): Promise<Row[]> {
  const rows: Row[] = [];
  for (let after = 0; ; after = rows.at(-1)?.seq ?? 0) {
    const page = await store.read(thread, { after, before: Math.min(after + batch, last) + 1 });
    if (page.length === 0) return rows;
    rows.push(...page);
  }
}
