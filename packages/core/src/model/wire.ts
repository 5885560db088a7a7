import { z } from "zod";

/** Objects where the format asks for text: some endpoints send arguments already parsed. */
const argumentsSchema = z.union([z.string(), z.record(z.string(), z.unknown())]).nullish();

const functionSchema = z.object({ name: z.string().nullish(), arguments: argumentsSchema });

const callSchema = z.object({
  index: z.number().int().nullish(),
  id: z.string().nullish(),
  function: functionSchema.nullish(),
});

/** A `delta` of a stream, or the `message` of a whole answer: the fields are the same. */
const pieceSchema = z.object({
  content: z.string().nullish(),
  reasoning_content: z.string().nullish(),
  reasoning: z.string().nullish(),
  refusal: z.string().nullish(),
  tool_calls: z.array(callSchema).nullish(),
  /** What tool calls were before they were several. */
  function_call: functionSchema.nullish(),
});

const tokenSchema = z.object({ token: z.string(), logprob: z.number() });

/** A streamed chunk or a whole answer of Chat Completions, as tolerant as endpoints are different. */
export const answerSchema = z.object({
  model: z.string().nullish(),
  choices: z
    .array(
      z.object({
        index: z.number().int().nullish(),
        delta: pieceSchema.nullish(),
        message: pieceSchema.nullish(),
        finish_reason: z.string().nullish(),
        logprobs: z
          .object({ content: z.array(tokenSchema.extend({ top_logprobs: z.array(tokenSchema).nullish() })).nullish() })
          .nullish()
          .catch(undefined),
      }),
    )
    .nullish(),
  usage: z.unknown().optional(),
  error: z.unknown().optional(),
});

export type WireAnswer = z.infer<typeof answerSchema>;
export type WirePiece = z.infer<typeof pieceSchema>;
export type WireCall = z.infer<typeof callSchema>;
