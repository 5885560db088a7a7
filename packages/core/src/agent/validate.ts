import { Ajv, type Options } from "ajv";
import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import { RE2JS } from "re2js";
import type { JsonSchema, Tool } from "../protocol/index.ts";

/** The ways a value misses a schema, one line each with its JSON path and what was received; empty when it fits. */
export type Validate = (value: unknown) => string[];

export type CompiledSchema =
  | { readonly kind: "ready"; readonly validate: Validate }
  /** `reason` is one line of the compiler's. */
  | { readonly kind: "unusable"; readonly reason: string };

/** Turns a schema into its check, each schema object once. Never throws. */
export type CompileSchema = (schema: JsonSchema) => CompiledSchema;

/**
 * Compiles JSON Schemas of draft 2020-12 and, where `$schema` says so, draft 7. Patterns run on a linear-time engine: a
 * schema may come from a stranger, and a backtracking pattern would freeze us. Nothing is fetched: a reference to
 * another document makes a schema unusable.
 */
export function createSchemaCompiler(): CompileSchema {
  const compiled = new WeakMap<JsonSchema, CompiledSchema>();
  let draft7: Ajv | undefined;
  let draft2020: Ajv2020 | undefined;
  const engineFor = (schema: JsonSchema) => {
    const isDraft7 = /draft-07/.test(String(schema["$schema"]));
    if (isDraft7) draft7 ??= new Ajv(options);
    else draft2020 ??= new Ajv2020(options);
    return (isDraft7 ? draft7 : draft2020) as Ajv | Ajv2020;
  };
  return (schema) => {
    const known = compiled.get(schema);
    if (known) return known;
    const engine = engineFor(schema);
    const made = compile(engine, schema);
    // The engine would keep every schema for good, and refuse a second one with the same `$id`.
    engine.removeSchema(schema);
    compiled.set(schema, made);
    return made;
  };
}

const options: Options = {
  allErrors: true,
  strict: false,
  logger: false,
  addUsedSchema: false,
  code: { regExp: linearRegExp() },
};

function compile(engine: Ajv | Ajv2020, schema: JsonSchema): CompiledSchema {
  let validate: ValidateFunction;
  try {
    validate = engine.compile(schema);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: "unusable", reason: reason.split("\n")[0] ?? reason };
  }
  if ("$async" in validate) return { kind: "unusable", reason: "it is asynchronous ($async)" };
  return {
    kind: "ready",
    validate: (value) => (validate(value) ? [] : (validate.errors ?? []).map((error) => describe(error, value))),
  };
}

/** The ways an input misses a tool's schema; empty when it fits. */
export type ValidateArguments = (tool: Tool, input: object) => string[];

/** Validates arguments of tools. A schema that does not compile validates nothing; its server still checks for itself. */
export function createArgumentValidator(compileSchema: CompileSchema = createSchemaCompiler()): ValidateArguments {
  return (tool, input) => {
    const schema = compileSchema(tool.inputSchema);
    return schema.kind === "ready" ? schema.validate(input) : [];
  };
}

function linearRegExp() {
  const compilePattern = (pattern: string, flags: string) => {
    const compiled = RE2JS.compile(pattern, flags.includes("i") ? RE2JS.CASE_INSENSITIVE : 0);
    // ajv tells patterns apart by their text: without one, all would be the first.
    return { test: (text: string) => compiled.matcher(text).find(), toString: () => `/${pattern}/${flags}` };
  };
  return Object.assign(compilePattern, { code: "re2" });
}

function describe(error: ErrorObject, value: unknown): string {
  const path = `$${error.instancePath.replaceAll("/", ".")}`;
  const received = JSON.stringify(valueAt(value, error.instancePath)) ?? "nothing";
  const extra = error.keyword === "additionalProperties" ? ` (${String(error.params["additionalProperty"])})` : "";
  return `${path} ${error.message ?? "is wrong"}${extra}, received ${received.slice(0, 120)}`;
}

function valueAt(value: unknown, pointer: string): unknown {
  return pointer
    .split("/")
    .slice(1)
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce<unknown>(
      (found, key) => (typeof found === "object" && found !== null ? Reflect.get(found, key) : undefined),
      value,
    );
}
