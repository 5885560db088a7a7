import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { z } from "zod";
import type { Failure } from "../protocol/index.ts";
import type { Prices } from "./price.ts";

const rate = z.number().nonnegative();
const ratesShape = {
  input: rate,
  output: rate,
  cacheRead: rate.optional(),
  cacheWrite: rate.optional(),
  reasoning: rate.optional(),
};

/** `prices.yaml`: by the model's name, dollars per million tokens. */
const fileSchema = z.strictObject({
  prices: z.record(
    z.string().min(1),
    z.strictObject({
      ...ratesShape,
      above: z.strictObject({ ...ratesShape, tokens: z.number().int().positive() }).optional(),
    }),
  ),
});

export type LoadedPrices =
  | { readonly kind: "loaded"; readonly prices: Prices }
  | { readonly kind: "failed"; readonly failure: Failure };

/**
 * The user's own prices from a YAML or JSON file, over the table's. A missing file has none; one that cannot be read or
 * understood is a failure that names file and key: a budget must not run on a price nobody meant.
 */
export async function loadPrices(file: string): Promise<LoadedPrices> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === "ENOENT" || code === "ENOTDIR" ? { kind: "loaded", prices: { own: {} } } : failed(file, message);
  }
  let value: unknown;
  try {
    value = parse(text) ?? { prices: {} };
  } catch (error) {
    return failed(file, (error as Error).message.split("\n")[0] ?? "it is not YAML");
  }
  const parsed = fileSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return failed(file, `${issue?.path.join(".") || "the file"}: ${issue?.message}`);
  }
  const own = Object.fromEntries(
    Object.entries(parsed.data.prices).map(([model, rates]) => [model, { ...rates, source: file }]),
  );
  // Absent keys are absent, as zod leaves them.
  return { kind: "loaded", prices: { own: own as Prices["own"] } };
}

function failed(file: string, what: string): LoadedPrices {
  return {
    kind: "failed",
    failure: {
      code: "usage",
      message: `The prices in ${file} cannot be read: ${what}.`,
      hint: "Write `prices: { MODEL: { input: 1.25, output: 10 } }`, in dollars per million tokens.",
    },
  };
}
