import type { Failure, JsonSchema, Message, ReasoningPart, ToolCall, ToolSpec, Usage } from "../protocol/index.ts";

/** What an endpoint can do, as far as the loop must know. */
export interface Capabilities {
  /** Tokens of context, input and output together; undefined when the endpoint does not say. */
  readonly contextWindow?: number;
  readonly tools: boolean;
  /** Runs on this machine without a price. */
  readonly local: boolean;
  /** Whether it takes pictures and files; undefined is not known. */
  readonly images?: boolean;
  readonly files?: boolean;
  /** False where its summaries of a conversation are not worth the wait: older messages are then left out without one. */
  readonly summaries?: boolean;
  /** Whether it gives the probabilities of its tokens. */
  readonly logprobs?: boolean;
  /** The levels of reasoning effort it can be asked for. */
  readonly reasoningEffort?: readonly ReasoningEffort[];
  /** Whether an answer can be held to be a call of one tool. */
  readonly forcedTool?: boolean;
  /** Whether an answer can be held to a JSON Schema by the endpoint. */
  readonly structuredOutput?: boolean;
  /** The same in a request that offers tools. */
  readonly structuredOutputWithTools?: boolean;
}

export type ReasoningEffort = "none" | "minimal" | "low" | "medium" | "high" | "xhigh";

/**
 * Whether tools may be called, or one of them must be. A tool is named only where the model can be held to it
 * (`capabilities.forcedTool`).
 */
export type ToolChoice = "auto" | "none" | { readonly tool: string };

export interface ModelRequest {
  /** Nothing volatile in here: it is the head of the cached prefix (rule 30). */
  readonly system: string;
  readonly messages: readonly Message[];
  /** Sorted by name. */
  readonly tools: readonly ToolSpec[];
  readonly toolChoice: ToolChoice;
  readonly maxOutputTokens?: number;
  // What follows is left out where the model's row says that it is refused.
  readonly temperature?: number;
  readonly reasoningEffort?: ReasoningEffort;
  /** The answer is held to this schema where the endpoint can (`capabilities.structuredOutput`). */
  readonly outputSchema?: { readonly schema: JsonSchema; readonly strict: boolean };
  /** How many alternatives to give for each token of the answer, with their probabilities. */
  readonly logprobs?: number;
}

/** A token of the answer, the natural logarithm of its probability, and what could have stood in its place. */
export interface TokenLogprob {
  readonly token: string;
  readonly logprob: number;
  readonly alternatives: readonly { readonly token: string; readonly logprob: number }[];
}

export type FinishReason = "stop" | "tool_calls" | "length" | "refused" | "incomplete";

/** A failure of the provider or of the way to it. */
export interface ModelFailure extends Failure {
  /** Whether the same request may succeed if sent again. */
  readonly retryable: boolean;
  /** What the provider asked us to wait, in ms, already parsed and capped. */
  readonly retryAfterMs?: number;
}

export type ModelEvent =
  | { readonly type: "text_delta"; readonly text: string }
  | { readonly type: "reasoning_delta"; readonly text: string }
  /** For display: what is known of the call at `index` so far is `name`; `arguments` is the new piece. */
  | { readonly type: "tool_call_delta"; readonly index: number; readonly name: string; readonly arguments: string }
  /** A model loading or downloading; `progress` from 0 to 1 where it can be told. */
  | { readonly type: "progress"; readonly code: string; readonly text: string; readonly progress?: number }
  /** The last event of a good stream. `raw` is the provider's own finish reason, absent when the stream was cut. */
  | {
      readonly type: "finished";
      readonly reason: FinishReason;
      readonly raw?: string;
      /** Assembled from fragments (rule 1); ids are ours (rule 2). */
      readonly calls: readonly ToolCall[];
      /** Undefined when the provider reported none. */
      readonly usage?: Usage;
      /** What the endpoint says it ran, where it differs from what was asked. */
      readonly model?: string;
      /** Reasoning this model wants back in its next request: to be stored in place of the deltas' text. */
      readonly reasoning?: readonly ReasoningPart[];
      readonly logprobs?: readonly TokenLogprob[];
    }
  /** The last event of a failed one. */
  | { readonly type: "failed"; readonly error: ModelFailure };

/**
 * One model behind one method. `stream` never throws for provider faults: it ends with exactly one `finished` or
 * `failed` event. When the signal aborts, the iterable ends promptly with `failed` (`code: "aborted"`, not retryable)
 * and the connection is closed; a consumer that stops reading closes it too.
 */
export interface ChatModel {
  /** As shown to the user: `gpt-5`, `embedded`. */
  readonly id: string;
  readonly capabilities: Capabilities;
  stream(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelEvent>;
  /** Frees what the model holds; absent when it holds nothing. */
  dispose?(): Promise<void>;
}
