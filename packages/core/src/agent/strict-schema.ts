import type { Json, JsonSchema } from "../protocol/index.ts";

/** What the strict mode of endpoints refuses, or takes only in some versions. */
const refused = [
  "allOf",
  "oneOf",
  "not",
  "if",
  "patternProperties",
  "dependentRequired",
  "dependentSchemas",
  "prefixItems",
];

/** One of these says what a part is; without any it could be everything, which no strict mode takes. */
const telling = ["type", "enum", "const", "anyOf", "$ref"];

/**
 * Whether a schema lies in the part of JSON Schema that the strict modes of endpoints take: an object at the top, and
 * every object closed with all its properties required. Asking for strictness with another one is an endpoint's error.
 */
export function isStrict(schema: JsonSchema): boolean {
  return schema["type"] === "object" && isStrictPart(schema);
}

function isStrictPart(schema: Json): boolean {
  if (!isObject(schema) || refused.some((keyword) => keyword in schema)) return false;
  if (!telling.some((keyword) => keyword in schema)) return false;
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  if ([schema["type"]].flat().includes("object") || "properties" in schema) {
    const required = [schema["required"]].flat();
    if (schema["additionalProperties"] !== false) return false;
    if (Object.keys(properties).some((name) => !required.includes(name))) return false;
  }
  const parts = [properties, schema["$defs"], schema["definitions"]].flatMap((named) =>
    isObject(named) ? Object.values(named) : [],
  );
  const listed = [schema["items"], schema["anyOf"]].flat().filter((part) => part !== undefined);
  return [...parts, ...listed].every(isStrictPart);
}

function isObject(value: Json | undefined): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
