import { z } from "zod";

/** A program that ran and what came out of it. `hash` is over language, program, value and stdout. */
export const computationSchema = z.object({
  kind: z.literal("computation"),
  tool: z.string(),
  language: z.string(),
  program: z.string(),
  value: z.string(),
  stdout: z.string(),
  hash: z.string().startsWith("sha256:"),
});

/**
 * Evidence attached to an answer, made by the harness from what a tool returned, never by the model.
 * Quotations and memories join this union with the tools that make them.
 */
export const receiptSchema = z.discriminatedUnion("kind", [
  computationSchema.extend({
    id: z.string(),
    /** Where several programs were asked for: how many of them gave this value, itself included. */
    agreement: z.object({ programs: z.number().int(), of: z.number().int() }).optional(),
  }),
]);
export type Receipt = z.infer<typeof receiptSchema>;

/** A receipt before the turn has numbered it, as a tool's definition makes it. */
export const receiptDraftSchema = z.discriminatedUnion("kind", [computationSchema.omit({ hash: true })]);
export type ReceiptDraft = z.infer<typeof receiptDraftSchema>;
