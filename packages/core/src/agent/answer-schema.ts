import type { Failure, Json, JsonSchema } from "../protocol/index.ts";
import type { ModelAnswer } from "./call-model.ts";
import { isStrict } from "./strict-schema.ts";
import { type CompileSchema, createSchemaCompiler, type Validate } from "./validate.ts";

/** What the answer of a turn must be: one JSON value that fits a schema. */
export interface AnswerSchema {
  readonly schema: JsonSchema;
  /** Whether endpoints that hold an answer to a schema may be asked to do so to the letter. */
  readonly strict: boolean;
  readonly validate: Validate;
}

/** Why a schema cannot be used, for those who want to know before a turn begins. */
export function outputSchemaFailure(schema: JsonSchema): Failure | undefined {
  const opened = openAnswerSchema(schema, createSchemaCompiler());
  return "code" in opened ? opened : undefined;
}

export type AnswerReading =
  | { readonly kind: "value"; readonly value: Json }
  /** What misses, one line each: JSON path, rule, received value. */
  | { readonly kind: "misses"; readonly issues: readonly string[] };

/** Makes a schema ready for a turn, or says as a `usage` failure why it cannot be used. */
export function openAnswerSchema(schema: JsonSchema, compile: CompileSchema): AnswerSchema | Failure {
  const compiled = compile(schema);
  if (compiled.kind === "ready") return { schema, strict: isStrict(schema), validate: compiled.validate };
  return {
    code: "usage",
    message: `the output schema cannot be used: ${compiled.reason.slice(0, 300)}`,
    hint: "give a JSON Schema of draft 2020-12 or 7 without references to other documents",
  };
}

/**
 * Reads the JSON value out of an answer. A model that was asked for JSON alone still likes to fence it, or to say a
 * sentence around it: the last value in the text that fits is the answer. Where none fits, the issues are those of the
 * likeliest one.
 */
function readAnswer(text: string, { validate }: AnswerSchema): AnswerReading {
  let issues: readonly string[] | undefined;
  for (const candidate of candidates(text)) {
    const parsed = parse(candidate);
    if (!parsed) continue;
    const found = validate(parsed.value);
    if (found.length === 0) return { kind: "value", value: parsed.value };
    issues ??= found;
  }
  return { kind: "misses", issues: issues ?? [`there is no JSON value in it, received ${excerpt(text)}`] };
}

/** The value of an answer that ends a turn; undefined where the answer is cut, or calls tools on its way. */
export function readFinalAnswer(
  { text, end }: ModelAnswer,
  schema: AnswerSchema,
  { repairing }: { readonly repairing: boolean },
): AnswerReading | undefined {
  if (end.type !== "finished" || (end.reason !== "stop" && end.reason !== "tool_calls")) return undefined;
  if (end.calls.length === 0) return readAnswer(text, schema);
  return repairing ? { kind: "misses", issues: ["it calls a tool where only the value was asked for"] } : undefined;
}

/** Said to the model alone, with the user's words of this turn, where the endpoint does not hold the answer to the schema. */
export function schemaInstruction({ schema }: AnswerSchema): string {
  return `Give your final answer as one JSON value that fits this JSON Schema, and nothing else: no sentence around it, no code fence.\n${JSON.stringify(schema)}`;
}

/** Said to the model alone after an answer that misses. */
export function repairInstruction(issues: readonly string[], { schema }: AnswerSchema): string {
  return `Your answer does not fit the JSON Schema it has to fit: ${listed(issues)}. Answer again with the corrected JSON value and nothing else. The JSON Schema:\n${JSON.stringify(schema)}`;
}

/** The error of a turn whose answer still misses after the repair. */
export function invalidOutput(issues: readonly string[]): Failure {
  return {
    code: "invalid_output",
    message: `the answer does not fit the output schema: ${listed(issues)}`,
    hint: "ask again, use another model with --model, or make the schema simpler",
  };
}

const listed = (issues: readonly string[]) => issues.slice(0, 8).join("; ");

const excerpt = (text: string) => JSON.stringify(text.length > 120 ? `${text.slice(0, 119)}…` : text);

function parse(text: string): { readonly value: Json } | undefined {
  try {
    return { value: JSON.parse(text) as Json };
  } catch {
    return undefined;
  }
}

/** The pieces of a text that may be its JSON value, the likeliest first: all of it, then fenced blocks, then objects and lists in it, each from the last. */
function* candidates(text: string): Generator<string> {
  yield text.trim();
  const fenced = [...text.matchAll(/^[ \t]*```[\w-]*[ \t]*\r?\n(.*?)^[ \t]*```/gms)].map(([, inner]) => inner ?? "");
  yield* fenced.toReversed();
  yield* spans(text).toReversed();
}

/** A bracket that is never closed costs one look at the rest of the text: so many are looked at, no more. */
const mostOpenings = 64;

/** The outermost `{…}` and `[…]` of a text, brackets inside strings not counting. */
function spans(text: string): string[] {
  const found: string[] = [];
  let from = 0;
  for (let openings = 0; openings < mostOpenings; openings++) {
    const start = from + text.slice(from).search(/[{[]/);
    if (start < from) break;
    const end = closing(text, start);
    if (end !== undefined) found.push(text.slice(start, end));
    from = end ?? start + 1;
  }
  return found;
}

function closing(text: string, start: number): number | undefined {
  let depth = 0;
  let inString = false;
  for (let index = start; index < text.length; index++) {
    const character = text[index];
    if (inString) {
      if (character === "\\") index++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === "{" || character === "[") depth++;
    else if ((character === "}" || character === "]") && --depth === 0) return index + 1;
  }
  return undefined;
}
