import { defineTool, type ToolDefinition } from "@chingu/core/protocol";
import { toValidUnicode } from "@chingu/core/text";
import { z } from "zod";
import type { Evaluator } from "./evaluator.ts";
import { programLimits } from "./limits.ts";
import { failed, type Language, type ProgramResult, present, programResultSchema, toResult } from "./program-result.ts";

const limits = programLimits.javascript;

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
      const result = toResult(evaluation, javascript, timeoutMs);
      return present(code, result, javascript, evaluation.ended);
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
      return `Find a faster method, or give more time with timeout_ms (at most ${limits.maxTimeMs}).`;
    case "memory":
      return `Hold less at once: at most ${limits.heapBytes >> 20} MB are there.`;
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
