import { z } from "zod";

/** Where a fact holds: everywhere, in one folder, or in one thread. */
export const factScopeSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("user") }),
  z.object({ kind: z.literal("project"), folder: z.string() }),
  z.object({ kind: z.literal("thread"), thread: z.string() }),
]);
export type FactScope = z.infer<typeof factScopeSchema>;

/** The message a fact came from. */
export const factSourceSchema = z.object({
  thread: z.string(),
  seq: z.number().int().positive(),
  role: z.enum(["user", "assistant", "tool"]),
});
export type FactSource = z.infer<typeof factSourceSchema>;

/**
 * A long-term memory. Facts are only added: a correction is a new fact that supersedes the old one. Provenance is
 * stamped by the harness, never by the model.
 */
export const factSchema = z.object({
  id: z.string(),
  text: z.string(),
  scope: factScopeSchema,
  /** Empty for what the user wrote by hand with `chingu memory save`. */
  source: z.array(factSourceSchema),
  by: z.enum(["user", "assistant"]),
  /** ISO 8601, UTC: when it was saved. */
  at: z.string(),
  /** ISO 8601, UTC: from when, and until when, it holds. */
  validFrom: z.string(),
  validTo: z.string().optional(),
  /** The fact this one takes the place of. */
  supersedes: z.string().optional(),
  /** Always shown to the model, before the others, and kept by compaction. */
  pinned: z.boolean().default(false),
});
export type Fact = z.infer<typeof factSchema>;
