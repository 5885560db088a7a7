import type { QueryToken } from "../../text/index.ts";
import type { Cues } from "./cues.ts";
import type { Doc, Docs } from "./docs.ts";
import type { Postings, PostingTables } from "./postings.ts";
import { scoreDocs } from "./rank.ts";

/** A document and how well it fits; only the order of scores means anything. */
export interface Found {
  readonly doc: Doc;
  readonly score: number;
}

export interface FindOptions {
  readonly tokens: readonly QueryToken[];
  readonly cues: Cues;
  /** Which documents may be answered; the others still count as neighbours and for how rare a word is. */
  readonly allows: (doc: Doc) => boolean;
  readonly limit: number;
}

/** Words of a question beyond this many, the more frequent ones, would cost much and add next to nothing. */
const mostTokens = 24;
/** A pasted page has more words than are worth looking up. */
const mostLookups = 200;

const roleFactor = 1.5;
/** No cues multiply a score by more than this. */
const mostFactor = roleFactor * 2;

/** People tell of yesterday and of the weekend: a message may be from a few days after the time it is about. */
const toldWithinMs = 3 * 86_400_000;

/** The documents that fit best, best first; of two that fit alike, the newer first. */
export function findDocs(postings: PostingTables, docs: Docs, { tokens, cues, allows, limit }: FindOptions): Found[] {
  const terms = rarest(tokens.slice(0, mostLookups).map((token) => postings.find(token)));
  if (terms.length === 0) return [];
  const scores = scoreDocs(docs, terms);
  const best: Found[] = [];
  let least = 0;
  for (let id = 0; id < docs.count; id++) {
    const words = scores[id] ?? 0;
    if (words === 0 || words * mostFactor < least) continue;
    const doc = docs.doc(id);
    if (!allows(doc)) continue;
    const found = { doc, score: words * cueFactor(doc, cues) };
    const place = placeOf(found, best);
    if (place >= limit) continue;
    best.splice(place, 0, found);
    if (best.length > limit) best.pop();
    if (best.length === limit) least = best.at(-1)?.score ?? 0;
  }
  return best;
}

/** The order of what was found: recency only breaks ties. */
export function compareFound(a: Found, b: Found): number {
  return b.score - a.score || b.doc.at - a.doc.at || b.doc.seq - a.doc.seq;
}

function placeOf(found: Found, best: readonly Found[]): number {
  let [low, high] = [0, best.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = best[middle];
    if (other && compareFound(other, found) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function rarest(found: readonly Postings[]): Postings[] {
  return found
    .filter(({ ids }) => ids.length > 0)
    .sort((a, b) => a.ids.length - b.ids.length)
    .slice(0, mostTokens);
}

function cueFactor({ role, at }: Doc, cues: Cues): number {
  const spoken = role === cues.role ? roleFactor : 1;
  let time = 0;
  for (const { from, to, weight } of cues.times) {
    if (at < from || at >= to + toldWithinMs) continue;
    time = Math.max(time, at < to ? weight : weight / 2);
  }
  return spoken * (1 + time);
}
