import type { Decide, Decision } from "../approval/rules.ts";
import type { Tool, ToolCall } from "../protocol/index.ts";

/** The five timeouts of rule 17, in ms. */
export interface Timeouts {
  readonly firstEvent: number;
  readonly betweenEvents: number;
  readonly step: number;
  /** For tools that name none of their own. */
  readonly tool: number;
  readonly turn: number;
}

/** Everything the loop is told about how to behave: it holds no configuration of its own. */
export interface Policy {
  readonly maxSteps: number;
  /** How often one model call may be made again after a failure that allows it (rule 16). */
  readonly maxRetries: number;
  /** The longest tool output a model sees (rule 23); the rest is kept and can be read with `read_output`. */
  readonly output: { readonly bytes: number; readonly lines: number };
  readonly timeouts: Timeouts;
  /** Whether the model is asked for a summary before older messages are left out. It costs a call. */
  readonly summaries: boolean;
  readonly decide: Decide;
  /**
   * Asks the person; absent where there is nobody to ask: an `ask` is then a denial. When the signal aborts, the answer
   * no longer counts, and the question is left open.
   */
  readonly ask?: (call: ToolCall, tool: Tool, decision: Decision, signal: AbortSignal) => Promise<boolean>;
}

const defaultTimeouts: Timeouts = {
  firstEvent: 120_000,
  betweenEvents: 60_000,
  step: 600_000,
  tool: 120_000,
  turn: 1_800_000,
};

export const defaultPolicy: Omit<Policy, "decide"> = {
  maxSteps: 20,
  maxRetries: 3,
  output: { bytes: 24_000, lines: 400 },
  timeouts: defaultTimeouts,
  summaries: true,
};
