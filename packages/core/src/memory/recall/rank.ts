import type { Docs } from "./docs.ts";
import type { Postings } from "./postings.ts";

const bm25 = { k1: 0.9, b: 0.4 };

/** What a match says about the messages around it: an answer seldom repeats the words of its question. */
const nearby = { before: 0.5, after: 0.3, twoBefore: 0.3, twoAfter: 0.2 };

/**
 * How well each document fits, by its number; 0 for one that neither fits nor stands near one that does. The score is
 * BM25 of the message itself, shares of its neighbours' in the same thread, and BM25 of the thread as a whole.
 */
export function scoreDocs(docs: Docs, terms: readonly Postings[]): Float64Array {
  const { own, threads } = scoreWords(docs, terms);
  const after = new Int32Array(docs.count).fill(-1);
  for (let id = 0; id < docs.count; id++) {
    const before = docs.before(id);
    if (before >= 0) after[before] = id;
  }
  const total = new Float64Array(docs.count);
  const add = (id: number, share: number) => {
    if (id >= 0) total[id] = (total[id] ?? 0) + share;
  };
  for (let id = 0; id < docs.count; id++) {
    const score = own[id] ?? 0;
    if (score === 0) continue;
    const before = docs.before(id);
    const following = after[id] ?? -1;
    add(id, score);
    add(following, score * nearby.before);
    add(following < 0 ? -1 : (after[following] ?? -1), score * nearby.twoBefore);
    add(before, score * nearby.after);
    add(before < 0 ? -1 : docs.before(before), score * nearby.twoAfter);
  }
  for (let id = 0; id < docs.count; id++) {
    if (total[id]) add(id, threads[docs.thread(id)] ?? 0);
  }
  return total;
}

/** BM25 of each document and, by its number, of each thread. */
function scoreWords(docs: Docs, terms: readonly Postings[]): { own: Float64Array; threads: Float64Array } {
  const { live, words, threadWords, threadCount } = measure(docs);
  const own = new Float64Array(docs.count);
  const threads = new Float64Array(threadWords.length);
  const counts = new Float64Array(threadWords.length);
  for (const { ids, counts: times } of terms) {
    const idf = rarity(ids.length, live);
    const touched: number[] = [];
    for (let at = 0; at < ids.length; at++) {
      const id = ids[at] ?? 0;
      const count = times[at] ?? 0;
      own[id] = (own[id] ?? 0) + idf * saturate(count, (docs.length(id) * live) / words);
      const thread = docs.thread(id);
      const before = counts[thread] ?? 0;
      if (before === 0) touched.push(thread);
      counts[thread] = before + count;
    }
    const threadIdf = rarity(touched.length, threadCount);
    for (const thread of touched) {
      const relative = ((threadWords[thread] ?? 0) * threadCount) / words;
      threads[thread] = (threads[thread] ?? 0) + threadIdf * saturate(counts[thread] ?? 0, relative);
      counts[thread] = 0;
    }
  }
  return { own, threads };
}

/** How much there is, as a whole and in each thread, in tokens. */
function measure(docs: Docs): { live: number; words: number; threadWords: Float64Array; threadCount: number } {
  let highest = 0;
  for (let id = 0; id < docs.count; id++) highest = Math.max(highest, docs.thread(id));
  const threadWords = new Float64Array(highest + 1);
  let [live, words, threadCount] = [0, 0, 0];
  for (let id = 0; id < docs.count; id++) {
    const thread = docs.thread(id);
    if (thread === 0) continue;
    const before = threadWords[thread] ?? 0;
    const length = docs.length(id);
    if (before === 0) threadCount++;
    threadWords[thread] = before + length;
    words += length;
    live++;
  }
  return { live, words, threadWords, threadCount };
}

function rarity(found: number, of: number): number {
  return Math.log(1 + (of - found + 0.5) / (found + 0.5));
}

/** `relative` is the length in average lengths. */
function saturate(count: number, relative: number): number {
  const { k1, b } = bm25;
  return (count * (k1 + 1)) / (count + k1 * (1 - b + b * relative));
}
