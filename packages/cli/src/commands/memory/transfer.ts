import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { factLine, importFacts } from "@chingu/core";
import type { Fact } from "@chingu/core/protocol";
import { sanitizeLine } from "@chingu/core/text";
import type { Io } from "../../io.ts";
import { exitCodes } from "../../output/exit-code.ts";
import { CommandFailure } from "../../output/report-failure.ts";
import { errorText } from "../../output/turn-writer.ts";
import { writeWhole } from "../../output/write-whole.ts";
import { clock, namespace, type SettingFlags } from "../../settings.ts";
import { openMemory } from "./open.ts";

/** `chingu memory export`: every fact as a JSON line, oldest first, for `import`. */
export async function exportFacts(flags: SettingFlags & { readonly to?: string }, io: Io): Promise<number> {
  const { all, messages } = await openMemory(flags, io);
  const text = Readable.from(all.map((fact) => `${factLine(fact)}\n`));
  if (flags.to === undefined) {
    await pipeline(text, io.stdout, { end: false, signal: io.signal });
    return 0;
  }
  await writeWhole(text, resolve(io.folder, flags.to), io);
  if (!flags.quiet) io.stderr.write(`${messages.memory.exported(all.length, sanitizeLine(flags.to))}\n`);
  return 0;
}

/** `chingu memory import FILE` (`-` is stdin): adds exported facts; lines that cannot be used are named, exit 2. */
export async function importFactFile(file: string, flags: SettingFlags, io: Io): Promise<number> {
  const { store, messages } = await openMemory(flags, io);
  const added: Fact[] = [];
  let known = 0;
  const refused: string[] = [];
  const lines = createInterface({
    input: file === "-" ? io.stdin : createReadStream(resolve(io.folder, file), { signal: io.signal }),
    crlfDelay: Number.POSITIVE_INFINITY,
  });
  try {
    for await (const outcome of importFacts(store.facts(namespace), lines, clock)) {
      io.signal.throwIfAborted();
      if (outcome.kind === "added") added.push(outcome.fact);
      else if (outcome.kind === "refused") refused.push(errorText(outcome.failure, messages));
      else known++;
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "EISDIR" && code !== "EACCES") throw error;
    const hint = "name a file that chingu memory export wrote, or - for standard input";
    throw new CommandFailure({ code: "usage", message: `${sanitizeLine(file)} cannot be read (${code})`, hint });
  }
  if (flags.output === "json") io.stdout.write(`${JSON.stringify({ added: added.map(({ id }) => id), known })}\n`);
  else if (flags.output === "jsonl") for (const { id } of added) io.stdout.write(`${JSON.stringify({ id })}\n`);
  else io.stdout.write(`${messages.memory.imported(added.length, known)}\n`);
  for (const line of refused) io.stderr.write(`${line}\n`);
  return refused.length > 0 ? exitCodes.usage : exitCodes.ok;
}
