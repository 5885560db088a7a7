import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { type ImportedThread, importThreads, makeId } from "@chingu/core";
import { sanitizeLine } from "@chingu/core/text";
import type { Io } from "../../io.ts";
import { exitCodes } from "../../output/exit-code.ts";
import { CommandFailure } from "../../output/report-failure.ts";
import { writeRows } from "../../output/rows.ts";
import { errorText } from "../../output/turn-writer.ts";
import { namespace, openStore, readSettings, type SettingFlags } from "../../settings.ts";

export interface ImportFlags extends SettingFlags {
  readonly asNew?: boolean;
}

/** `chingu threads import FILE` (`-` is stdin): puts exported threads into the store; repeating it adds nothing twice. */
export async function importThreadFile(file: string, flags: ImportFlags, io: Io): Promise<number> {
  const { messages, ...settings } = await readSettings(flags, io);
  const store = await openStore({ messages, ...settings }, io);
  const imported: ImportedThread[] = [];
  const refused: string[] = [];
  const lines = createInterface({
    input: file === "-" ? io.stdin : createReadStream(resolve(io.folder, file), { signal: io.signal }),
    crlfDelay: Number.POSITIVE_INFINITY,
  });
  try {
    for await (const outcome of importThreads(store, namespace, lines, flags.asNew ? makeId : undefined)) {
      io.signal.throwIfAborted();
      if (outcome.kind === "imported") imported.push(outcome.thread);
      else refused.push(errorText(outcome.failure, messages));
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "EISDIR" && code !== "EACCES") throw error;
    const hint = "name a file that chingu threads export wrote, or - for standard input";
    throw new CommandFailure({ code: "usage", message: `${sanitizeLine(file)} cannot be read (${code})`, hint });
  }
  const { threads } = messages;
  writeRows(
    imported,
    ({ id, added, seq, title }) => {
      if (seq === 0) return threads.nothingToImport(id, sanitizeLine(title));
      return added === 0
        ? threads.alreadyHere(id, sanitizeLine(title))
        : threads.imported(id, added, sanitizeLine(title));
    },
    flags.output,
    io,
  );
  for (const line of refused) io.stderr.write(`${line}\n`);
  return refused.length > 0 ? exitCodes.usage : exitCodes.ok;
}
