import { z } from "zod";
import { toolCallSchema, toolOutcomeSchema } from "./tool.ts";
import { usageSchema } from "./usage.ts";

export const textPartSchema = z.object({ type: z.literal("text"), text: z.string() });

export const reasoningPartSchema = z.object({ type: z.literal("reasoning"), text: z.string() });

export const toolCallPartSchema = z.object({ type: z.literal("tool_call"), call: toolCallSchema });

export const toolResultPartSchema = z.object({
  type: z.literal("tool_result"),
  callId: z.string(),
  name: z.string(),
  outcome: toolOutcomeSchema,
});

export const partSchema = z.discriminatedUnion("type", [
  textPartSchema,
  reasoningPartSchema,
  toolCallPartSchema,
  toolResultPartSchema,
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
