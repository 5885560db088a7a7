import type { GbnfJsonSchema } from "node-llama-cpp";
import type { Json, JsonSchema } from "../../protocol/index.ts";

/**
 * The part of a tool's JSON Schema that the grammar knows. What it does not know (patterns, limits of numbers) is left
 * out: the loop validates the arguments against the whole schema anyway.
 */
export function grammarSchema(schema: JsonSchema): GbnfJsonSchema {
  return reduce(schema, 0) as GbnfJsonSchema;
}

const kept = ["type", "enum", "const", "required", "description", "minItems", "maxItems", "minLength", "maxLength"];

function reduce(schema: Json | undefined, depth: number): Json {
  if (!isRecord(schema) || depth > 8) return { type: ["string", "number", "boolean", "null"] };
  const alternatives = schema["oneOf"] ?? schema["anyOf"];
  if (isList(alternatives)) return { oneOf: alternatives.map((one) => reduce(one, depth + 1)) };
  const result: Record<string, Json> = {};
  for (const key of kept) if (schema[key] !== undefined) result[key] = schema[key];
  if (isRecord(schema["properties"])) {
    const properties = Object.entries(schema["properties"]);
    result["type"] = "object";
    result["properties"] = Object.fromEntries(properties.map(([name, one]) => [name, reduce(one, depth + 1)]));
    // A property that nobody requires is one more thing a small model gets wrong: it writes the required ones.
    if (!isList(schema["required"])) result["required"] = properties.map(([name]) => name);
  }
  if (schema["items"] !== undefined) result["items"] = reduce(schema["items"], depth + 1);
  if (Object.keys(result).every((key) => key === "description"))
    return { type: ["string", "number", "boolean", "null"] };
  return result;
}

function isRecord(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
