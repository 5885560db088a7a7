import { z } from "zod";

const common = {
  id: z.string(),
  /** ISO 8601, UTC. */
  at: z.string(),
};

/**
 * What stands in a thread's log beside messages and changes how they are read. Marks are appended like messages, so the
 * log is never rewritten: whoever reads a conversation applies them (`memory/conversation.ts`).
 */
export const markSchema = z.discriminatedUnion("type", [
  /** Compaction: the model is shown `text` in place of the rows from `from` to `to`, both included. */
  z.object({
    type: z.literal("summary"),
    ...common,
    from: z.number().int().positive(),
    to: z.number().int().positive(),
    text: z.string(),
    /** Who wrote it. */
    model: z.string(),
    tokensBefore: z.number().int(),
    tokensAfter: z.number().int(),
  }),
  /** The summary with this id no longer counts. */
  z.object({ type: z.literal("uncompact"), ...common, summary: z.string() }),
  /** The conversation goes on behind row `to` (0: from its start); what stood between is kept, but no longer part of it. */
  z.object({ type: z.literal("rewind"), ...common, to: z.number().int().nonnegative() }),
]);
export type Mark = z.infer<typeof markSchema>;
export type Summary = Extract<Mark, { type: "summary" }>;
