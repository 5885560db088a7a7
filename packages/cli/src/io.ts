import type { ReadStream, WriteStream } from "node:tty";
import type { Environment } from "@chingu/core";

/** Everything of the process that a command may touch, passed in so that commands can be run in tests. */
export interface Io {
  readonly stdin: ReadStream;
  readonly stdout: WriteStream;
  readonly stderr: WriteStream;
  readonly environment: Environment;
  /** The folder the command was started in. */
  readonly folder: string;
  readonly home: string;
  /** Aborted by SIGINT, SIGTERM and the end of stdout's reader; the reason is a `Stopped`. */
  readonly signal: AbortSignal;
  /** Closes what a command opened, newest first, when it has ended. */
  readonly cleanup: AsyncDisposableStack;
}

/** Why the process was told to stop. */
export class Stopped extends Error {
  /** 130 for SIGINT, 143 for SIGTERM: 128 and the signal's number, as shells count; 0 when nobody reads stdout any more. */
  readonly exitCode: number;
  constructor(exitCode: number) {
    super("stopped from outside");
    this.exitCode = exitCode;
  }
}
