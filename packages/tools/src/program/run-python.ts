import { defineTool, type ToolDefinition } from "@chingu/core/protocol";
import { toValidUnicode } from "@chingu/core/text";
import { z } from "zod";
import type { Evaluator } from "./evaluator.ts";
import { programLimits } from "./limits.ts";
import { failed, type Language, type ProgramResult, present, programResultSchema, toResult } from "./program-result.ts";

const limits = programLimits.python;
const description = `Runs a Python 3.14 program and returns its value and what it printed. Use it whenever an answer needs computing: word problems, equations, calculus, dates, counting, sorting, statistics, exact fractions, simulation, text processing. For a single arithmetic expression or a unit conversion, calculate is quicker.

The value is that of the last expression; if there is none, the variable ans, answer or result; if there is none, what solution() returns. Print intermediate steps if they help. Variables, functions and imports are kept for the next call in this conversation (session.state says whether).

At most two programs run at once and 16 wait; beyond that the answer is busy. The standard library is there (math, fractions, decimal, statistics, datetime, itertools, collections, re, json, random…), and sympy, mpmath and dateutil where they are installed; an import that fails says what to do. There is no network, no access to the user's files and no input(). Use Fraction, Decimal or sympy where exactness matters.`;

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
    output: programResultSchema,
    annotations: { readOnly: true, openWorld: false },
    // The run itself, a cold start, packages that are loaded and kept for the first time, and a place in the queue.
    timeoutMs: limits.maxTimeMs + 2 * programLimits.process.startMs + programLimits.snapshot.patienceMs,
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
        request: { code: toValidUnicode(unfenced(code)), expect: expect ?? null, timeoutMs },
        timeoutMs,
        graceMs: limits.graceMs,
        residentBytes: limits.residentBytes,
        signal,
        onProgress,
        program: code,
      });
      if (evaluation.kind === "busy") {
        return failed("busy: too many programs are waiting. Call again in a few seconds.");
      }
      const result = toResult(evaluation, python, timeoutMs);
      // The user may get it before the model tries again.
      if (["ModuleNotFoundError", "ZoneInfoNotFoundError"].includes(result.error?.type ?? "")) evaluator.refresh();
      return present(code, result, python, evaluation.ended);
    },
  });
}

/** The program without a byte-order mark and the code fence that some models put around it. */
function unfenced(code: string): string {
  const bare = code.replace(/^\uFEFF/, "");
  return /^\s*```[\w+-]*[ \t]*\r?\n([\s\S]*?)\r?\n?```\s*$/.exec(bare)?.[1] ?? bare;
}

const python: Language = {
  tool: "run_python",
  name: "python",
  machine: "interpreter",
  forms: true,
  errors: { memory: "MemoryError", recursion: "RecursionError", died: "InterpreterDied" },
  advice,
};

function advice({ error, limit }: ProgramResult, ended: boolean): string | undefined {
  const restart = ended ? "" : " The names defined so far are still there.";
  switch (limit) {
    case "time":
      return `Find a faster method, or give more time with timeout_ms (at most ${limits.maxTimeMs}).${restart}`;
    case "memory":
      return `Hold less at once: at most ${limits.heapBytes >> 20} MB are there.`;
    case "output":
      return `Print only what is needed.${restart}`;
    case "recursion":
      return "Use a loop instead of recursion.";
  }
  switch (error?.type) {
    case "InterpreterDied":
      return `Leave out what ends or reaches around the interpreter, or recurses without end.${restart}`;
    case "ModuleNotFoundError":
      return "Write it with what is installed, or tell the user what to install.";
    case "EOFError":
      return "Write the values into the code.";
  }
  return undefined;
}
