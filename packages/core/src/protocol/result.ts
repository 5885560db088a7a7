import { z } from "zod";
import { jsonSchema } from "./json.ts";
import { receiptSchema } from "./receipt.ts";
import { usageSchema } from "./usage.ts";

export const turnStatusSchema = z.enum([
  "completed",
  "refused",
  "incomplete",
  "aborted",
  "failed",
  "max_steps",
  "max_tokens",
  "max_cost",
  "max_time",
  "repeating",
  "denied",
  "unverified",
]);
export type TurnStatus = z.infer<typeof turnStatusSchema>;

/** A failure a user can meet: what happened, to which input, and what to do next. */
export const failureSchema = z.object({
  /** Machine-readable and never translated: `model_unavailable`, `store_unavailable`, `usage`, `internal`… */
  code: z.string(),
  message: z.string(),
  hint: z.string().optional(),
});
export type Failure = z.infer<typeof failureSchema>;

/** Where a piece of text stands in the answer: UTF-16 offsets, end exclusive. */
export const spanSchema = z.object({ text: z.string(), start: z.number().int(), end: z.number().int() });
export type Span = z.infer<typeof spanSchema>;

export const deniedSchema = z.object({ tool: z.string(), arguments: z.string(), reason: z.string() });
export type Denied = z.infer<typeof deniedSchema>;

/** The result of a turn: the JSON object of the headless contract. */
export const turnResultSchema = z.object({
  status: turnStatusSchema,
  answer: z.string(),
  /** The parsed answer when an output schema was given; what the program gave where a program was to answer. */
  value: jsonSchema,
  receipts: z.array(receiptSchema),
  /** Numbers of the answer that stand in no tool output, user message or quote. */
  unsupported: z.array(spanSchema),
  denied: z.array(deniedSchema),
  usage: usageSchema,
  cost: z.object({ usd: z.number().nullable(), known: z.boolean() }),
  model: z.string(),
  steps: z.number().int(),
  threadId: z.string(),
  turnId: z.string(),
  annotations: z.array(z.object({ type: z.string(), start: z.number(), end: z.number(), receipt: z.string() })),
  error: failureSchema.nullable(),
});
export type TurnResult = z.infer<typeof turnResultSchema>;
