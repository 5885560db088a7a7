/**
 * Keys of MCP `_meta` that our client and our servers share. What they carry is believed only from a server linked in
 * process; from any other it is text.
 */
export const toolMeta = {
  /** On a request: the thread a call belongs to. */
  thread: "chingu/thread",
  /** On a result: a receipt draft. */
  receipt: "chingu/receipt",
  /** On a result: what to show the person in place of the content. */
  display: "chingu/display",
  /** On a listed tool: the longest a call may take, in ms. */
  timeout: "chingu/timeout",
} as const;
