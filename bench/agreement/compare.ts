import { z } from "zod";

const cellResultSchema = z.object({
  value: z.string().optional(),
  type: z.string().optional(),
  stdout: z.string().optional(),
  error: z.string().optional(),
  line: z.number().optional(),
});
/** What CPython returned for one cell: the value is that of its last expression. */
export type CellResult = z.infer<typeof cellResultSchema>;

export const rowSchema = z.object({
  id: z.string(),
  program: z.array(z.string()),
  cls: z.enum(["ok", "error", "timeout", "nondeterministic"]),
  cpython: z.array(cellResultSchema),
});
export type Row = z.infer<typeof rowSchema>;

/** One of our cells, as far as it is compared. */
export interface OurCell extends CellResult {
  readonly limit?: string;
  /** Wall time beyond the limit it was given; negative within it. */
  readonly overMs: number;
}

/** Why a cell is not the same; undefined when it is. Of an error the type counts, its line is told apart. */
export function differenceOf(expected: CellResult, ours: OurCell | undefined): string | undefined {
  if (ours === undefined) return "not run";
  if (expected.error !== ours.error) return `${ours.error ?? "no error"}, not ${expected.error ?? "a result"}`;
  if (expected.error !== undefined) return undefined;
  if (expected.value !== undefined && !sameValue(expected.value, ours.value)) {
    return `value ${ours.value ?? "none"}, not ${expected.value}`;
  }
  if (expected.stdout !== undefined && !sameText(expected.stdout, ours.stdout ?? "")) {
    return `printed ${JSON.stringify(ours.stdout)}, not ${JSON.stringify(expected.stdout)}`;
  }
  return undefined;
}

function sameValue(expected: string, ours: string | undefined): boolean {
  if (ours === undefined) return false;
  return sameText(expected, ours) || sameNumber(expected, ours);
}

function sameText(a: string, b: string): boolean {
  return a.replace(/\s/g, "") === b.replace(/\s/g, "");
}

function sameNumber(a: string, b: string): boolean {
  if (a.trim() === "" || b.trim() === "") return false;
  const [x, y] = [Number(a), Number(b)];
  return Math.abs(x - y) <= 1e-9 * Math.max(Math.abs(x), Math.abs(y));
}
