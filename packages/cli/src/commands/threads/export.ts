import { resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { allThreads, exportThread, type ThreadInfo, type ThreadStore } from "@chingu/core";
import type { Io } from "../../io.ts";
import { threadMarkdown } from "../../output/markdown.ts";
import { CommandFailure } from "../../output/report-failure.ts";
import { writeWhole } from "../../output/write-whole.ts";
import { namespace, openStore, readSettings, type SettingFlags } from "../../settings.ts";
import { findThread } from "../choose-thread.ts";

export interface ExportFlags extends SettingFlags {
  readonly all?: boolean;
  readonly format: "jsonl" | "markdown";
  /** Written whole or not at all; stdout when left out. */
  readonly to?: string;
}

/** `chingu threads export [ID…]`: as JSON lines that `import` reads, or as Markdown for people. Oldest thread first. */
export async function exportThreads(ids: readonly string[], flags: ExportFlags, io: Io): Promise<number> {
  const settings = await readSettings(flags, io);
  if ((ids.length === 0) !== (flags.all ?? false)) {
    throw new CommandFailure({
      code: "usage",
      message: "it must be clear which threads to export",
      hint: "name them (chingu threads list shows their ids), or say --all",
    });
  }
  const store = await openStore(settings, io);
  const threads = flags.all ? await oldestFirst(store) : await Promise.all(ids.map((id) => findThread(store, id)));
  const text = Readable.from(textOf(store, threads, flags.format));
  if (flags.to === undefined) {
    await pipeline(text, io.stdout, { end: false, signal: io.signal });
    return 0;
  }
  await writeWhole(text, resolve(io.folder, flags.to), io);
  if (!flags.quiet) io.stderr.write(`${settings.messages.threads.exported(threads.length, flags.to)}\n`);
  return 0;
}

async function* textOf(store: ThreadStore, threads: readonly ThreadInfo[], format: ExportFlags["format"]) {
  for (const thread of threads) {
    if (format === "markdown") yield threadMarkdown(thread, await store.read(thread));
    else for await (const line of exportThread(store, thread)) yield `${line}\n`;
  }
}

async function oldestFirst(store: ThreadStore): Promise<ThreadInfo[]> {
  return (await Array.fromAsync(allThreads(store, namespace))).reverse();
}
