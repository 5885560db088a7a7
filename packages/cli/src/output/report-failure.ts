import { StoreError } from "@chingu/core";
import type { Failure } from "@chingu/core/protocol";
import type { Io } from "../io.ts";
import { catalogues, languageOf } from "../language/index.ts";
import { exitCodeOfFailure, exitCodes } from "./exit-code.ts";
import { errorText } from "./turn-writer.ts";

/** A failure that ends a command before it has done anything. */
export class CommandFailure extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** Says what ended a command, in one sentence with the way out, and gives the exit code. */
export function reportFailure(error: unknown, io: Io): number {
  if (io.signal.aborted) return exitCodes.interrupted;
  const messages = catalogues[languageOf(io.environment, undefined)];
  if (error instanceof CommandFailure || error instanceof StoreError) {
    io.stderr.write(`${errorText(error.failure, messages)}\n`);
    return exitCodeOfFailure(error.failure.code);
  }
  const message = error instanceof Error ? error.message : String(error);
  io.stderr.write(`${errorText({ message, hint: "This is a bug in Chingu: please report it." }, messages)}\n`);
  return exitCodes.failed;
}
