import { StoreError } from "@chingu/core";
import type { Failure, TurnResult } from "@chingu/core/protocol";
import type { Io } from "../io.ts";
import { catalogues, languageOf } from "../language/index.ts";
import { exitCodeOf } from "./exit-code.ts";
import { CommandFailure, reportFailure } from "./report-failure.ts";
import { type OutputForm, writeResult } from "./turn-writer.ts";

/**
 * Writes how a command ended whose turn could not begin, and gives its exit code. A program that asked for JSON gets the
 * one object it waits for, whatever happened; the sentence for a person goes to stderr as ever.
 */
export function endEarly(error: unknown, form: OutputForm, io: Io): number {
  if (form === "text") return reportFailure(error, io);
  const result = notBegun(io.signal.aborted ? undefined : failureOf(error));
  const messages = catalogues[languageOf(io.environment, undefined)];
  if (form === "jsonl") io.stdout.write(`${JSON.stringify(turnEnd(result))}\n`);
  writeResult(result, "", io, { form, quiet: true, messages });
  return exitCodeOf(result);
}

function failureOf(error: unknown): Failure {
  if (error instanceof CommandFailure || error instanceof StoreError) return error.failure;
  const message = error instanceof Error ? error.message : String(error);
  return { code: "internal", message, hint: "This is a bug in Chingu: please report it." };
}

/** Without a failure it was stopped. */
function notBegun(error: Failure | undefined): TurnResult {
  return {
    status: error ? "failed" : "aborted",
    answer: "",
    value: null,
    receipts: [],
    unsupported: [],
    denied: [],
    usage: { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0, estimated: false },
    cost: { usd: 0, known: true },
    model: "",
    steps: 0,
    threadId: "",
    turnId: "",
    annotations: [],
    error: error ?? null,
  };
}

function turnEnd(result: TurnResult) {
  const at = new Date().toISOString();
  return { v: 1, type: "turn_end", turnId: "", seq: 0, at, reason: result.status, result };
}
