import { type ReceiptDraft, receiptDraftSchema, type ToolOutcome, toolMeta } from "../protocol/index.ts";
import { sanitize } from "../text/index.ts";
import type { CallToolResult } from "./connection.ts";

export interface CallResult {
  readonly outcome: ToolOutcome;
  /** Evidence the tool handed over, still to be numbered and hashed; only ever from a server linked in process. */
  readonly receipt?: ReceiptDraft;
}

/**
 * A tool's result in our words: its text, else its structured content as JSON; what is neither is named. Of a foreign
 * server the text is cleaned, and what it calls a receipt or a display is left where it is.
 */
export function readResult(result: CallToolResult, { trusted }: { readonly trusted: boolean }): CallResult {
  const content = contentOf(result);
  const text = trusted ? content : sanitize(content.toWellFormed());
  if (result.isError) {
    return { outcome: { kind: "error", code: "failed", message: text || "the tool failed and did not say why" } };
  }
  if (!trusted) return { outcome: { kind: "value", content: text } };

  const display = result._meta?.[toolMeta.display];
  const outcome: ToolOutcome = { kind: "value", content: text, ...(typeof display === "string" && { display }) };
  const handed = result._meta?.[toolMeta.receipt];
  if (handed === undefined) return { outcome };
  const receipt = receiptDraftSchema.safeParse(handed);
  if (receipt.success) return { outcome, receipt: receipt.data };
  // An answer must not lose its evidence unnoticed.
  const message = "the tool's receipt does not have the form of one, so its result is not used";
  return { outcome: { kind: "error", code: "failed", message } };
}

function contentOf({ content, structuredContent }: CallToolResult): string {
  const parts = content.map(describePart);
  const hasText = content.some((part) => part.type === "text");
  if (structuredContent !== undefined && !hasText) parts.push(JSON.stringify(structuredContent));
  return parts.join("\n");
}

function describePart(part: CallToolResult["content"][number]): string {
  switch (part.type) {
    case "text":
      return part.text;
    case "image":
    case "audio":
      return `[${part.type}: ${part.mimeType}, ${sizeOf(part.data)}, not shown]`;
    case "resource_link":
      return `[resource: ${part.title ?? part.name}, ${part.uri}]`;
    case "resource":
      return "text" in part.resource
        ? part.resource.text
        : `[resource: ${part.resource.uri}, ${sizeOf(part.resource.blob)}, not shown]`;
  }
}

function sizeOf(base64: string): string {
  return `${Math.floor((base64.length * 3) / 4)} bytes`;
}
