import { z } from "zod";
import type { Json, JsonSchema } from "./json.ts";
import { type ReceiptDraft, receiptSchema } from "./receipt.ts";

/** One tool call as the model made it. `arguments` is the raw text: possibly empty, malformed or cut. */
export const toolCallSchema = z.object({
  /** Ours: a ULID, unique within the thread. */
  id: z.string(),
  name: z.string(),
  arguments: z.string(),
  /** The provider's own id, where it gave one. */
  providerId: z.string().optional(),
});
export type ToolCall = z.infer<typeof toolCallSchema>;

export const toolErrorCodeSchema = z.enum([
  "unknown_tool",
  "invalid_arguments",
  "truncated",
  "denied",
  "timeout",
  "cancelled",
  "failed",
]);
export type ToolErrorCode = z.infer<typeof toolErrorCodeSchema>;

/** What became of one tool call. A failed call is an outcome, not an exception: the model reads it and goes on. */
export const toolOutcomeSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("value"),
    /** For the model. */
    content: z.string(),
    /** For the person, where it should differ. */
    display: z.string().optional(),
    receipt: receiptSchema.optional(),
  }),
  z.object({
    kind: z.literal("error"),
    code: toolErrorCodeSchema,
    message: z.string(),
    /** What to do next. */
    hint: z.string().optional(),
  }),
  /** The process died, or the turn was cut, while the call was out: it may have run. */
  z.object({ kind: z.literal("unknown"), message: z.string() }),
]);
export type ToolOutcome = z.infer<typeof toolOutcomeSchema>;

/** Hints about what a tool does. From a foreign server they are claims: they may raise caution, never lower it. */
export interface ToolAnnotations {
  readonly readOnly: boolean;
  /** Reaches beyond this machine. */
  readonly openWorld: boolean;
}

/** A tool as the model sees it. */
export interface ToolSpec {
  /** Model-visible: `server__tool`, ours without prefix. */
  readonly name: string;
  readonly description: string;
  readonly inputSchema: JsonSchema;
}

/** A tool in the toolbox: its spec and where it comes from. */
export interface Tool extends ToolSpec {
  /** The server's name; `chingu` for our own. */
  readonly server: string;
  /** Linked in process by us: only such a server's receipts and annotations are believed. */
  readonly trusted: boolean;
  readonly annotations: ToolAnnotations;
  /** The longest a call may take, in ms; absent means the policy's default. */
  readonly timeoutMs?: number;
}

export interface ToolProgress {
  readonly progress: number;
  readonly total?: number;
  readonly message?: string;
}

export interface ToolContext {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ToolProgress) => void;
  /** The conversation the call belongs to: what a tool keeps between calls, it keeps per thread. */
  readonly threadId: string;
}

/** What a tool's `run` returns. A plain string is short for `{ content }`. */
export interface ToolReturn {
  readonly content: string;
  /** Machine-readable form; must fit the tool's `output` schema. */
  readonly structured?: { readonly [key: string]: Json };
  readonly display?: string;
  readonly receipt?: ReceiptDraft;
  /** The tool ran and says it failed; `content` says why and what to do. */
  readonly isError?: boolean;
}

/** One of our own tools, to be served by an MCP server. `run` may throw: the message becomes the call's error. */
export interface ToolDefinition<Input extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly title?: string;
  readonly description: string;
  readonly input: Input;
  readonly output?: z.ZodObject;
  readonly annotations?: Partial<ToolAnnotations>;
  readonly timeoutMs?: number;
  readonly run: (input: z.infer<Input>, context: ToolContext) => Promise<ToolReturn | string> | ToolReturn | string;
}

/** Gives a definition its types: the input of `run` follows from the schema. */
export function defineTool<Input extends z.ZodObject>(definition: ToolDefinition<Input>): ToolDefinition {
  // A definition is used through the general type; the schema, not the compiler, guards the input at run time.
  return definition as unknown as ToolDefinition;
}
