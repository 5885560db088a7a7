import { defineTool, type ToolDefinition } from "@chingu/core/protocol";
import { z } from "zod";
import type { Evaluator } from "./evaluator.ts";
import { programLimits } from "./limits.ts";
import { type Language, type ProgramResult, programResultSchema } from "./program-result.ts";
import { programInputSchema, runProgram } from "./program-tool.ts";

const description = `Runs a Python 3.14 program and returns its value and what it printed. Use it whenever an answer needs computing: word problems, equations, calculus, dates, counting, sorting, statistics, exact fractions, simulation, text processing. For a single arithmetic expression or a unit conversion, calculate is quicker.

The value is that of the last expression; if there is none, the variable ans, answer or result; if there is none, what solution() returns. Print intermediate steps if they help. Variables, functions and imports are kept for the next call in this conversation (session.state says whether).

At most two programs run at once and 16 wait; beyond that the answer is busy. The standard library is there (math, fractions, decimal, statistics, datetime, itertools, collections, re, json, random…), and sympy, mpmath and dateutil where they are installed; an import that fails says what to do. There is no network, no access to the user's files and no input(). Use Fraction, Decimal or sympy where exactness matters.`;

/** `timeMs` shortens the default limit of a run. */
export function createRunPython(evaluator: Evaluator, timeMs: number): ToolDefinition {
  return defineTool({
    name: "run_python",
    title: "Run Python",
    description,
    input: programInputSchema.extend({
      expect: z
        .string()
        .regex(/^[\p{L}_][\p{L}\p{N}_]*$/u)
        .max(100)
        .optional()
        .describe("The variable that holds the answer, if the program does not end with it."),
    }),
    output: programResultSchema,
    annotations: { readOnly: true, openWorld: false },
    // The run itself, a cold start, packages that are loaded and kept for the first time, and a place in the queue.
    timeoutMs: programLimits.program.maxTimeMs + 2 * programLimits.process.startMs + programLimits.snapshot.patienceMs,
    run: ({ expect, ...input }, context) => {
      const onResult = ({ error }: ProgramResult) => {
        // The user may get it before the model tries again.
        if (["ModuleNotFoundError", "ZoneInfoNotFoundError"].includes(error?.type ?? "")) evaluator.refresh();
      };
      const { residentBytes } = programLimits.python;
      const request = { expect: expect ?? null };
      return runProgram({ evaluator, language: python, timeMs, residentBytes, request, onResult }, input, context);
    },
  });
}

const python: Language = {
  tool: "run_python",
  name: "python",
  machine: "interpreter",
  forms: true,
  errors: { memory: "MemoryError", recursion: "RecursionError", died: "InterpreterDied" },
  advice,
};

function advice({ error, limit, session }: ProgramResult, ended: boolean): string | undefined {
  const restart = ended ? "" : " The names defined so far are still there.";
  switch (limit) {
    case "time":
      return `Find a faster method, or give more time with timeout_ms (at most ${programLimits.program.maxTimeMs}).${restart}`;
    case "memory":
      return `Hold less at once: at most ${programLimits.python.heapBytes >> 20} MB are there.`;
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
    case "NameError":
      // A conversation that goes on in another process, or from a fork, has no interpreter of its own yet.
      return session.state === "new" && session.call_no === 1 && session.lost_because === undefined
        ? "This interpreter is new: names of programs that ran before it was started are not there."
        : undefined;
    case "EOFError":
      return "Write the values into the code.";
  }
  return undefined;
}
