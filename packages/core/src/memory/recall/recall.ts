import { createHash } from "node:crypto";
import { access } from "node:fs/promises";
import { join } from "node:path";
import type { Clock, Failure, Message } from "../../protocol/index.ts";
import { type QueryToken, queryTokensOf } from "../../text/index.ts";
import type { ThreadStore } from "../thread-store.ts";
import { blend } from "./blend.ts";
import { type CueContext, cuesOf } from "./cues.ts";
import type { Doc } from "./docs.ts";
import { type Filter, filterOf } from "./filter.ts";
import { type Found, findDocs } from "./find.ts";
import { type IndexFile, isSqliteError, isUseless, openIndexFile, removeIndexFile } from "./index-file.ts";
import { unfinished, unwritable, wordsOnly } from "./notices.ts";
import { dropRepeats, groupDocs, type Hit, type Passage, packPassages, passageMessage } from "./passages.ts";
import { openPostings, type PostingTables } from "./postings.ts";
import { forgetThreads, type KnownThread, openThreadTable, syncIndex, type ThreadTable } from "./sync.ts";
import { searchableText } from "./texts.ts";
import { type Embedder, openVectors, type VectorTable } from "./vectors.ts";
import { deadline, settles } from "./wait.ts";

export type { Passage } from "./passages.ts";
export type { Embedder } from "./vectors.ts";

export interface RecallOptions {
  readonly store: ThreadStore;
  readonly namespace: string;
  /** Where index files are kept; `memory` keeps none. A store that keeps nothing on disk has its index in memory. */
  readonly folder: string | "memory";
  readonly clock: Clock;
  /** The user's time zone, `Asia/Seoul`: what "yesterday" means. */
  readonly zone: string;
  /** What the two of a conversation are called, where questions name them. */
  readonly names?: CueContext["names"];
  /** Finds by meaning too; without one, by words alone. */
  readonly embedder?: Embedder;
}

export interface RecallQuery extends Filter {
  readonly text: string;
  /** At most so many messages; 10 when left out. */
  readonly limit?: number;
  /** The thread whose newest turn asks: its own words are no answer. */
  readonly asking?: string;
  /** How much text to answer with; 8,000 when left out. */
  readonly bytes?: number;
  /** How much of one message; 600 when left out. */
  readonly charactersEach?: number;
}

export interface RecallAnswer {
  /** Best first. */
  readonly passages: readonly Passage[];
  /** What keeps the answer from being whole, each said once: an index that is not complete yet, an embedder that is down. */
  readonly notices: readonly Failure[];
}

/** Search over everything that was said in a namespace. */
export interface Recall {
  /**
   * Finds what a question is about, up to the newest message. A question without a word to look for finds nothing.
   * Rejects with a `StoreError` when the store cannot be used and with the signal's reason.
   */
  search(query: RecallQuery, signal: AbortSignal): Promise<RecallAnswer>;
  /** The messages that fit best, without reading them: what `search` makes its passages of. */
  rank(query: RecallQuery, signal: AbortSignal): Promise<readonly { thread: string; seq: number; score: number }[]>;
  /** Brings the index up to date. Calls at the same time share one run, which the first signal stops. */
  sync(signal: AbortSignal): Promise<void>;
  /** Brings the index up to date, with what meanings it lacks, when nothing has been asked for a moment. Never fails. */
  refresh(): void;
  /** Erases every trace of a thread from the index. To be called when the store has erased it. */
  forget(thread: string): Promise<void>;
  close(): Promise<void>;
}

/** Candidates that neighbours, cues and meaning may still bring forward. */
const candidates = 200;
/** How long an answer waits for the index, and for an embedder, before it makes do with what there is. */
const patience = {
  syncMs: 20_000,
  backlogMs: 1_000,
  embedMs: 3_000,
  embedBatchMs: 60_000,
  restMs: 60_000,
  idleMs: 500,
  wholeMs: 60_000,
};
const embedBatch = 64;

interface Opened {
  readonly file: IndexFile;
  readonly threads: ThreadTable;
  readonly postings: PostingTables;
  readonly vectors: VectorTable | undefined;
}

