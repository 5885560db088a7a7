import { conversationOf, type Row, type ThreadStore } from "@chingu/core";
import type { Mark, Message, Part } from "@chingu/core/protocol";
import { sanitize, sanitizeLine } from "@chingu/core/text";
import type { Io } from "../../io.ts";
import type { Messages } from "../../language/index.ts";
import { callText, minuteOf, receiptLine } from "../../output/format.ts";
import { CommandFailure } from "../../output/report-failure.ts";
import { type CommonFlags, openStore, readSettings } from "../../settings.ts";
import { findThread } from "../choose-thread.ts";

export interface ShowFlags extends CommonFlags {
  readonly memory?: string;
  /** Only the rows around this one. */
  readonly at?: number;
}

/** How many rows are shown on either side of `--at`. */
const around = 3;

/** `chingu threads show ID`: every row by its number, with the calls, results and receipts, summaries and rewinds. */
export async function showThread(id: string, flags: ShowFlags, io: Io): Promise<number> {
  const settings = await readSettings(flags, io);
  const store = await openStore(settings, io);
  const info = await findThread(store, id);
  const rows = await store.read(info);
  const shown = flags.at === undefined ? rows : rowsAround(rows, flags.at, info.id);
  const messages = shown.flatMap((row) => ("message" in row ? [row.message] : []));
  if (flags.output === "json") io.stdout.write(`${JSON.stringify({ thread: info, messages })}\n`);
  else if (flags.output === "jsonl") for (const message of messages) io.stdout.write(`${JSON.stringify(message)}\n`);
  else io.stdout.write(rowsText(shown, rows, settings.messages));
  for (const row of shown) {
    if ("corrupt" in row) io.stderr.write(`${settings.messages.corruptRow(row.seq, sanitizeLine(row.corrupt))}\n`);
  }
  return 0;
}

/** A passage of a thread for a person: the row and those around it; undefined where it has no such row. */
export async function passageText(
  store: ThreadStore,
  thread: { readonly namespace: string; readonly id: string },
  seq: number,
  messages: Messages,
): Promise<string | undefined> {
  const rows = await store.read(thread);
  if (!rows.some((row) => row.seq === seq)) return undefined;
  return rowsText(
    rows.filter((row) => Math.abs(row.seq - seq) <= around),
    rows,
    messages,
  );
}

function rowsAround(rows: readonly Row[], at: number, id: string): readonly Row[] {
  if (rows.some(({ seq }) => seq === at)) return rows.filter(({ seq }) => Math.abs(seq - at) <= around);
  throw new CommandFailure({
    code: "usage",
    message: `the thread ${id} has no row ${at}`,
    hint: `its rows are numbered from 1 to ${rows.at(-1)?.seq ?? 0}: chingu threads show ${id}`,
  });
}

function rowsText(shown: readonly Row[], all: readonly Row[], messages: Messages): string {
  const live = new Set(conversationOf(all).messages.map(({ seq }) => seq));
  return shown
    .map((row) => {
      if ("message" in row)
        return `${messageText(row.seq, row.message, live.has(row.seq) ? "" : messages.threads.rewound)}\n`;
      return "mark" in row ? `${markText(row.seq, row.mark, messages)}\n` : "";
    })
    .join("");
}

function messageText(seq: number, message: Message, rewound: string): string {
  const notes = [message.state === "complete" ? "" : message.state, rewound]
    .filter(Boolean)
    .map((note) => ` (${note})`);
  const head = `── ${seq} · ${message.role}${notes.join("")} · ${minuteOf(message.at)}`;
  return [head, ...message.parts.map(partText), ""].join("\n");
}

function markText(seq: number, mark: Mark, { threads }: Messages): string {
  const head = (text: string) => `── ${seq} · ${text} · ${minuteOf(mark.at)}`;
  switch (mark.type) {
    case "summary":
      return [head(threads.summaryOf(mark.from, mark.to)), sanitize(mark.text), ""].join("\n");
    case "uncompact":
      return `${head(threads.uncompacted)}\n`;
    case "rewind":
      return `${head(threads.rewindTo(mark.to))}\n`;
  }
}

function partText(part: Part): string {
  switch (part.type) {
    case "text":
      return sanitize(part.text);
    case "image":
    case "file":
      return `[${sanitizeLine(part.name ?? part.mediaType)}]`;
    case "reasoning":
      return `(${sanitize(part.text)})`;
    case "tool_call":
      return callText(part.call);
    case "approval":
      return `? ${part.state}: ${sanitizeLine(part.reason)}`;
    case "tool_result": {
      const { outcome } = part;
      if (outcome.kind !== "value") return `← ${outcome.kind}: ${sanitize(outcome.message)}`;
      return outcome.receipt ? `← ${receiptLine(outcome.receipt)}` : `← ${sanitize(outcome.content)}`;
    }
  }
}
