import { openRecall, type Passage, parseDay } from "@chingu/core";
import { fitCells, sanitizeLine } from "@chingu/core/text";
import type { Io } from "../io.ts";
import { recallSettings } from "../open-recall.ts";
import { minuteOf } from "../output/format.ts";
import { CommandFailure } from "../output/report-failure.ts";
import { writeRows } from "../output/rows.ts";
import { errorText } from "../output/turn-writer.ts";
import { clock, namespace, openStore, openTransport, readSettings, type SettingFlags } from "../settings.ts";
import { findThread } from "./choose-thread.ts";

export interface SearchFlags extends SettingFlags {
  readonly limit: number;
  readonly thread?: string;
  readonly after?: string;
  readonly before?: string;
  readonly here?: boolean;
}

/** How a find is marked in its passage. */
export type Mark = (text: string) => string;

/** `chingu search TEXT`: passages of every thread, best first, each with the command that shows where it stands. */
export async function search(words: readonly string[], flags: SearchFlags, io: Io): Promise<number> {
  const settings = await readSettings(flags, io);
  const store = await openStore(settings, io);
  const recallOptions = recallSettings(settings, io, openTransport(io));
  const recall = openRecall({ store, namespace, clock, ...recallOptions });
  io.cleanup.defer(() => recall.close());
  const thread = flags.thread === undefined ? undefined : (await findThread(store, flags.thread)).id;
  const after = instantOf("--after", flags.after, recallOptions.zone);
  const before = instantOf("--before", flags.before, recallOptions.zone);
  const { passages, notices } = await recall.search(
    {
      text: words.join(" "),
      limit: flags.limit,
      bytes: Number.POSITIVE_INFINITY,
      ...(thread !== undefined && { thread }),
      ...(flags.here && { folder: io.folder }),
      ...(after !== undefined && { after }),
      ...(before !== undefined && { before }),
    },
    io.signal,
  );
  const rows = passages.map((passage) => ({ ...passage, open: openCommand(passage, flags.memory) }));
  const color = io.stdout.isTTY && flags.color && !io.environment["NO_COLOR"] && io.environment["TERM"] !== "dumb";
  const mark: Mark = color ? (text) => `\u001b[1m${text}\u001b[22m` : (text) => text;
  writeRows(rows, (row) => `${passageLines(row, mark).join("\n")}\n  ${row.open}\n`, flags.output, io);
  if (!flags.quiet) for (const notice of notices) io.stderr.write(`${errorText(notice, settings.messages)}\n`);
  if (flags.output === "text" && rows.length === 0 && !flags.quiet) {
    io.stderr.write(`${settings.messages.search.nothing}\n`);
  }
  return 0;
}

/** Date and thread on one line, under it the messages with what was found marked. */
export function passageLines({ thread, title, messages }: Passage, mark: Mark): string[] {
  const date = minuteOf(messages[0]?.at ?? new Date(0).toISOString());
  return [
    `${date}  ${sanitizeLine(thread)}  ${fitCells(sanitizeLine(title), 60)}`,
    ...messages.flatMap((message) => {
      const head = `  ${message.role} #${message.seq}: `;
      return `${head}${marked(message, mark)}`.split("\n").map((line, index) => (index === 0 ? line : `    ${line}`));
    }),
  ];
}

function openCommand(passage: Passage, memory: string | undefined): string {
  const store = memory === undefined ? "" : ` --memory ${sanitizeLine(memory)}`;
  return `chingu threads show ${sanitizeLine(passage.thread)} --at ${passage.best}${store}`;
}

function marked({ text, matches }: Passage["messages"][number], mark: Mark): string {
  let end = 0;
  const parts = matches.map((match) => {
    const part = `${text.slice(end, match.start)}${mark(text.slice(match.start, match.end))}`;
    end = match.end;
    return part;
  });
  return `${parts.join("")}${text.slice(end)}`;
}

function instantOf(flag: string, text: string | undefined, zone: string): number | undefined {
  if (text === undefined) return undefined;
  const day = parseDay(text, zone);
  if (day) return day.from;
  throw new CommandFailure({
    code: "usage",
    message: `${flag} ${sanitizeLine(text)} is no day`,
    hint: "write YYYY-MM-DD or YYYY-MM",
  });
}
