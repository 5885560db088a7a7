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

/** Why no summary stands for what was left out. */
export const summaryRefusalSchema = z.enum([
  "empty",
  /** It reached the output limit. */
  "cut",
  "longer",
  /** It names a number, path, address or identifier that stands nowhere in what it was made from: `detail`. */
  "invented",
  "timeout",
  /** The model could not be asked: `detail`. */
  "failed",
  "refused",
  /** The thread was changed by someone else meanwhile. */
  "changed",
]);
export type SummaryRefusal = z.infer<typeof summaryRefusalSchema>;

const compactionShape = {
  /** `window`: it would not have fitted. `overflow`: the endpoint said so. `request`: a person asked for it. */
  reason: z.enum(["window", "overflow", "request"]),
  /** `stubs`: old tool results became one line each. `summary`: a summary stands for older messages. `cut`: they are left out. */
  kind: z.enum(["stubs", "summary", "cut"]),
  /** How many messages are no longer shown word for word. */
  droppedMessages: z.number().int(),
  /** In which rows they stand, both included. */
  from: z.number().int().optional(),
  to: z.number().int().optional(),
  /** How many tool results are stubs. */
  stubbedResults: z.number().int(),
  tokensBefore: z.number().int(),
  tokensAfter: z.number().int(),
  summary: z.string().optional(),
  /** A summary was asked for and not taken. */
  refused: z.object({ why: summaryRefusalSchema, detail: z.string().optional() }).optional(),
};
const compactionSchema = z.object(compactionShape);
export type Compaction = z.infer<typeof compactionSchema>;

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
  /** The model is shown less of the conversation from now on, so that it fits; the log keeps everything. */
  event("compaction", compactionShape),
  /** Something worth a line: a model loading, a message that could not be stored. `progress` runs from 0 to 1. */
  event("notice", { code: z.string(), text: z.string(), progress: z.number().optional() }),
  event("turn_end", { reason: turnStatusSchema, result: turnResultSchema }),
]);
export type AgentEvent = z.infer<typeof agentEventSchema>;

type WithoutStamp<Event> = Event extends AgentEvent ? Omit<Event, keyof typeof stamp> : never;

/** An event before the turn has stamped it with its id, number and time. */
export type UnstampedEvent = WithoutStamp<AgentEvent>;
