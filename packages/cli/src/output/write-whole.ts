import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Io } from "../io.ts";
import { CommandFailure } from "./report-failure.ts";

/**
 * Writes a file whole or not at all. What was said is private: it is its owner's alone. Throws a `CommandFailure` that
 * names the file when it cannot be written.
 */
export async function writeWhole(text: Readable, path: string, { signal }: Io): Promise<void> {
  const unfinished = `${path}.unfinished`;
  try {
    await pipeline(text, createWriteStream(unfinished, { mode: 0o600 }), { signal });
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    signal.throwIfAborted();
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined || !/^E[A-Z]+$/.test(code)) throw error;
    throw new CommandFailure({
      code: "usage",
      message: `${path} cannot be written: ${message}`,
      hint: "name another file with --to",
    });
  }
}
