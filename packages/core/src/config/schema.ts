import { z } from "zod";
import { durationSchema } from "./duration.ts";

const providerSchema = z.strictObject({
  baseURL: z.url({ protocol: /^https?$/, error: "must be an http:// or https:// URL" }),
  apiKey: z.string().min(1).optional(),
  apiKeyEnv: z.string().min(1).optional(),
  headers: z.record(z.string(), z.string()).optional(),
  models: z.array(z.string().min(1)).optional(),
});

const providersSchema = z.record(
  z.string().regex(/^[\w.-]+$/, "a provider's name is made of letters, digits, `-`, `_` and `.`"),
  providerSchema,
);

/** The configuration file, whichever layer it stands in. Unknown keys are errors: a misspelt setting must not be silent. */
export const configSchema = z.strictObject({
  /** `provider/model`, an alias, `embedded`, `embedded:small`, or a name for OPENAI_BASE_URL. */
  model: z.string().min(1).optional(),
  /** Endpoints by name, for `provider/model`. */
  providers: providersSchema.optional(),
  /** Short names for models. */
  aliases: z.record(z.string().min(1), z.string().min(1)).optional(),
  memory: z.strictObject({ url: z.string().min(1).optional() }).optional(),
  /** Added to Chingu's own instructions. */
  system: z.string().optional(),
  maxSteps: z.number().int().positive().optional(),
  timeouts: z
    .strictObject({
      firstEvent: durationSchema.optional(),
      betweenEvents: durationSchema.optional(),
      step: durationSchema.optional(),
      tool: durationSchema.optional(),
      turn: durationSchema.optional(),
    })
    .optional(),
  /** Tools that may run without asking, by name; `*` stands for anything: `files__*`. */
  allow: z.array(z.string()).optional(),
  language: z.enum(["ko", "en"]).optional(),
});
export type Config = z.infer<typeof configSchema>;
