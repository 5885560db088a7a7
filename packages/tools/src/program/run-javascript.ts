import { defineTool, type ToolDefinition } from "@chingu/core/protocol";
import type { Evaluator } from "./evaluator.ts";
import { programLimits } from "./limits.ts";
import { type Language, type ProgramResult, programResultSchema } from "./program-result.ts";
import { programInputSchema, runProgram } from "./program-tool.ts";

const description = `Runs a JavaScript program (ES2023) and returns its value and what it printed. run_python is the first choice for computing: it has exact fractions, decimals, dates and algebra. Use this one when the user asks for JavaScript, when code to check is JavaScript, or for JSON and text that is easier here.

The value is that of the last expression (a promise is awaited, await works at the top); if there is none, the variable ans, answer or result; if there is none, what solution() returns. console.log prints. Variables and functions are kept for the next call in this conversation and may be declared again.

It is the language alone: no import or require, no network, no files, no DOM, no process. Timers run in order without waiting. Integers beyond 2^53 need BigInt: 2n ** 200n.`;

/** `timeMs` shortens the default limit of a run. */
export function createRunJavascript(evaluator: Evaluator, timeMs: number): ToolDefinition {
  return defineTool({
    name: "run_javascript",
    title: "Run JavaScript",
    description,
    input: programInputSchema,
    output: programResultSchema,
    annotations: { readOnly: true, openWorld: false },
    // The run itself, a cold start and a place in the queue.
    timeoutMs: programLimits.program.maxTimeMs + programLimits.process.startMs,
    run: (input, context) => {
      const { residentBytes } = programLimits.javascript;
      return runProgram({ evaluator, language: javascript, timeMs, residentBytes }, input, context);
    },
  });
}

const javascript: Language = {
  tool: "run_javascript",
  name: "javascript",
  machine: "engine",
  forms: false,
  errors: { memory: "InternalError", recursion: "InternalError", died: "EngineDied" },
  advice,
};

function advice({ error, limit }: ProgramResult): string | undefined {
  switch (limit) {
    case "time":
      return `Find a faster method, or give more time with timeout_ms (at most ${programLimits.program.maxTimeMs}).`;
    case "memory":
      return `Hold less at once: at most ${programLimits.javascript.heapBytes >> 20} MB are there.`;
    case "output":
      return `Print only what is needed.`;
    case "recursion":
      return `Use a loop instead of recursion.`;
  }
  const message = error?.message ?? "";
  if (/^'(require|process|module|fs|window|document|fetch|XMLHttpRequest|Deno|Bun)' is not defined/.test(message)) {
    return "Only the language itself is here: write it without modules, files, network or a page.";
  }
  if (/'import' and 'export'|could not load module/.test(message)) {
    return "There are no modules here: leave the import out and write it with the language alone.";
  }
  if (/^'(prompt|readline)' is not defined/.test(message)) return "Write the values into the code.";
  return undefined;
}
