import { outputSchemaFailure } from "@chingu/core";
import type { JsonSchema } from "@chingu/core/protocol";
import type { Io } from "./io.ts";
import { readNamedFile, unusableFile } from "./read-file.ts";

/** It stands in every request of the turn. */
const maxBytes = 256 * 1024;

/** The JSON Schema in a file. Throws a `CommandFailure` that says what is wrong with it before anything is asked. */
export async function readSchema(path: string, io: Pick<Io, "folder" | "signal">): Promise<JsonSchema> {
  const text = (await readNamedFile(path, maxBytes, io)).toString("utf8").replace(/^\uFEFF/, "");
  const hint = 'give a file with one JSON Schema: an object such as {"type": "object", …}';
  let schema: unknown;
  try {
    schema = JSON.parse(text);
  } catch (error) {
    throw unusableFile(path, `it is not JSON (${(error as Error).message})`, hint);
  }
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) {
    throw unusableFile(path, "it is not a JSON Schema, which is an object", hint);
  }
  const failure = outputSchemaFailure(schema as JsonSchema);
  if (failure) throw unusableFile(path, failure.message, failure.hint);
  return schema as JsonSchema;
}
