import { z } from "zod";

/**
 * Tokens of one or more model calls in disjoint buckets (rule 27): a token is counted in exactly one.
 * `input` holds what was neither read from nor written to a provider's cache; `output` leaves reasoning out.
 */
export const usageSchema = z.object({
  input: z.number().int().nonnegative(),
  cacheRead: z.number().int().nonnegative(),
  cacheWrite: z.number().int().nonnegative(),
  output: z.number().int().nonnegative(),
  reasoning: z.number().int().nonnegative(),
  /** True when any part was estimated because the provider reported nothing; shown with `~`. */
  estimated: z.boolean(),
});
export type Usage = z.infer<typeof usageSchema>;

export const noUsage: Usage = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0, estimated: false };

export function addUsage(a: Usage, b: Usage): Usage {
  return {
    input: a.input + b.input,
    cacheRead: a.cacheRead + b.cacheRead,
    cacheWrite: a.cacheWrite + b.cacheWrite,
    output: a.output + b.output,
    reasoning: a.reasoning + b.reasoning,
    estimated: a.estimated || b.estimated,
  };
}
