import { type Line, median } from "../line.ts";
import type { Case, Figure } from "./cases.ts";
import type { Figures } from "./worker.ts";

export function linesOf(one: Case, ours: readonly Figures[], floor: readonly Figures[]): Line[] {
  return one.figures.map((figure) => lineOf(one, figure, ours, floor));
}

function lineOf({ name }: Case, figure: Figure, ours: readonly Figures[], floor: readonly Figures[]): Line {
  const mine = median(ours.map((figures) => figures[figure.of] ?? 0));
  const theirs = figure.against
    ? median(ours.map((figures) => figures[figure.against ?? ""] ?? 0))
    : median(floor.map((figures) => figures[figure.of] ?? 0));
  return {
    case: figure.name ?? name,
    unit: figure.unit,
    ours: mine,
    floor: theirs,
    ratio: figure.rate ? theirs / mine : mine / theirs,
    target: figure.target,
    rounds: ours.length,
  };
}
