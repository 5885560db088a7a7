import { defineTool, type Json, type ToolDefinition, type ToolReturn } from "@chingu/core/protocol";
import { sanitize, sanitizeLine, toValidUnicode } from "@chingu/core/text";
import { z } from "zod";
import type { Evaluation, Evaluator } from "./evaluator.ts";
import { programLimits } from "./limits.ts";
import { type PythonResult as ProgramResult, pythonResultSchema as programResultSchema } from "./run-python.ts";

const limits = programLimits.javascript;

/** What the child says; a claim until it fits. */
const replySchema = programResultSchema.pick({ ok: true, value: true, error: true, limit: true });
type Reply = z.infer<typeof replySchema>;

const description = `Runs a JavaScript program (ES2023) and returns its value and what it printed. run_python is the first choice for computing: it has exact fractions, decimals, dates and algebra. Use this one when the user asks for JavaScript, when code to check is JavaScript, or for JSON and text that is easier here.

The value is that of the last expression (a promise is awaited, await works at the top); if there is none, the variable ans, answer or result; if there is none, what solution() returns. console.log prints. Variables and functions are kept for the next call in this conversation and may be declared again.

It is the language alone: no import or require, no network, no files, no DOM, no process. Timers run in order without waiting. Integers beyond 2^53 need BigInt: 2n ** 200n.`;

/** `timeMs` shortens the default limit of a run. */
export function createRunJavascript(evaluator: Evaluator, timeMs: number): ToolDefinition {
  return defineTool({
    name: "run_javascript",
    title: "Run JavaScript",
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
      session_id: z
        .string()
        .regex(/^[\w.-]+$/)
        .max(64)
        .optional()
        .describe("Run in another session with names of its own; leave out for the conversation's own."),
      fresh: z.boolean().optional().describe("Forget what earlier calls of the session defined."),
    }),
    output: programResultSchema,
    annotations: { readOnly: true, openWorld: false },
    // The run itself, a cold start and a place in the queue.
    timeoutMs: limits.maxTimeMs + programLimits.process.startMs,
    async run({ code, timeout_ms, session_id, fresh }, { signal, threadId }) {
      const size = Buffer.byteLength(code);
      if (size > limits.codeBytes) {
        return failed(`The program has ${size} bytes; at most ${limits.codeBytes} are taken. Send a shorter one.`);
      }
      const timeoutMs = timeout_ms ?? Math.min(timeMs, limits.timeMs);
      const evaluation = await evaluator.evaluate({
        threadId,
        sessionId: session_id,
        fresh,
        request: { code: toValidUnicode(code), timeoutMs },
        timeoutMs,
        graceMs: limits.graceMs,
        residentBytes: limits.residentBytes,
        signal,
      });
      if (evaluation.kind === "busy") {
        return failed("busy: too many programs are waiting. Call again in a few seconds.");
      }
      return present(code, toResult(evaluation), evaluation.kind === "stopped");
    },
  });
}

const failed = (content: string): ToolReturn => ({ content, display: content, isError: true });

function toResult(evaluation: Exclude<Evaluation, { kind: "busy" }>): ProgramResult {
  const { printed, session } = evaluation;
  return {
    ...(evaluation.kind === "result" ? believe(evaluation.result) : stopped(evaluation.reason, evaluation.detail)),
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
function believe(claim: unknown): Reply {
  const reply = replySchema.safeParse(claim);
  if (reply.success && reply.data.ok === (reply.data.error === undefined)) return reply.data;
  return { ok: false, error: { type: "InvalidReply", message: "the program disturbed its own engine" } };
}

function stopped(reason: string, detail: string): Reply {
  const error = (type: string, message: string) => ({ ok: false, error: { type, message } });
  switch (reason) {
    case "time":
      return { ...error("TimeLimit", detail), limit: "time" };
    case "memory":
      return { ...error("InternalError", "the program used too much memory and was ended"), limit: "memory" };
    case "output": {
      const megabytes = programLimits.output.floodBytes >> 20;
      return {
        ...error("OutputLimit", `the program printed more than ${megabytes} MB and was ended`),
        limit: "output",
      };
    }
    default:
      if (/call stack/.test(detail)) {
        return { ...error("InternalError", "nested too deeply; the engine ended"), limit: "recursion" };
      }
      return error("EngineDied", "the engine ended in the middle of the program");
  }
}

/** What to do about a failure, where something better can be said than to mend the line. */
function advice({ error, limit, session }: ProgramResult, ended: boolean): string | undefined {
  const restart = "The names defined in this conversation are gone; define them again.";
  const gone = ended ? ` ${restart}` : "";
  switch (limit) {
    case "time":
      return `Find a faster method, or give more time with timeout_ms (at most ${limits.maxTimeMs}).${gone}`;
    case "memory":
      return `Hold less at once: at most ${limits.heapBytes >> 20} MB are there.${gone}`;
    case "output":
      return `Print only what is needed.${gone}`;
    case "recursion":
      return `Use a loop instead of recursion.${gone}`;
  }
  const message = error?.message ?? "";
  if (error?.type === "EngineDied") return restart;
  if (/^'(require|process|module|fs|window|document|fetch|XMLHttpRequest|Deno|Bun)' is not defined/.test(message)) {
    return "Only the language itself is here: write it without modules, files, network or a page.";
  }
  if (/'import' and 'export'|could not load module/.test(message)) {
    return "There are no modules here: leave the import out and write it with the language alone.";
  }
  if (/^'(prompt|readline)' is not defined/.test(message)) return "Write the values into the code.";
  if (error?.type === "ReferenceError" && session.state === "lost") return restart;
  return undefined;
}

function present(code: string, result: ProgramResult, ended: boolean): ToolReturn {
  const { ok, value, error, stdout, stderr, session } = result;
  const sections: string[] = [];
  if (value !== undefined) {
    const from = value.from === "last_assignment" ? ", the last assignment" : "";
    sections.push(`Value: ${value.repr} (${value.type}${from})`);
  }
  if (error !== undefined) {
    const line = error.line === undefined ? "" : `\nLine ${error.line}`;
    const source = error.source_line ? `: ${error.source_line}` : "";
    const hint = advice(result, ended);
    const what = error.message === "" ? error.type : `${error.type}: ${error.message}`;
    sections.push(`${what}${line}${source}${hint === undefined ? "" : `\n${hint}`}`);
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
            tool: "run_javascript",
            language: "javascript",
            program: code,
            value: value?.repr ?? "",
            stdout,
          },
        }
      : {}),
    ...(ok ? {} : { isError: true }),
  };
}
