import { fstatSync } from "node:fs";
import type { Io } from "./io.ts";
import { CommandFailure } from "./output/report-failure.ts";

const maxBytes = 16 * 1024 * 1024;
/** How long an open socket may say nothing before it is taken for one that nobody writes to, in ms. */
const silentSocketMs = 500;
const hintMs = 2_000;
const waiting = "waiting for standard input to end… (add </dev/null when there is none)\n";

/**
 * What was piped in; empty on a terminal, which is never waited for. A file or a shell's pipe is read to its end. A
 * socket is what programs that start other programs hand down without closing it: unless it is `required`, one that
 * stays silent counts as empty. Throws a `CommandFailure` beyond 16 MB.
 */
export async function readPiped(
  { stdin, stderr, signal }: Pick<Io, "stdin" | "stderr" | "signal">,
  { required }: { readonly required: boolean },
): Promise<string> {
  if (stdin.isTTY) return "";
  const chunks: Buffer[] = [];
  let bytes = 0;
  const patience = required || !isSocket() ? undefined : setTimeout(() => stdin.destroy(), silentSocketMs);
  const stop = () => stdin.destroy();
  // A pipe that nobody closes looks like a program that hangs: say what is waited for.
  const hint = setTimeout(() => stderr.write(waiting), hintMs);
  signal.addEventListener("abort", stop, { once: true });
  try {
    for await (const chunk of stdin) {
      clearTimeout(patience);
      clearTimeout(hint);
      chunks.push(Buffer.from(chunk));
      bytes += chunk.length;
      if (bytes > maxBytes) {
        throw new CommandFailure({
          code: "usage",
          message: "standard input is larger than 16 MB",
          hint: "send the part the question is about",
        });
      }
    }
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    // A stdin that is closed, or that was given up, is empty.
    if (!stdin.destroyed) throw error;
  } finally {
    clearTimeout(patience);
    clearTimeout(hint);
    signal.removeEventListener("abort", stop);
  }
  signal.throwIfAborted();
  return new TextDecoder("utf-8").decode(Buffer.concat(chunks));
}

function isSocket(): boolean {
  try {
    return fstatSync(0).isSocket();
  } catch {
    return false;
  }
}
