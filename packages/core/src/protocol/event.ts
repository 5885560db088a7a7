import { z } from "zod";
import { messageSchema } from "./message.ts";
import { failureSchema, turnResultSchema, turnStatusSchema } from "./result.ts";
import { toolCallSchema, toolOutcomeSchema } from "./tool.ts";
import { usageSchema } from "./usage.ts";

const stamp = {
  turnId: z.string(),
  /** Counts from 0 within the turn, without gaps. */
  seq: z.number().int(),
  /** ISO 8601, UTC. */
  at: z.string(),
};

const event = <Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) =>
  z.object({ type: z.literal(type), ...stamp, ...shape });

/** Everything that happens in a turn, on one stream that ends with exactly one `turn_end`. */
export const agentEventSchema = z.discriminatedUnion("type", [
  event("turn_start", { threadId: z.string(), model: z.string() }),
  event("step_start", { step: z.number().int() }),
  event("text_delta", { text: z.string() }),
  event("reasoning_delta", { text: z.string() }),
  /** For display only: arguments as they arrive. */
  event("tool_call_delta", { index: z.number().int(), name: z.string(), arguments: z.string() }),
  event("tool_call", { call: toolCallSchema }),
  event("approval_request", { call: toolCallSchema, reason: z.string() }),
  event("approval", { callId: z.string(), allowed: z.boolean(), reason: z.string() }),
  event("tool_start", { callId: z.string(), name: z.string() }),
  event("tool_progress", {
    callId: z.string(),
    progress: z.number(),
    total: z.number().optional(),
    message: z.string().optional(),
  }),
  event("tool_end", { callId: z.string(), name: z.string(), outcome: toolOutcomeSchema }),
  /** A message that is now stored. */
  event("message", { message: messageSchema }),
  event("usage", { model: z.string(), usage: usageSchema }),
  /** The model call is made again; text streamed since `step_start` is withdrawn. */
  event("retry", { attempt: z.number().int(), delayMs: z.number(), error: failureSchema }),
  /** Messages were left out of the request so that it fits the model's window; the log keeps them. */
  event("compaction", {
    reason: z.enum(["window", "overflow"]),
    droppedMessages: z.number().int(),
    tokensBefore: z.number().int(),
    tokensAfter: z.number().int(),
  }),
  /** Something worth a line: a model loading, a message that could not be stored. `progress` runs from 0 to 1. */
  event("notice", { code: z.string(), text: z.string(), progress: z.number().optional() }),
  event("turn_end", { reason: turnStatusSchema, result: turnResultSchema }),
]);
export type AgentEvent = z.infer<typeof agentEventSchema>;

type WithoutStamp<Event> = Event extends AgentEvent ? Omit<Event, keyof typeof stamp> : never;

/** An event before the turn has stamped it with its id, number and time. */
export type UnstampedEvent = WithoutStamp<AgentEvent>;
