import type { Denied, ReceiptDraft, ToolCall, ToolOutcome } from "../protocol/index.ts";

/** What became of one call of a step, before it is stored. */
export interface CallResult {
  readonly call: ToolCall;
  readonly outcome: ToolOutcome;
  readonly receipt?: ReceiptDraft;
  readonly denied?: Denied;
}
