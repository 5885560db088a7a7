/** One figure, as `--json` prints it. `ratio` and `target` are costs: smaller is better. */
export interface Line {
  readonly case: string;
  readonly unit: string;
  readonly ours: number;
  /** Absent where the target is a figure of its own and not a ratio. */
  readonly floor: number | null;
  readonly ratio: number | null;
  readonly target: number | null;
  readonly rounds: number;
}

export function printLine(bench: string, line: Line, json: boolean): void {
  const { ours, floor, ratio, target } = line;
  if (json) {
    const short = { ours: round(ours), floor: round(floor), ratio: round(ratio), target: round(target) };
    console.log(JSON.stringify({ bench, ...line, ...short }));
    return;
  }
  const verdict = target === null ? "" : (ratio ?? ours) <= target ? "met" : "MISSED";
  const cells = [shown(ours), shown(floor), ratio?.toFixed(2) ?? "–", target?.toFixed(2) ?? "–"];
  console.log(
    `${line.case.padEnd(48)} ${line.unit.padEnd(12)} ${cells.map((cell) => cell.padStart(9)).join("")}  ${verdict}`,
  );
}

export function printHead(): void {
  const cells = ["ours", "floor", "ratio", "target"].map((cell) => cell.padStart(9)).join("");
  console.log(`${"case".padEnd(48)} ${"unit".padEnd(12)} ${cells}`);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = 0, high = 0] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return (low + high) / 2;
}

const round = (value: number | null) => value && Number(value.toPrecision(4));
const shown = (value: number | null) =>
  value === null ? "–" : value >= 1000 ? value.toFixed(0) : value.toPrecision(3);
