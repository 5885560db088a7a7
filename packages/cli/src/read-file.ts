import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { sanitizeLine } from "@chingu/core/text";
import type { Io } from "./io.ts";
import { CommandFailure } from "./output/report-failure.ts";

/**
 * The bytes of a file named on the command line; `/dev/stdin` and a shell's `<(…)` are files too. Throws a
 * `CommandFailure` that names the file when it cannot be read or holds more than `maxBytes`.
 */
export async function readNamedFile(
  path: string,
  maxBytes: number,
  { folder, signal }: Pick<Io, "folder" | "signal">,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(resolve(folder, path), { signal })) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > maxBytes) break;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw unusableFile(path, reasons[String((error as NodeJS.ErrnoException).code)] ?? (error as Error).message);
  }
  if (bytes > maxBytes) throw unusableFile(path, `it is larger than ${describeBytes(maxBytes)}`);
  return Buffer.concat(chunks);
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EISDIR: "it is a folder",
  EACCES: "you may not read it",
};

export function unusableFile(path: string, reason: string, hint = "name another file"): CommandFailure {
  return new CommandFailure({ code: "usage", message: `${sanitizeLine(path)} cannot be used: ${reason}`, hint });
}

function describeBytes(bytes: number): string {
  return bytes >= 1024 * 1024 ? `${bytes / 1024 / 1024} MB` : `${bytes / 1024} KB`;
}
