import type { Doc } from "./docs.ts";
import { compareFound, type Found } from "./find.ts";

/** What meaning counts beside words. Measured; with equal weights a weak model makes the answer worse. */
const meaningShare = 0.6;

/**
 * Orders candidates by words and meaning together, each on a scale from 0 to 1 over all of them. The nearest by meaning
 * are candidates too, whether or not they share a word with the question.
 */
export function blend(
  byWords: readonly Found[],
  nearness: ReadonlyMap<number, number>,
  docOf: (id: number) => Doc | undefined,
): Found[] {
  if (nearness.size === 0) return [...byWords];
  const nearest = [...nearness]
    .sort((a, b) => b[1] - a[1])
    .flatMap(([id]) => docOf(id) ?? [])
    .slice(0, byWords.length || 50);
  const candidates = new Map(
    [...nearest.map((doc) => ({ doc, score: 0 })), ...byWords].map((one) => [one.doc.id, one]),
  );
  const wordScale = scaleOf([...candidates.values()].map(({ score }) => score));
  const meaningScale = scaleOf([...candidates.keys()].flatMap((id) => nearness.get(id) ?? []));
  return [...candidates.values()]
    .map(({ doc, score }) => {
      const near = nearness.get(doc.id);
      return { doc, score: wordScale(score) + (near === undefined ? 0 : meaningShare * meaningScale(near)) };
    })
    .sort(compareFound);
}

function scaleOf(values: readonly number[]): (value: number) => number {
  const least = Math.min(...values);
  const range = Math.max(...values) - least;
  return (value) => (range === 0 ? 0 : (value - least) / range);
}
