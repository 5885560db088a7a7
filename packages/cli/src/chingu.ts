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
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // A reader that has seen enough (`| head -1`) is no error: the turn is stopped, and what was said until then is kept.
  if (error.code === "EPIPE") return stop.abort(new Stopped(0));
  process.stderr.write(`error: standard output cannot be written: ${error.message}\n`);
  process.exit(1);
});
// There is no place left to say that stderr cannot be written.
process.stderr.on("error", () => {});

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
