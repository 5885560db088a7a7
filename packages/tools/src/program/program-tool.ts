import type { ToolContext, ToolReturn } from "@chingu/core/protocol";
import { toValidUnicode } from "@chingu/core/text";
import { z } from "zod";
import type { Evaluator } from "./evaluator.ts";
import { programLimits } from "./limits.ts";
import { failed, type Language, type ProgramResult, present, toResult } from "./program-result.ts";

const limits = programLimits.program;

/** What every tool that runs programs takes. */
export const programInputSchema = z.object({
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
});

export interface ProgramRun {
  readonly evaluator: Evaluator;
  readonly language: Language;
  /** Shortens the default limit. */
  readonly timeMs: number;
  readonly residentBytes: number;
  /** What the language's child is told beside the program. */
  readonly request?: { readonly expect: string | null };
  readonly onResult?: (result: ProgramResult) => void;
}

/** Runs a program in its session and words what became of it. Rejects with the signal's reason. */
export async function runProgram(
  { evaluator, language, timeMs, residentBytes, request, onResult }: ProgramRun,
  { code, timeout_ms, session_id, fresh }: z.infer<typeof programInputSchema>,
  { signal, threadId, onProgress }: ToolContext,
): Promise<ToolReturn> {
  const size = Buffer.byteLength(code);
  if (size > limits.codeBytes) {
    return failed(`The program has ${size} bytes; at most ${limits.codeBytes} are taken. Send a shorter one.`);
  }
  const program = toValidUnicode(unfenced(code));
  const timeoutMs = timeout_ms ?? Math.min(timeMs, limits.timeMs);
  const evaluation = await evaluator.evaluate({
    threadId,
    sessionId: session_id,
    fresh,
    request: { code: program, timeoutMs, ...request },
    timeoutMs,
    graceMs: limits.graceMs,
    residentBytes,
    signal,
    onProgress,
  });
  if (evaluation.kind === "busy") {
    return failed("busy: too many programs are waiting. Call again in a few seconds.");
  }
  const result = toResult(evaluation, language, timeoutMs);
  onResult?.(result);
  return present(program, result, language, evaluation.ended);
}

/** The program without a byte-order mark and the code fence that some models put around it. */
function unfenced(code: string): string {
  const bare = code.replace(/^\uFEFF/, "");
  return /^\s*```[\w+-]*[ \t]*\r?\n([\s\S]*?)\r?\n?```\s*$/.exec(bare)?.[1] ?? bare;
}
