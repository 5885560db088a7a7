import type { Tool, ToolCall, ToolContext, ToolOutcome } from "../protocol/index.ts";

/** Many servers as one list of tools. */
export interface Toolbox {
  /** Sorted by name; the array is replaced, never changed, when a server's list changes. */
  list(): readonly Tool[];
  /**
   * Runs one call whose arguments are already parsed. Never rejects: a server that died, hung up or sent nonsense is
   * an outcome. Aborting tells the server (`notifications/cancelled`) and yields `cancelled`.
   */
  call(call: ToolCall, input: { readonly [key: string]: unknown }, context: ToolContext): Promise<ToolOutcome>;
  close(): Promise<void>;
}
