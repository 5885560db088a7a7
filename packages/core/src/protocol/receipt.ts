import { z } from "zod";

/** A program that ran and what came out of it. `hash` is over language, program, value and stdout. */
export const computationSchema = z.object({
  kind: z.literal("computation"),
  tool: z.string(),
  language: z.string(),
  program: z.string(),
  value: z.string(),
  /** `value` is only the beginning of what the program gave. */
  truncated: z.literal(true).optional(),
  stdout: z.string(),
  hash: z.string().startsWith("sha256:"),
});

/** Messages of earlier conversations that were found and quoted to the model. `hash` is over query and messages. */
export const recollectionSchema = z.object({
  kind: z.literal("memory"),
  tool: z.string(),
  query: z.string(),
  messages: z.array(
    z.object({
      thread: z.string(),
      /** The row in the thread's log. */
      seq: z.number().int().positive(),
      /** The message's own id. */
      id: z.string(),
      role: z.enum(["user", "assistant", "tool"]),
      /** ISO 8601, UTC. */
      at: z.string(),
      /** As much of it as the model was shown. */
      quote: z.string(),
    }),
  ),
  hash: z.string().startsWith("sha256:"),
});

/**
 * Evidence attached to an answer, made by the harness from what a tool returned, never by the model.
 * Quotations join this union with the tools that make them.
 */
export const receiptSchema = z.discriminatedUnion("kind", [
  computationSchema.extend({
    id: z.string(),
    /** Where several programs were asked for: how many of them gave this value, itself included. */
    agreement: z.object({ programs: z.number().int(), of: z.number().int() }).optional(),
  }),
  recollectionSchema.extend({ id: z.string() }),
]);
export type Receipt = z.infer<typeof receiptSchema>;
export type ComputationReceipt = Extract<Receipt, { kind: "computation" }>;

/** A receipt before the turn has numbered it, as a tool's definition makes it. */
export const receiptDraftSchema = z.discriminatedUnion("kind", [
  computationSchema.omit({ hash: true }),
  recollectionSchema.omit({ hash: true }),
]);
export type ReceiptDraft = z.infer<typeof receiptDraftSchema>;
