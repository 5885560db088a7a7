import { z } from "zod";
import { durationSchema } from "./duration.ts";

const providerSchema = z.strictObject({
  baseURL: z.url({ protocol: /^https?$/, error: "must be an http:// or https:// URL" }),
  apiKey: z.string().min(1).optional(),
  apiKeyEnv: z.string().min(1).optional(),
  headers: z.record(z.string(), z.string()).optional(),
  /** Which API its models speak; the capability table decides when left out. */
  api: z.enum(["chat", "responses"]).optional(),
  models: z.array(z.string().min(1)).optional(),
});

const providersSchema = z.record(
  z.string().regex(/^[\w.-]+$/, "a provider's name is made of letters, digits, `-`, `_` and `.`"),
  providerSchema,
);

const dollars = z.number().positive();

/** What a turn may spend, and all turns of a day. */
const budgetSchema = z.strictObject({
  /** US dollars. */
  maxCost: dollars.optional(),
  maxTokens: z.number().int().positive().optional(),
  maxSteps: z.number().int().positive().optional(),
  maxTime: durationSchema.optional(),
  perDay: z.strictObject({ maxCost: dollars.optional() }).optional(),
});

const approvalSchema = z.strictObject({
  allow: z.array(z.string()).optional(),
  ask: z.array(z.string()).optional(),
  deny: z.array(z.string()).optional(),
});

/** The configuration file, whichever layer it stands in. Unknown keys are errors: a misspelt setting must not be silent. */
export const configSchema = z.strictObject({
  /** `provider/model`, an alias, `embedded`, `embedded:small`, or a name for OPENAI_BASE_URL. */
  model: z.string().min(1).optional(),
  /** Models to go on with, in this order, when the first cannot be had. */
  fallback: z.array(z.string().min(1)).optional(),
  /** Endpoints by name, for `provider/model`. */
  providers: providersSchema.optional(),
  /** Short names for models. */
  aliases: z.record(z.string().min(1), z.string().min(1)).optional(),
  memory: z
    .strictObject({
      url: z.string().min(1).optional(),
      /** When that store cannot be reached: an error, or threads are kept on this machine until it is back. */
      fallback: z.enum(["none", "embedded"]).optional(),
      /** Whether the model is asked for a summary before older messages of a long thread are left out; true when left out. */
      summaries: z.boolean().optional(),
      /** A model that turns texts into vectors, so that search finds by meaning too: its name, and whose it is. */
      embeddings: z.strictObject({ model: z.string().min(1), provider: z.string().min(1).optional() }).optional(),
    })
    .optional(),
  /** Added to Chingu's own instructions. */
  system: z.string().optional(),
  maxSteps: z.number().int().positive().optional(),
  /** Hard limits. A project's file may only lower them. */
  budget: budgetSchema.optional(),
  timeouts: z
    .strictObject({
      firstEvent: durationSchema.optional(),
      betweenEvents: durationSchema.optional(),
      step: durationSchema.optional(),
      tool: durationSchema.optional(),
      turn: durationSchema.optional(),
    })
    .optional(),
  tools: z
    .strictObject({
      /** `packages`: a folder of wheels for programs, before the Python packages that Chingu fetches. */
      python: z.strictObject({ packages: z.string().min(1).optional() }).optional(),
    })
    .optional(),
  /** Which tool calls run, ask or are denied: `TOOL` or `TOOL(argument=pattern)`; `*` stands for anything. */
  approval: approvalSchema.optional(),
  language: z.enum(["ko", "en"]).optional(),
});
export type Config = z.infer<typeof configSchema>;
