import { join } from "node:path";
import { allPrices, foldersOf, loadPrices, type Price } from "@chingu/core";
import { sanitizeLine } from "@chingu/core/text";
import type { Io } from "../io.ts";
import { CommandFailure } from "../output/report-failure.ts";
import { writeRows } from "../output/rows.ts";
import type { CommonFlags } from "../settings.ts";

/** Dollars per million tokens; null where nobody has said. */
interface PriceRow {
  readonly model: string;
  readonly known: boolean;
  readonly input: number | null;
  readonly cacheRead: number | null;
  readonly cacheWrite: number | null;
  readonly output: number | null;
  readonly reasoning: number | null;
  /** What holds for a request with more input than `tokens`. */
  readonly above: Price["above"] | null;
  readonly source: string | null;
  readonly asOf: string | null;
}

/**
 * `chingu prices [MODEL…]`: what models cost, the user's own prices first. A name that no model bears is told as
 * unknown, never as free; part of a name finds every model that has it.
 */
export async function listPrices(models: readonly string[], flags: CommonFlags, io: Io): Promise<number> {
  const file = join(foldersOf(io.environment, io.home).config, "prices.yaml");
  const loaded = await loadPrices(file);
  if (loaded.kind === "failed") throw new CommandFailure(loaded.failure);
  const all = allPrices(loaded.prices).map(({ model, price }) => rowOf(model, price));
  const rows = models.length === 0 ? all : models.flatMap((wanted) => found(wanted, all));
  if (flags.output === "text" && rows.length > 0) io.stdout.write(`${head}\n`);
  writeRows(rows, rowText, flags.output, io);
  if (!flags.quiet) {
    io.stderr.write(`US dollars per million tokens. Your own prices go into ${file}.\n`);
  }
  return 0;
}

/** The model of that name, else every one whose name has it as a part. */
function found(wanted: string, all: readonly PriceRow[]): PriceRow[] {
  const exact = all.filter(({ model }) => model === wanted);
  const part = exact.length > 0 ? exact : all.filter(({ model }) => model.includes(wanted));
  return part.length > 0 ? part : [unknown(wanted)];
}

function rowOf(
  model: string,
  { input, output, cacheRead, cacheWrite, reasoning, above, source, asOf }: Price,
): PriceRow {
  return {
    model,
    known: true,
    input,
    cacheRead: cacheRead ?? input,
    cacheWrite: cacheWrite ?? input,
    output,
    reasoning: reasoning ?? output,
    above: above ?? null,
    source,
    asOf: asOf ?? null,
  };
}

const unknown = (model: string): PriceRow => ({
  model,
  known: false,
  input: null,
  cacheRead: null,
  cacheWrite: null,
  output: null,
  reasoning: null,
  above: null,
  source: null,
  asOf: null,
});

const columns = ["input", "cached", "written", "output"];
const head = [`${"model".padEnd(30)}`, ...columns.map((name) => name.padStart(8)), " source"].join(" ");

function rowText({ model, known, input, cacheRead, cacheWrite, output, above, source, asOf }: PriceRow): string {
  const name = sanitizeLine(model).padEnd(30);
  if (!known) return `${name} unknown`;
  const figures = [input, cacheRead, cacheWrite, output].map((rate) => String(rate).padStart(8)).join(" ");
  const more = above ? `; more above ${above.tokens} tokens of input` : "";
  return `${name} ${figures}  ${sanitizeLine(source ?? "")}${asOf ? `, ${asOf}` : ""}${more}`;
}
