import { z } from "zod";
import type { Usage } from "../protocol/index.ts";
import { responseUsageSchema } from "./wire-response.ts";

/** No request has a trillion tokens: what claims so has reported nothing. */
const count = z.number().nonnegative().max(1e12).nullish().catch(undefined);

const wireUsageSchema = z.object({
  prompt_tokens: count,
  completion_tokens: count,
  total_tokens: count,
  prompt_tokens_details: z.object({ cached_tokens: count, cache_write_tokens: count }).nullish().catch(undefined),
  completion_tokens_details: z.object({ reasoning_tokens: count }).nullish().catch(undefined),
  /** DeepSeek's name for cached tokens. */
  prompt_cache_hit_tokens: count,
});

/**
 * What an endpoint reports, in disjoint buckets (rule 27): cached tokens leave `input`, reasoning leaves `output`, and
 * no bucket is ever negative. Undefined where nothing usable was reported, all zeros included: the caller estimates.
 */
export function normaliseUsage(wire: unknown): Usage | undefined {
  const parsed = wireUsageSchema.safeParse(wire);
  if (!parsed.success) return undefined;
  const { data } = parsed;
  const prompt = whole(data.prompt_tokens);
  const completion = whole(data.completion_tokens);
  if (prompt + completion === 0) return undefined;

  const cached = data.prompt_tokens_details?.cached_tokens ?? data.prompt_cache_hit_tokens;
  const cacheRead = Math.min(prompt, whole(cached));
  const cacheWrite = Math.min(prompt - cacheRead, whole(data.prompt_tokens_details?.cache_write_tokens));
  const reasoning = whole(data.completion_tokens_details?.reasoning_tokens);
  // Some endpoints count reasoning beside the completion and not in it: the total tells.
  const beside = reasoning > 0 && whole(data.total_tokens) === prompt + completion + reasoning;
  return {
    input: prompt - cacheRead - cacheWrite,
    cacheRead,
    cacheWrite,
    output: beside ? completion : Math.max(0, completion - reasoning),
    reasoning: beside ? reasoning : Math.min(completion, reasoning),
    estimated: false,
  };
}

/** The same for the Responses API, which counts alike under other names. */
export function normaliseResponseUsage(wire: unknown): Usage | undefined {
  const parsed = responseUsageSchema.safeParse(wire);
  if (!parsed.success) return undefined;
  const { input_tokens, output_tokens, total_tokens, input_tokens_details, output_tokens_details } = parsed.data;
  return normaliseUsage({
    prompt_tokens: input_tokens,
    completion_tokens: output_tokens,
    total_tokens,
    prompt_tokens_details: input_tokens_details,
    completion_tokens_details: output_tokens_details,
  });
}

const whole = (tokens: number | null | undefined): number => Math.round(tokens ?? 0);
