import { defineTool, type Json, type ToolDefinition, type ToolReturn } from "@chingu/core/protocol";
import { sanitize, sanitizeLine, toValidUnicode } from "@chingu/core/text";
import { z } from "zod";
import type { Evaluation, Evaluator } from "./evaluator.ts";
import { programLimits } from "./limits.ts";

const limits = programLimits.python;
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

const limitSchema = z.enum(["time", "memory", "output", "recursion"]);

/** What the child says; a claim until it fits. */
const replySchema = z.object({
  ok: z.boolean(),
  value: valueSchema.optional(),
  error: errorSchema.optional(),
  limit: limitSchema.optional(),
});
type Reply = z.infer<typeof replySchema>;

/** The structured result of `run_python`. */
export const pythonResultSchema = replySchema.extend({
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
export type PythonResult = z.infer<typeof pythonResultSchema>;

const description = `Runs a Python 3.14 program and returns its value and what it printed. Use it whenever an answer needs computing: word problems, equations, calculus, dates, counting, sorting, statistics, exact fractions, simulation, text processing. For a single arithmetic expression or a unit conversion, calculate is quicker.

The value is that of the last expression; if there is none, the variable ans, answer or result; if there is none, what solution() returns. Print intermediate steps if they help. Variables, functions and imports are kept for the next call in this conversation (session.state says whether).

The standard library is there (math, fractions, decimal, statistics, datetime, itertools, collections, re, json, random…), and sympy, mpmath and dateutil where they are installed; an import that fails says what to do. There is no network, no access to the user's files and no input(). Use Fraction, Decimal or sympy where exactness matters.`;

/** `timeMs` shortens the default limit of a run. */
export function createRunPython(evaluator: Evaluator, timeMs: number): ToolDefinition {
  return defineTool({
    name: "run_python",
    title: "Run Python",
    description,
    input: z.object({
      code: z.string().describe("The whole program, at most 64 KB."),
      timeout_ms: z
        .number()
        .int()
        .min(100)
        .max(limits.maxTimeMs)
        .optional()
        .describe("How long it may run; 10000 unless given, at most 60000."),
      expect: z
        .string()
        .regex(/^[\p{L}_][\p{L}\p{N}_]*$/u)
        .max(100)
        .optional()
        .describe("The variable that holds the answer, if the program does not end with it."),
      session_id: z
        .string()
        .regex(/^[\w.-]+$/)
        .max(64)
        .optional()
        .describe("Run in another session with names of its own; leave out for the conversation's own."),
      fresh: z.boolean().optional().describe("Forget what earlier calls of the session defined."),
    }),
    output: pythonResultSchema,
    annotations: { readOnly: true, openWorld: false },
    // The run itself, a cold start and a place in the queue.
    timeoutMs: limits.maxTimeMs + programLimits.process.startMs,
    async run({ code, timeout_ms, expect, session_id, fresh }, { signal, threadId, onProgress }) {
      const size = Buffer.byteLength(code);
      if (size > limits.codeBytes) {
        return failed(`The program has ${size} bytes; at most ${limits.codeBytes} are taken. Send a shorter one.`);
      }
      const timeoutMs = timeout_ms ?? Math.min(timeMs, limits.timeMs);
      const evaluation = await evaluator.evaluate({
        threadId,
        sessionId: session_id,
        fresh,
        request: { code: toValidUnicode(code), expect: expect ?? null, timeoutMs },
        timeoutMs,
        graceMs: limits.graceMs,
        residentBytes: limits.residentBytes,
        signal,
        onProgress,
      });
      if (evaluation.kind === "busy") {
        return failed("busy: too many programs are waiting. Call again in a few seconds.");
      }
      const result = toResult(evaluation, timeoutMs);
      // The user may get it before the model tries again.
      if (result.error?.type === "ModuleNotFoundError") evaluator.refresh();
      return present(code, result, evaluation.kind === "stopped");
    },
  });
}

const failed = (content: string): ToolReturn => ({ content, display: content, isError: true });

function toResult(evaluation: Exclude<Evaluation, { kind: "busy" }>, timeoutMs: number): PythonResult {
  const { printed, session } = evaluation;
  return {
    ...(evaluation.kind === "result"
      ? believe(evaluation.result, timeoutMs)
      : stopped(evaluation.reason, evaluation.detail)),
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

/** A reply that does not fit says nothing about the program, so none of it is passed on. */
function believe(claim: unknown, timeoutMs: number): Reply {
  const { data: reply } = replySchema.safeParse(claim);
  if (reply === undefined || reply.ok !== (reply.error === undefined)) {
    return { ok: false, error: { type: "InvalidReply", message: "the program disturbed its own interpreter" } };
  }
  if (reply.limit !== "time" || reply.error === undefined) return reply;
  // Inside, running out of time looks like a person's Ctrl+C.
  return { ...reply, error: { ...reply.error, type: "TimeLimit", message: `stopped after ${timeoutMs / 1000} s` } };
}

function stopped(reason: string, detail: string): Reply {
  const error = (type: string, message: string) => ({ ok: false, error: { type, message } });
  switch (reason) {
    case "time":
      return { ...error("TimeLimit", detail), limit: "time" };
    case "memory":
      return { ...error("MemoryError", "the program used too much memory and was ended"), limit: "memory" };
    case "output":
      return {
        ...error(
          "OutputLimit",
          `the program printed more than ${programLimits.output.floodBytes >> 20} MB and was ended`,
        ),
        limit: "output",
      };
    default:
      if (/call stack/.test(detail)) {
        return { ...error("RecursionError", "nested too deeply; the interpreter ended"), limit: "recursion" };
      }
      return error("InterpreterDied", "the interpreter ended in the middle of the program");
  }
}

/** What to do about a failure, where something better can be said than to mend the line. */
function advice({ error, limit, session }: PythonResult, ended: boolean): string | undefined {
  const gone = "The names defined in this conversation are gone; define them again.";
  const restart = ended ? gone : "The names defined so far are still there.";
  switch (limit) {
    case "time":
      return `Find a faster method, or give more time with timeout_ms (at most ${limits.maxTimeMs}). ${restart}`;
    case "memory":
      return `Hold less at once: at most ${limits.heapBytes >> 20} MB are there.`;
    case "output":
      return `Print only what is needed. ${restart}`;
    case "recursion":
      return "Use a loop instead of recursion.";
  }
  switch (error?.type) {
    case "InterpreterDied":
      return `Leave out what ends or reaches around the interpreter, or recurses without end. ${restart}`;
    case "ModuleNotFoundError":
      return "Write it with what is installed, or tell the user what to install.";
    case "EOFError":
      return "Write the values into the code.";
    case "NameError":
      return session.state === "lost" ? gone : undefined;
  }
  return undefined;
}

/** `ended`: the interpreter was. */
function present(code: string, result: PythonResult, ended: boolean): ToolReturn {
  const { ok, value, error, stdout, stderr, session } = result;
  const sections: string[] = [];
  if (value !== undefined) {
    const { exact = value.repr, decimal = exact } = value;
    const also = `${exact === value.repr ? "" : ` = ${exact}`}${[exact, value.repr].includes(decimal) ? "" : ` ≈ ${decimal}`}`;
    const from = value.from === "last_assignment" ? ", the last assignment" : "";
    sections.push(`Value: ${value.repr}${also} (${value.type}${from})`);
  }
  if (error !== undefined) {
    const where =
      error.line === undefined ? "" : `\nLine ${error.line}${error.source_line ? `: ${error.source_line}` : ""}`;
    const hint = advice(result, ended);
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
  if (session.state === "lost") {
    sections.push(`Names defined earlier in this conversation are gone, because ${session.lost_because}.`);
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
            tool: "run_python",
            language: "python",
            program: code,
            value: value?.repr ?? "",
            stdout,
          },
        }
      : {}),
    ...(ok ? {} : { isError: true }),
  };
}
