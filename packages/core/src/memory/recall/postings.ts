import type { DatabaseSync } from "node:sqlite";
import type { Message } from "../../protocol/index.ts";
import type { QueryToken } from "../../text/index.ts";
import { chunkSize, type Docs, encodeDoc, readDocs, recordWords } from "./docs.ts";

/** A message to be indexed, its text already cut into tokens. */
export interface NewDoc {
  readonly thread: number;
  readonly seq: number;
  readonly role: Message["role"];
  readonly at: number;
  readonly before: number | undefined;
  readonly tokens: readonly string[];
}

/** In which documents a term occurs, each once, and how often there. */
export interface Postings {
  readonly ids: ArrayLike<number>;
  readonly counts: ArrayLike<number>;
}

/** The tables of documents and terms. Every method is to be called inside a transaction of the caller. */
export interface PostingTables {
  readonly docs: () => Docs;
  /** How many documents there are, erased ones included: the number of the next. */
  readonly next: () => number;
  /** Adds documents, numbered from `next()` on. */
  readonly add: (docs: readonly NewDoc[]) => void;
  readonly find: (token: QueryToken) => Postings;
  /** Erases every trace of these threads' documents, in one walk through the tables. */
  readonly erase: (threads: ReadonlySet<number>) => void;
}

export function openPostings(database: DatabaseSync): PostingTables {
  const sql = {
    chunks: database.prepare("select docs from chunk order by id"),
    newest: database.prepare("select id, length(docs) as bytes from chunk order by id desc limit 1"),
    addDocs: database.prepare(
      // Two blobs joined count as text until they are cast back; their bytes are left alone.
      "insert into chunk (id, docs) values (?, ?) on conflict do update set docs = cast(docs || excluded.docs as blob)",
    ),
    setDocs: database.prepare("update chunk set docs = ? where id = ?"),
    addPosting: database.prepare(
      `insert into posting (chunk, term, docs) values (?, ?, ?)
       on conflict do update set docs = cast(docs || excluded.docs as blob)`,
    ),
    setPosting: database.prepare("update posting set docs = ? where chunk = ? and term = ?"),
    dropPosting: database.prepare("delete from posting where chunk = ? and term = ?"),
    // A cross join keeps the order: from each chunk straight to its terms.
    find: database.prepare(
      "select chunk, p.docs from chunk cross join posting p on p.chunk = chunk.id and p.term = ? order by chunk.id",
    ),
    findStart: database.prepare(
      `select chunk, p.docs from chunk cross join posting p on p.chunk = chunk.id and p.term >= ?1 and p.term < ?1 || char(1114111)
       order by chunk.id`,
    ),
    ofChunk: database.prepare("select term, docs from posting where chunk = ?"),
    dropVector: database.prepare("delete from vector where doc = ?"),
  };

  const next = () => {
    const newest = sql.newest.get();
    return newest ? Number(newest["id"]) * chunkSize + Number(newest["bytes"]) / (4 * recordWords) : 0;
  };

  return {
    next,

    docs() {
      const chunks = sql.chunks.all().map(({ docs }) => bytesOf(docs));
      const records = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
      let end = 0;
      for (const chunk of chunks) {
        records.set(chunk, end);
        end += chunk.length;
      }
      return readDocs(new Uint32Array(records.buffer));
    },

    add(docs) {
      let id = next();
      for (let start = 0; start < docs.length; ) {
        const chunk = Math.trunc(id / chunkSize);
        const fitting = docs.slice(start, start + chunkSize - (id % chunkSize));
        const terms = new Map<string, number[]>();
        for (const [index, { tokens }] of fitting.entries()) {
          const place = (id + index) % chunkSize;
          for (const [term, count] of countsOf(tokens)) {
            const pairs = terms.get(term);
            if (pairs) pairs.push(place, count);
            else terms.set(term, [place, count]);
          }
        }
        const records = fitting.map((doc) => bytesOf(encodeDoc({ ...doc, length: doc.tokens.length }, doc.before)));
        sql.addDocs.run(chunk, Buffer.concat(records));
        // In the order of the table, so that each of its pages is written once.
        for (const term of [...terms.keys()].sort()) {
          sql.addPosting.run(chunk, term, bytesOf(Uint16Array.from(terms.get(term) ?? [])));
        }
        id += fitting.length;
        start += fitting.length;
      }
    },

    find({ term, prefix }) {
      const found = (prefix ? sql.findStart : sql.find).all(term);
      return prefix ? sumOf(found) : joinOf(found);
    },

    erase(threads) {
      for (const { id: chunk, docs } of database.prepare("select id, docs from chunk").all()) {
        const records = new Uint32Array(Uint8Array.from(bytesOf(docs)).buffer);
        const gone = new Set<number>();
        const { count, thread } = readDocs(records);
        for (let place = 0; place < count; place++) {
          if (!threads.has(thread(place))) continue;
          gone.add(place);
          records.fill(0, place * recordWords, (place + 1) * recordWords);
          sql.dropVector.run(Number(chunk) * chunkSize + place);
        }
        if (gone.size === 0) continue;
        sql.setDocs.run(bytesOf(records), Number(chunk));
        for (const { term, docs: stored } of sql.ofChunk.all(Number(chunk))) {
          const pairs = pairsOf(stored);
          const kept = [...pairs].filter((_, at) => !gone.has(pairs[at - (at % 2)] ?? -1));
          if (kept.length === pairs.length) continue;
          if (kept.length === 0) sql.dropPosting.run(Number(chunk), String(term));
          else sql.setPosting.run(bytesOf(Uint16Array.from(kept)), Number(chunk), String(term));
        }
      }
    },
  };
}

interface StoredPostings {
  readonly [column: string]: unknown;
}

function joinOf(found: readonly StoredPostings[]): Postings {
  const parts = found.map(({ chunk, docs }) => ({ first: Number(chunk) * chunkSize, pairs: pairsOf(docs) }));
  const length = parts.reduce((sum, { pairs }) => sum + pairs.length / 2, 0);
  const [ids, counts] = [new Uint32Array(length), new Uint32Array(length)];
  let next = 0;
  for (const { first, pairs } of parts) {
    for (let at = 0; at < pairs.length; at += 2, next++) {
      ids[next] = first + (pairs[at] ?? 0);
      counts[next] = pairs[at + 1] ?? 0;
    }
  }
  return { ids, counts };
}

/** Several terms as if they were one. */
function sumOf(found: readonly StoredPostings[]): Postings {
  const { ids, counts } = joinOf(found);
  const sums = new Map<number, number>();
  for (let at = 0; at < ids.length; at++) {
    const id = ids[at] ?? 0;
    sums.set(id, (sums.get(id) ?? 0) + (counts[at] ?? 0));
  }
  return { ids: Uint32Array.from(sums.keys()), counts: Uint32Array.from(sums.values()) };
}

function countsOf(tokens: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const token of tokens) counts.set(token, Math.min(0xffff, (counts.get(token) ?? 0) + 1));
  return counts;
}

function pairsOf(stored: unknown): Uint16Array {
  return new Uint16Array(Uint8Array.from(bytesOf(stored)).buffer);
}

function bytesOf(stored: unknown): Uint8Array {
  if (!ArrayBuffer.isView(stored)) throw new Error("the index holds something other than bytes");
  return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
}
