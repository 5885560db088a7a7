import type { Case, Figure } from "./cases.ts";
import type { Figures } from "./worker.ts";

/** One figure, as `--json` prints it. `ratio` and `target` are costs: smaller is better. */
export interface Line {
  readonly case: string;
  readonly unit: string;
  readonly ours: number;
  readonly floor: number;
  readonly ratio: number;
  readonly target: number | null;
  readonly rounds: number;
}

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

export function printLine(line: Line, json: boolean, bench = "loop"): void {
  if (json) {
    const { ours, floor, ratio, target } = line;
    const short = { ours: round(ours), floor: round(floor), ratio: round(ratio), target: target && round(target) };
    console.log(JSON.stringify({ bench, ...line, ...short }));
    return;
  }
  const { ratio, target } = line;
  const verdict = target === null ? "" : ratio <= target ? "met" : "MISSED";
  const cells = [shown(line.ours), shown(line.floor), ratio.toFixed(2), target?.toFixed(2) ?? "–"];
  console.log(
    `${line.case.padEnd(48)} ${line.unit.padEnd(12)} ${cells.map((cell) => cell.padStart(9)).join("")}  ${verdict}`,
  );
}

export function printHead(): void {
  const cells = ["ours", "floor", "ratio", "target"].map((cell) => cell.padStart(9)).join("");
  console.log(`${"case".padEnd(48)} ${"unit".padEnd(12)} ${cells}`);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = 0, high = 0] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return (low + high) / 2;
}

const round = (value: number) => Number(value.toPrecision(4));
const shown = (value: number) => (value >= 1000 ? value.toFixed(0) : value.toPrecision(3));
