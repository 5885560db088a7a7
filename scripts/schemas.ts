import { mkdir, writeFile } from "node:fs/promises";
import { z } from "zod";
import {
  agentEventSchema,
  deniedSchema,
  failureSchema,
  jsonSchema,
  messageSchema,
  partSchema,
  receiptSchema,
  toolCallSchema,
  toolOutcomeSchema,
  turnResultSchema,
  turnStatusSchema,
  usageSchema,
} from "../packages/core/src/protocol/index.ts";

/** What recurs has a name in the documents, so that programs which generate types from them get good ones. */
const named = {
  denied: deniedSchema,
  failure: failureSchema,
  json: jsonSchema,
  message: messageSchema,
  part: partSchema,
  receipt: receiptSchema,
  status: turnStatusSchema,
  toolCall: toolCallSchema,
  toolOutcome: toolOutcomeSchema,
  usage: usageSchema,
};

/** One line of `--output jsonl`: an event of the turn behind the version of the format. */
const lineSchema = z.discriminatedUnion(
  "type",
  // The map loses which literal belongs to which shape; the union checks it again when it is made.
  agentEventSchema.options.map((event) => z.object({ v: z.literal(1), ...event.shape })) as never,
);

/** The checked-in JSON Schemas by file name, as text. The same sources always give the same bytes. */
export function schemaDocuments(): Readonly<Record<string, string>> {
  return {
    "events.json": documentOf(lineSchema, "A line of chingu --output jsonl", { ...named, result: turnResultSchema }),
    "result.json": documentOf(turnResultSchema, "The object of chingu --output json", named),
  };
}

function documentOf(schema: z.ZodType, title: string, parts: Readonly<Record<string, z.ZodType>>): string {
  const metadata = z.registry<{ id: string }>();
  for (const [id, part] of Object.entries(parts)) metadata.add(part, { id });
  const document = z.toJSONSchema(schema, {
    metadata,
    override: ({ jsonSchema: written }) => {
      // A reader must not break when a field joins, and the limits of JavaScript's integers say nothing.
      if (written.additionalProperties === false) delete written.additionalProperties;
      if (written.minimum === Number.MIN_SAFE_INTEGER) delete written.minimum;
      if (written.maximum === Number.MAX_SAFE_INTEGER) delete written.maximum;
    },
  });
  return `${JSON.stringify({ title, ...document }, null, 2)}\n`;
}

if (import.meta.main) {
  const folder = new URL("../docs/schema/", import.meta.url);
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(schemaDocuments())) await writeFile(new URL(name, folder), text);
}
