import { createHash } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { transaction } from "./index-file.ts";

/** Turns texts into vectors of meaning. Rejects when it cannot; `embed` answers as many as it was given, in order. */
export interface Embedder {
  readonly model: string;
  embed(texts: readonly string[], signal: AbortSignal): Promise<readonly Float32Array[]>;
}

/** The vectors of one model in the index. A text is embedded once, however often it was said. */
export interface VectorTable {
  /** The document behind the newest that has one. */
  readonly next: () => number;
  /** Embeds and keeps the texts of documents, which are to come in order. */
  readonly add: (docs: readonly { id: number; text: string }[], signal: AbortSignal) => Promise<void>;
  /** How near each document is to a text, from -1 to 1. */
  readonly near: (text: string, signal: AbortSignal) => Promise<ReadonlyMap<number, number>>;
}

/** More says little about what a message is about, and small models take no more. */
const longestText = 2_000;

export function openVectors(database: DatabaseSync, embedder: Embedder): VectorTable {
  const { model } = embedder;
  transaction(database, () => database.prepare("delete from vector where model <> ?").run(model));
  const sql = {
    newest: database.prepare("select max(doc) as doc from vector where model = ?"),
    known: database.prepare("select data from vector where hash = ? limit 1"),
    add: database.prepare("insert or replace into vector (doc, model, hash, data) values (?, ?, ?, ?)"),
    behind: database.prepare("select doc, data from vector where model = ? and doc >= ? order by doc"),
  };
  // A vector is never changed, and one of an erased document is passed over by whoever asks.
  const loaded: { doc: number; vector: Float32Array }[] = [];
  const load = () => {
    for (const { doc, data } of sql.behind.all(model, (loaded.at(-1)?.doc ?? -1) + 1)) {
      loaded.push({ doc: Number(doc), vector: vectorOf(data) });
    }
  };

  return {
    next: () => Number(sql.newest.get(model)?.["doc"] ?? -1) + 1,

    async add(docs, signal) {
      const items = docs.map(({ id, text }) => {
        const head = text.slice(0, longestText).toWellFormed();
        const hash = createHash("sha256")
          .update(JSON.stringify([model, head]))
          .digest("hex");
        const stored = sql.known.get(hash);
        return { id, head, hash, known: stored && vectorOf(stored["data"]) };
      });
      const missing = new Map(items.flatMap(({ known, hash, head }) => (known ? [] : [[hash, head] as const])));
      const made = missing.size === 0 ? [] : await embedder.embed([...missing.values()], signal);
      const fresh = new Map([...missing.keys()].map((hash, index) => [hash, made[index]]));
      transaction(database, () => {
        for (const { id, hash, known } of items) {
          const vector = known ?? fresh.get(hash);
          if (vector) sql.add.run(id, model, hash, new Uint8Array(Float32Array.from(vector).buffer));
        }
      });
    },

    async near(text, signal) {
      load();
      if (loaded.length === 0) return new Map();
      const [asked] = await embedder.embed([text.slice(0, longestText).toWellFormed()], signal);
      if (!asked) return new Map();
      return new Map(loaded.map(({ doc, vector }) => [doc, cosine(asked, vector)]));
    },
  };
}

function vectorOf(stored: unknown): Float32Array {
  if (!ArrayBuffer.isView(stored)) throw new Error("the index holds something other than bytes");
  const bytes = new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
  return new Float32Array(Uint8Array.from(bytes).buffer);
}

function cosine(a: Float32Array, b: Float32Array): number {
  let [dot, lengthA, lengthB] = [0, 0, 0];
  for (let at = 0; at < a.length; at++) {
    const [x, y] = [a[at] ?? 0, b[at] ?? 0];
    dot += x * y;
    lengthA += x * x;
    lengthB += y * y;
  }
  return lengthA === 0 || lengthB === 0 ? 0 : dot / Math.sqrt(lengthA * lengthB);
}
