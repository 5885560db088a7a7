import type { Json, ToolReturn } from "@chingu/core/protocol";
import { sanitize, sanitizeLine, toValidUnicode } from "@chingu/core/text";
import { z } from "zod";
import type { Evaluation } from "./evaluator.ts";
import { programLimits } from "./limits.ts";

const limits = programLimits.program;
const text = (max: number) => z.string().max(max).overwrite(toValidUnicode);

const valueSchema = z.object({
  repr: text(limits.valueBytes + 100),
  type: text(200),
  /** How the value was found. */
  from: z.enum(["expression", "variable", "function", "last_assignment"]),
  truncated: z.boolean(),
  json: z.json().optional(),
  exact: text(limits.valueBytes).optional(),
  decimal: text(limits.valueBytes).optional(),
  latex: text(limits.valueBytes).optional(),
});

const errorSchema = z.object({
  type: text(200),
  message: text(4_000),
  line: z.number().int().optional(),
  /** Counts from 1. */
  column: z.number().int().optional(),
  source_line: text(400).optional(),
  traceback: text(limits.tracebackBytes + 100).optional(),
});

/** What the child says; a claim until it fits. */
const replySchema = z.object({
  ok: z.boolean(),
  value: valueSchema.optional(),
  error: errorSchema.optional(),
  limit: z.enum(["time", "memory", "output", "recursion"]).optional(),
});
type Reply = z.infer<typeof replySchema>;

/** The structured result of `run_python` and `run_javascript`. */
export const programResultSchema = replySchema.extend({
  stdout: z.string(),
  stderr: z.string(),
  /** Whether output was left out; `printed_bytes` counts all of it. */
  truncated: z.boolean(),
  printed_bytes: z.number().int(),
  duration_ms: z.number().int(),
  engine: z.string(),
  session: z.object({
    id: z.string(),
    state: z.enum(["new", "kept", "lost"]),
    call_no: z.number().int(),
    lost_because: z.string().optional(),
  }),
});
export type ProgramResult = z.infer<typeof programResultSchema>;

/** What is different about the results of one language. */
export interface Language {
  readonly tool: string;
  /** As a receipt names it. */
  readonly name: string;
  /** What runs the programs: `interpreter`, `engine`. */
  readonly machine: string;
  /** Whether the text gives a value's exact and decimal form beside its own; where that one is as clear they are noise. */
  readonly forms: boolean;
  /** The types of its errors. */
  readonly errors: { readonly memory: string; readonly recursion: string; readonly died: string };
  /** What to do about a failure, where something better can be said than to mend the line. `ended`: the machine was. */
  advice(result: ProgramResult, ended: boolean): string | undefined;
}

type Ran = Exclude<Evaluation, { kind: "busy" }>;

export const failed = (content: string): ToolReturn => ({ content, display: content, isError: true });

/** What became of a run, as the tools return it. */
export function toResult(evaluation: Ran, language: Language, timeoutMs: number): ProgramResult {
  const { printed, session } = evaluation;
  return {
    ...(evaluation.kind === "result"
      ? believe(evaluation.result, language, timeoutMs)
      : stopped(evaluation.reason, evaluation.detail, language)),
    stdout: toValidUnicode(printed.stdout),
    stderr: toValidUnicode(printed.stderr),
    truncated: printed.truncated,
    printed_bytes: printed.bytes,
    duration_ms: evaluation.durationMs,
    engine: evaluation.engine,
    session: {
      id: session.id,
      state: session.state,
      call_no: session.callNo,
      ...(session.lostBecause !== undefined && { lost_because: session.lostBecause }),
    },
  };
}

const error = (type: string, message: string): Reply => ({ ok: false, error: { type, message } });

/** A reply that does not fit says nothing about the program, so none of it is passed on. */
function believe(claim: unknown, { machine }: Language, timeoutMs: number): Reply {
  const { data: reply } = replySchema.safeParse(claim);
  if (reply === undefined || reply.ok !== (reply.error === undefined)) {
    return error("InvalidReply", `the program disturbed its own ${machine}`);
  }
  if (reply.limit !== "time" || reply.error === undefined) return reply;
  // Inside, running out of time may look like a person's Ctrl+C.
  return { ...reply, error: { ...reply.error, type: "TimeLimit", message: `stopped after ${timeoutMs / 1000} s` } };
}

function stopped(reason: string, detail: string, { machine, errors }: Language): Reply {
  switch (reason) {
    case "time":
      return { ...error("TimeLimit", detail), limit: "time" };
    case "memory":
      return { ...error(errors.memory, "the program used too much memory and was ended"), limit: "memory" };
    case "output": {
      const megabytes = programLimits.output.floodBytes >> 20;
      return {
        ...error("OutputLimit", `the program printed more than ${megabytes} MB and was ended`),
        limit: "output",
      };
    }
    default:
      if (/call stack/.test(detail)) {
        return { ...error(errors.recursion, `nested too deeply; the ${machine} ended`), limit: "recursion" };
      }
      return error(errors.died, `the ${machine} ended in the middle of the program`);
  }
}

/** The result as model and person read it, and its receipt. `ended`: what ran the program was. */
export function present(code: string, result: ProgramResult, language: Language, ended: boolean): ToolReturn {
  const { ok, value, error, stdout, stderr, session } = result;
  const sections: string[] = [];
  if (value !== undefined) {
    const { exact = value.repr, decimal = exact } = language.forms ? value : {};
    const also = `${exact === value.repr ? "" : ` = ${exact}`}${[exact, value.repr].includes(decimal) ? "" : ` ≈ ${decimal}`}`;
    const from = value.from === "last_assignment" ? ", the last assignment" : "";
    sections.push(`Value: ${value.repr}${also} (${value.type}${from})`);
  }
  if (error !== undefined) {
    const where =
      error.line === undefined ? "" : `\nLine ${error.line}${error.source_line ? `: ${error.source_line}` : ""}`;
    const hint = language.advice(result, ended);
    const what = error.message === "" ? error.type : `${error.type}: ${error.message}`;
    sections.push(`${what}${where}${hint === undefined ? "" : `\n${hint}`}`);
  }
  if (stdout !== "") sections.push(`Output:\n${stdout.trimEnd()}`);
  if (stderr !== "") sections.push(`Standard error:\n${stderr.trimEnd()}`);
  if (sections.length === 0) {
    sections.push(
      "The program ran, but printed nothing and has no value. End it with the expression that is the answer.",
    );
  }
  if (session.lost_because !== undefined) {
    const which = ended ? "The names defined in this conversation" : "Names defined earlier in this conversation";
    sections.push(`${which} are gone, because ${session.lost_because}; define them again.`);
  }
  const shown = error
    ? `${error.type}${error.line === undefined ? "" : ` on line ${error.line}`}: ${error.message}`
    : (value?.repr ?? sanitize(stdout).trim().split("\n").at(-1) ?? "");
  return {
    content: sections.join("\n"),
    structured: result as unknown as { readonly [key: string]: Json },
    display: sanitizeLine(shown).slice(0, 400) || "no value",
    ...(ok && (value !== undefined || stdout !== "")
      ? {
          receipt: {
            kind: "computation" as const,
            tool: language.tool,
            language: language.name,
            program: code,
            value: value?.repr ?? "",
            ...(value?.truncated && { truncated: true as const }),
            stdout,
          },
        }
      : {}),
    ...(ok ? {} : { isError: true }),
  };
}
