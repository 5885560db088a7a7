import { z } from "zod";

/** No request has a trillion tokens: what claims so has reported nothing. */
const count = z.number().nonnegative().max(1e12).nullish().catch(undefined);

/** An item of a response's output, as far as it is read: text, refusals, reasoning, function calls. */
const itemSchema = z.object({
  type: z.string(),
  id: z.string().nullish(),
  call_id: z.string().nullish(),
  name: z.string().nullish(),
  arguments: z.string().nullish(),
  encrypted_content: z.string().nullish(),
  content: z
    .array(z.object({ type: z.string(), text: z.string().nullish(), refusal: z.string().nullish() }))
    .nullish()
    .catch(undefined),
  summary: z
    .array(z.object({ text: z.string().nullish() }))
    .nullish()
    .catch(undefined),
});
export type WireItem = z.infer<typeof itemSchema>;

const errorSchema = z.object({ code: z.string().nullish(), message: z.string().nullish() });

/** A whole response; in a stream it comes with the last event. */
export const responseSchema = z.object({
  object: z.string().nullish(),
  model: z.string().nullish(),
  status: z.string().nullish(),
  output: z.array(itemSchema).nullish(),
  incomplete_details: z.object({ reason: z.string().nullish() }).nullish(),
  error: errorSchema.nullish(),
  usage: z.unknown().optional(),
});
export type WireResponse = z.infer<typeof responseSchema>;

/** A server-sent event of the Responses API. Those that are not read have fields of their own, which are let pass. */
export const responseEventSchema = z.object({
  type: z.string(),
  output_index: z.number().int().nonnegative().nullish(),
  delta: z.string().nullish().catch(undefined),
  item: itemSchema.nullish(),
  response: responseSchema.nullish(),
  // Of `error` events, which some endpoints nest and some do not.
  code: z.string().nullish(),
  message: z.string().nullish(),
  error: errorSchema.nullish().catch(undefined),
});
export type WireResponseEvent = z.infer<typeof responseEventSchema>;

export const responseUsageSchema = z.object({
  input_tokens: count,
  output_tokens: count,
  total_tokens: count,
  input_tokens_details: z.object({ cached_tokens: count, cache_write_tokens: count }).nullish().catch(undefined),
  output_tokens_details: z.object({ reasoning_tokens: count }).nullish().catch(undefined),
});
