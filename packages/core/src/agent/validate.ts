import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import { RE2JS } from "re2js";
import type { Tool } from "../protocol/index.ts";

/** The ways an input misses a tool's schema, one line each with its JSON path and what was received; empty when it fits. */
export type ValidateArguments = (tool: Tool, input: object) => string[];

/**
 * Validates arguments against the JSON Schemas of tools, compiling each once. Patterns run on a linear-time engine: a
 * schema comes from a server that may be hostile, and a backtracking pattern would freeze us. A schema that does not
 * compile validates nothing; its server still checks for itself.
 */
export function createArgumentValidator(): ValidateArguments {
  const ajv = new Ajv2020({ allErrors: true, strict: false, logger: false, code: { regExp: linearRegExp } });
  const compiled = new WeakMap<object, ValidateFunction | "unusable">();
  return (tool, input) => {
    let validate = compiled.get(tool.inputSchema);
    if (!validate) {
      validate = compile(ajv, tool.inputSchema);
      compiled.set(tool.inputSchema, validate);
    }
    if (validate === "unusable" || validate(input)) return [];
    return (validate.errors ?? []).map((error) => describe(error, input));
  };
}

function compile(ajv: Ajv2020, schema: object): ValidateFunction | "unusable" {
  try {
    return ajv.compile(schema);
  } catch {
    return "unusable";
  }
}

const linearRegExp = Object.assign(
  (pattern: string, flags: string) => {
    const compiled = RE2JS.compile(pattern, flags.includes("i") ? RE2JS.CASE_INSENSITIVE : 0);
    // ajv tells patterns apart by their text: without one, all would be the first.
    return { test: (text: string) => compiled.matcher(text).find(), toString: () => `/${pattern}/${flags}` };
  },
  { code: "re2" },
);

function describe(error: ErrorObject, input: object): string {
  const path = `$${error.instancePath.replaceAll("/", ".")}`;
  const received = JSON.stringify(valueAt(input, error.instancePath)) ?? "nothing";
  const extra = error.keyword === "additionalProperties" ? ` (${String(error.params["additionalProperty"])})` : "";
  return `${path} ${error.message ?? "is wrong"}${extra}, received ${received.slice(0, 120)}`;
}

function valueAt(input: unknown, pointer: string): unknown {
  return pointer
    .split("/")
    .slice(1)
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce<unknown>(
      (value, key) => (typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined),
      input,
    );
}
