import { z } from "zod";

/** How a model that does not make native tool calls writes them into its text. */
const dialectSchema = z.enum(["json-text", "tagged", "fenced-code"]);
export type Dialect = z.infer<typeof dialectSchema>;

const effortSchema = z.enum(["none", "minimal", "low", "medium", "high", "xhigh"]);

/** What a model takes and how its endpoint wants it: every difference between endpoints that changes a request is a field. */
export const profileSchema = z.object({
  api: z.enum(["chat", "responses"]),
  /** Tokens, input and output together. */
  contextWindow: z.number().int().positive().optional(),
  /** False: tools are not sent. */
  tools: z.boolean(),
  /** False refuses them before the call; undefined is not known, and they are sent. */
  images: z.boolean().optional(),
  files: z.boolean().optional(),
  /** Whether `logprobs` may be sent. */
  logprobs: z.boolean(),
  /** Whether the endpoint holds an answer to a JSON Schema. */
  structuredOutput: z.boolean(),
  /** Whether it does so in a request that offers tools, too: some refuse both at once, or then call no tool. */
  structuredOutputWithTools: z.boolean(),
  /** Sent as `parallel_tool_calls`; undefined leaves it out. */
  parallelToolCalls: z.boolean().optional(),
  /** Whether `tool_choice` may name the one tool to be called: some servers know only words there. */
  forcedTool: z.boolean(),
  /** The levels it takes; with none, no effort is sent. */
  reasoningEffort: z.array(effortSchema),
  /** `reasoning_effort: "low"` or `reasoning: { effort: "low" }`. */
  reasoningField: z.enum(["reasoning_effort", "reasoning"]),
  /** Whether its reasoning comes sealed and wants to come back so (Responses). */
  sealedReasoning: z.boolean(),
  /** Whether its reasoning must come back in `reasoning_content` (Chat Completions). */
  replayReasoning: z.boolean(),
  /** Whether `temperature` may be sent. */
  temperature: z.boolean(),
  maxTokensField: z.enum(["max_tokens", "max_completion_tokens"]),
  /** Whether `stream_options` may be sent. */
  streamUsage: z.boolean(),
  /** What ids of tool calls may look like. */
  toolIds: z.enum(["64-word-characters", "9-alphanumerics"]),
  /** Who speaks the instructions; `user`: they open the first user message. */
  systemRole: z.enum(["system", "developer", "user"]),
  /** Whether user messages that follow each other must become one. */
  mergeUserMessages: z.boolean(),
  /** Besides native calls; empty: native ones alone. */
  dialects: z.array(dialectSchema),
});
export type Profile = z.infer<typeof profileSchema>;
