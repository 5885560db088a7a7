import type { JsonSchema } from "../protocol/index.ts";
import { type Tool, toolMeta } from "../protocol/index.ts";
import { sanitize } from "../text/index.ts";
import type { RemoteTool } from "./connection.ts";

export interface Origin {
  readonly server: string;
  readonly trusted: boolean;
}

const caps = { description: 4_000, schemaText: 64_000, schemaDepth: 32 };

/**
 * A listed tool as the model will see it, or the reason it cannot be offered. Words of a foreign server are cleaned of
 * what a reader would not see and cut to a length; its schema is refused rather than cut, as half a schema misleads.
 */
export function readDefinition(listed: RemoteTool, name: string, { server, trusted }: Origin): Tool | string {
  const schema = listed.inputSchema as JsonSchema;
  if (!trusted) {
    if (depthOf(schema, caps.schemaDepth) > caps.schemaDepth) return "its input schema is nested too deeply";
    if (JSON.stringify(schema).length > caps.schemaText) return "its input schema is too long";
  }
  const timeoutMs = trusted ? listed._meta?.[toolMeta.timeout] : undefined;
  return {
    name,
    description: trusted ? (listed.description ?? "") : cleanText(listed.description ?? ""),
    inputSchema: trusted ? schema : (cleanWords(schema) as JsonSchema),
    server,
    trusted,
    annotations: {
      readOnly: listed.annotations?.readOnlyHint ?? false,
      openWorld: listed.annotations?.openWorldHint ?? true,
    },
    ...(typeof timeoutMs === "number" && { timeoutMs }),
  };
}

function cleanText(text: string): string {
  const clean = sanitize(text.toWellFormed()).trim();
  return clean.length <= caps.description ? clean : `${clean.slice(0, caps.description).toWellFormed()} […]`;
}

/** Cleans the words of a schema meant for a reader, and leaves names and values that the server compares. */
function cleanWords(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(cleanWords);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      typeof inner === "string" && (key === "description" || key === "title") ? cleanText(inner) : cleanWords(inner),
    ]),
  );
}

function depthOf(value: unknown, limit: number): number {
  if (typeof value !== "object" || value === null) return 0;
  if (limit === 0) return 1;
  return 1 + Math.max(0, ...Object.values(value).map((inner) => depthOf(inner, limit - 1)));
}
