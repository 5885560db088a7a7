#!/usr/bin/env node
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { type Io, Stopped } from "./io.ts";

enableCompileCache?.();

const stop = new AbortController();
for (const [name, exitCode] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  process.on(name, () => {
    // Twice means now: the first asks, the second does not.
    if (stop.signal.aborted) process.exit(exitCode);
    stop.abort(new Stopped(exitCode));
  });
}
// A reader that has seen enough (`| head -1`) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

const io: Io = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  folder: process.cwd(),
  home: homedir(),
  signal: stop.signal,
  cleanup: new AsyncDisposableStack(),
};

const { run } = await import("./run.ts");
const exitCode = await run(process.argv.slice(2), io);
process.exitCode = stop.signal.reason instanceof Stopped ? stop.signal.reason.exitCode : exitCode;
