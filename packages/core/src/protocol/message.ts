import { z } from "zod";
import { toolCallSchema, toolOutcomeSchema } from "./tool.ts";
import { usageSchema } from "./usage.ts";

export const textPartSchema = z.object({
  type: z.literal("text"),
  text: z.string(),
  /** In a user message: the file or pipe it was read from; absent for the person's own words. */
  from: z.string().optional(),
});

/** Bytes in base64, without the head of a data URL. */
const bytesSchema = z.base64();

/** A picture the user showed. */
export const imagePartSchema = z.object({
  type: z.literal("image"),
  /** `image/png`, `image/jpeg`… */
  mediaType: z.string().regex(/^image\/[\w.+-]+$/),
  data: bytesSchema,
  name: z.string().optional(),
});
export type ImagePart = z.infer<typeof imagePartSchema>;

/** Any other file the user gave as it is: a PDF. */
export const filePartSchema = z.object({
  type: z.literal("file"),
  mediaType: z.string().regex(/^[\w.+-]+\/[\w.+-]+$/),
  data: bytesSchema,
  name: z.string(),
});
export type FilePart = z.infer<typeof filePartSchema>;

/** What goes with the user's own words in one message. A text says where it is `from`. */
export type Attachment = ImagePart | FilePart | (z.infer<typeof textPartSchema> & { readonly from: string });

export const reasoningPartSchema = z.object({
  type: z.literal("reasoning"),
  text: z.string(),
  /** What the model that wrote it wants back with the next request. No other model gets it (rule 28). */
  replay: z
    .object({
      model: z.string(),
      /** The provider's own id and its sealed form, where it gave them. */
      id: z.string().optional(),
      sealed: z.string().optional(),
      /** The call (our id) it stood before; absent: before the text. */
      beforeCall: z.string().optional(),
    })
    .optional(),
});
export type ReasoningPart = z.infer<typeof reasoningPartSchema>;

export const toolCallPartSchema = z.object({ type: z.literal("tool_call"), call: toolCallSchema });

export const toolResultPartSchema = z.object({
  type: z.literal("tool_result"),
  callId: z.string(),
  name: z.string(),
  outcome: toolOutcomeSchema,
});

/** A call that waits for a person's yes, or what became of the question. For the record: no model is shown it. */
export const approvalPartSchema = z.object({
  type: z.literal("approval"),
  callId: z.string(),
  state: z.enum(["pending", "allowed", "denied"]),
  reason: z.string(),
});

export const partSchema = z.discriminatedUnion("type", [
  textPartSchema,
  imagePartSchema,
  filePartSchema,
  reasoningPartSchema,
  toolCallPartSchema,
  toolResultPartSchema,
  approvalPartSchema,
]);
export type Part = z.infer<typeof partSchema>;

/**
 * How an assistant message ended. Only `complete` ones are replayed to a model (rule 9); the others stay in the log.
 */
export const messageStateSchema = z.enum(["complete", "incomplete", "refused", "aborted", "failed"]);
export type MessageState = z.infer<typeof messageStateSchema>;

/** The stored unit of a thread. Never rewritten once appended. */
export const messageSchema = z.object({
  id: z.string(),
  turnId: z.string(),
  role: z.enum(["user", "assistant", "tool"]),
  parts: z.array(partSchema),
  /** ISO 8601, UTC. */
  at: z.string(),
  state: messageStateSchema.default("complete"),
  /** The model that wrote it. */
  model: z.string().optional(),
  usage: usageSchema.optional(),
  /** What the provider said, kept raw. */
  finishReason: z.string().optional(),
});
export type Message = z.infer<typeof messageSchema>;

/** The message's text parts, joined. */
export function textOf(message: Message): string {
  return message.parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("");
}