/** Opens the search over a store. Nothing is read or written before it is first used. */
export function openRecall(options: RecallOptions): Recall {
  const { store, namespace, clock, zone, embedder, names } = options;
  const path = pathOf(options);
  const closing = new AbortController();
  let opened: Promise<Opened> | undefined;
  let syncing: Promise<void> | undefined;
  let embedding: Promise<void> | undefined;
  let notices: Failure[] = [];
  let said = new Set<string>();
  let idle: NodeJS.Timeout | undefined;
  let wholeAt = Number.NEGATIVE_INFINITY;
  let embedderRestsUntil = Number.NEGATIVE_INFINITY;

  const notice = (failure: Failure) => {
    if (said.has(failure.code)) return;
    said = new Set([...said, failure.code]);
    notices.push(failure);
  };

  async function open(): Promise<Opened> {
    const file = await openIndexFile(path).catch((error: unknown) => {
      notice(unwritable(error));
      return openIndexFile("memory");
    });
    const { database } = file;
    const vectors = embedder && openVectors(database, embedder);
    return { file, threads: openThreadTable(database), postings: openPostings(database), vectors };
  }

  /** Runs work on the index; where that turns out to be damaged, once more on a new one. */
  async function use<T>(work: (index: Opened) => Promise<T> | T): Promise<T> {
    closing.signal.throwIfAborted();
    opened ??= open();
    const mine = opened;
    const index = await mine;
    try {
      return await work(index);
    } catch (error) {
      if (!isUseless(error) || index.file.path === "memory") throw error;
      // Of several that meet the damage the first clears it away.
      if (opened === mine) opened = renew(index.file);
      const anew = await opened;
      await syncIndex(deps(anew), closing.signal);
      return await work(anew);
    }
  }

  async function renew({ database, path: damaged }: IndexFile): Promise<Opened> {
    database.close();
    await removeIndexFile(damaged);
    return open();
  }

  const deps = ({ file, threads, postings }: Opened) => ({
    store,
    namespace,
    database: file.database,
    threads,
    postings,
  });

  function sync(signal: AbortSignal): Promise<void> {
    const all = AbortSignal.any([signal, closing.signal]);
    syncing ??= use((index) => syncIndex(deps(index), all))
      .then(() => {
        wholeAt = clock.now();
      })
      .finally(() => {
        syncing = undefined;
      });
    return syncing;
  }

  /** Before a search: erased threads cost it nothing, for their messages can no longer be read. */
  function catchUp(): Promise<void> {
    const fresh = Math.abs(clock.now() - wholeAt) < patience.wholeMs;
    return fresh ? use((index) => syncIndex(deps(index), closing.signal, { newest: true })) : sync(closing.signal);
  }

  /** Gives vectors to documents that have none yet. Stops at the first failure; the next run goes on there. */
  function embed(): Promise<void> {
    embedding ??= use(embedMissing)
      .catch((error: unknown) => {
        if (!closing.signal.aborted) giveUpMeaning(error);
      })
      .finally(() => {
        embedding = undefined;
      });
    return embedding;
  }

  async function embedMissing({ postings, threads, vectors }: Opened): Promise<void> {
    if (!vectors) return;
    const docs = postings.docs();
    const threadOf = remembering(threads.get);
    for (let id = vectors.next(); id < docs.count; id += embedBatch) {
      const batch = Array.from({ length: Math.min(embedBatch, docs.count - id) }, (_, index) => docs.doc(id + index));
      const read = await Promise.all(
        batch.map(async (doc) => {
          const message = await readMessage(doc, threadOf);
          return message ? [{ id: doc.id, text: searchableText(message) }] : [];
        }),
      );
      await vectors.add(read.flat(), deadline(closing.signal, patience.embedBatchMs));
    }
  }

  async function readMessage(doc: Doc, threadOf: ThreadOf): Promise<Message | undefined> {
    const thread = threadOf(doc.thread);
    if (!thread) return undefined;
    const [row] = await store.read({ namespace, id: thread.name }, { after: doc.seq - 1, before: doc.seq + 1 });
    return row && "message" in row ? row.message : undefined;
  }

  async function ready(tokens: readonly QueryToken[], signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    if (tokens.length === 0) return false;
    const upToDate = catchUp().catch((error: unknown) => {
      // An index that cannot be written answers with what it has.
      if (!isSqliteError(error)) throw error;
      notice(unwritable(error));
    });
    if (!(await settles(upToDate, patience.syncMs, signal))) notice(unfinished);
    if (!embedder || embedderRests() || (await settles(embed(), patience.backlogMs, signal))) return true;
    // With some vectors the question itself is put to the embedder, which tells whether it answers.
    if (await use(({ vectors }) => vectors?.next() === 0)) notice(wordsOnly(new Error("no answer yet")));
    return true;
  }

  async function find(query: RecallQuery, tokens: readonly QueryToken[], index: Opened, signal: AbortSignal) {
    const docs = index.postings.docs();
    const allows = filterOf(query, index.threads);
    const cues = cuesOf(query.text, { now: clock.now(), zone, ...(names && { names }) });
    const byWords = findDocs(index.postings, docs, { tokens, cues, allows, limit: candidates });
    const nearness = index.vectors && !embedderRests() ? await near(index.vectors, query.text, signal) : new Map();
    const docOf = (id: number) => (docs.thread(id) > 0 && allows(docs.doc(id)) ? docs.doc(id) : undefined);
    return { docs, threadOf: remembering(index.threads.get), found: blend(byWords, nearness, docOf) };
  }

  async function near(vectors: VectorTable, text: string, signal: AbortSignal): Promise<ReadonlyMap<number, number>> {
    try {
      return await vectors.near(text, deadline(AbortSignal.any([signal, closing.signal]), patience.embedMs));
    } catch (error) {
      signal.throwIfAborted();
      giveUpMeaning(error);
      return new Map();
    }
  }

  function giveUpMeaning(error: unknown): void {
    notice(wordsOnly(error));
    // One that hangs must not make every search wait.
    if (error instanceof Error && error.name === "TimeoutError") embedderRestsUntil = clock.now() + patience.restMs;
  }

  const embedderRests = () => clock.now() < embedderRestsUntil;

  function takeNotices(): Failure[] {
    const taken = notices;
    notices = [];
    return taken;
  }

  return {
    sync,

    async rank(query, signal) {
      const tokens = queryTokensOf(query.text);
      if (!(await ready(tokens, signal))) return [];
      const { found, threadOf } = await use((index) => find(query, tokens, index, signal));
      return found.slice(0, query.limit ?? 10).flatMap(({ doc, score }) => {
        const thread = threadOf(doc.thread)?.name;
        return thread === undefined ? [] : [{ thread, seq: doc.seq, score }];
      });
    },

    async search(query, signal) {
      const { limit = 10, bytes = 8_000, charactersEach = 600 } = query;
      const tokens = queryTokensOf(query.text);
      if (!(await ready(tokens, signal))) return { passages: [], notices: takeNotices() };
      const { docs, threadOf, found } = await use((index) => find(query, tokens, index, signal));
      const hits = await readHits(found, { limit, threadOf, ...(await asker(query)) });
      const messages = new Map(hits.map(({ found: { doc }, message }) => [doc.id, message]));
      const passages = await Promise.all(
        groupDocs(
          hits.map((hit) => hit.found),
          docs,
        ).map(async ({ thread, best, docs: members }): Promise<Passage[]> => {
          const known = threadOf(thread);
          if (!known) return [];
          const shown = await Promise.all(
            members.map(async ({ id, fits }) => {
              const doc = docs.doc(id);
              const message = messages.get(id) ?? (await readMessage(doc, threadOf));
              return message ? [passageMessage(message, { seq: doc.seq, fits, tokens, longest: charactersEach })] : [];
            }),
          );
          const { name, title, folder } = known;
          const place = { thread: name, title, ...(folder !== undefined && { folder }), best: best.doc.seq };
          return [{ ...place, messages: shown.flat() }];
        }),
      );
      return { passages: packPassages(passages.flat(), bytes), notices: takeNotices() };
    },

    refresh() {
      clearTimeout(idle);
      idle = setTimeout(() => {
        if (closing.signal.aborted) return;
        // The next search tells what is wrong.
        void sync(closing.signal).then(embed, () => {});
      }, patience.idleMs);
      idle.unref();
    },

    async forget(thread) {
      // Where there is no index there is no trace, and none is made to say so.
      if (!opened && path !== "memory" && !(await exists(path))) return;
      await use((index) => forgetThreads(deps(index), [thread]));
    },

    async close() {
      clearTimeout(idle);
      closing.abort(new Error("the search is closed"));
      await Promise.allSettled([syncing, embedding]);
      const index = await opened?.catch(() => undefined);
      opened = undefined;
      index?.file.database.close();
    },
  };

  /** Reads from the best on until enough are left that say something of their own. */
  async function readHits(
    found: readonly Found[],
    options: { limit: number; threadOf: ThreadOf; asking?: string; turn?: string },
  ): Promise<Hit[]> {
    const { limit, threadOf, asking, turn } = options;
    let hits: Hit[] = [];
    for (let start = 0; start < found.length && hits.length < limit; start += limit) {
      const read = await Promise.all(
        found.slice(start, start + limit).map(async (one): Promise<Hit[]> => {
          const message = await readMessage(one.doc, threadOf);
          const own = message?.turnId === turn && threadOf(one.doc.thread)?.name === asking;
          return message && !own ? [{ found: one, message }] : [];
        }),
      );
      hits = dropRepeats([...hits, ...read.flat()]);
    }
    return hits.slice(0, limit);
  }

  async function asker({ asking }: RecallQuery): Promise<{ asking?: string; turn?: string }> {
    if (asking === undefined) return {};
    const newest = (await store.read({ namespace, id: asking }, { limit: 4 })).findLast((row) => "message" in row);
    return newest && "message" in newest ? { asking, turn: newest.message.turnId } : {};
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Takes away the index of a store that holds nothing any more, with all its bytes. */
export async function removeIndex(of: IndexPlace): Promise<void> {
  const path = pathOf(of);
  if (path !== "memory") await removeIndexFile(path);
}

interface IndexPlace extends Pick<RecallOptions, "namespace" | "folder"> {
  readonly store: Pick<ThreadStore, "url">;
}

/** One file for each namespace of each store, so that no search sees another's words. */
function pathOf({ store, namespace, folder }: IndexPlace): string | "memory" {
  if (folder === "memory" || store.url === "memory:") return "memory";
  const name = createHash("sha256")
    .update(JSON.stringify([store.url, namespace]))
    .digest("hex")
    .slice(0, 32);
  return join(folder, `${name}.db`);
}

type ThreadOf = (id: number) => KnownThread | undefined;

function remembering(get: ThreadOf): ThreadOf {
  const known = new Map<number, KnownThread | undefined>();
  return (id) => {
    if (!known.has(id)) known.set(id, get(id));
    return known.get(id);
  };
}
