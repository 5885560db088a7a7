import type { Io } from "../io.ts";
import type { OutputForm } from "./turn-writer.ts";

/** Writes a list: for a person the `text` of each row, for a program one JSON array, or one object a line. */
export function writeRows<Row>(
  rows: readonly Row[],
  text: (row: Row) => string,
  form: OutputForm,
  { stdout }: Pick<Io, "stdout">,
): void {
  if (form === "json") stdout.write(`${JSON.stringify(rows)}\n`);
  else for (const row of rows) stdout.write(`${form === "jsonl" ? JSON.stringify(row) : text(row)}\n`);
}
