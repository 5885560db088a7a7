import type { ThreadInfo } from "@chingu/core";
import type { Message, Part } from "@chingu/core/protocol";
import { fitCells, sanitize, sanitizeLine } from "@chingu/core/text";
import type { Io } from "../io.ts";
import { callText, minuteOf, receiptLine } from "../output/format.ts";
import { writeRows } from "../output/rows.ts";
import { type CommonFlags, namespace, openStore, readSettings } from "../settings.ts";
import { findThread } from "./choose-thread.ts";

export interface ListFlags extends CommonFlags {
  readonly here?: boolean;
  readonly limit: number;
  readonly cursor?: string;
}

/** `chingu threads list`: newest first, a page at a time. */
export async function listThreads(flags: ListFlags, io: Io): Promise<number> {
  const settings = await readSettings(flags, io);
  const store = await openStore(settings, io);
  const { threads, next } = await store.threads(namespace, {
    limit: flags.limit,
    ...(flags.here && { folder: io.folder }),
    ...(flags.cursor !== undefined && { cursor: flags.cursor }),
  });
  writeRows(threads, threadLine, flags.output, io);
  if (flags.output === "text" && threads.length === 0) io.stderr.write(`${settings.messages.noThreads}\n`);
  if (next !== undefined && !flags.quiet) {
    io.stderr.write(`${settings.messages.more(`chingu threads list --cursor ${next}`)}\n`);
  }
  return 0;
}

function threadLine({ id, updatedAt, seq, title }: ThreadInfo): string {
  return `${id}  ${minuteOf(updatedAt)}  ${String(seq).padStart(4)}  ${fitCells(sanitizeLine(title), 60)}`;
}

/** `chingu threads show ID`: every message, with the calls, results and receipts between them. */
export async function showThread(id: string, flags: CommonFlags, io: Io): Promise<number> {
  const settings = await readSettings(flags, io);
  const store = await openStore(settings, io);
  const info = await findThread(store, id);
  const rows = await store.read(info);
  const messages = rows.flatMap((row) => ("message" in row ? [row.message] : []));
  if (flags.output === "json") io.stdout.write(`${JSON.stringify({ thread: info, messages })}\n`);
  else if (flags.output === "jsonl") for (const message of messages) io.stdout.write(`${JSON.stringify(message)}\n`);
  else for (const message of messages) io.stdout.write(`${messageText(message)}\n`);
  for (const row of rows) {
    if ("corrupt" in row) io.stderr.write(`${settings.messages.corruptRow(row.seq, sanitizeLine(row.corrupt))}\n`);
  }
  return 0;
}

function messageText(message: Message): string {
  const state = message.state === "complete" ? "" : ` (${message.state})`;
  const head = `── ${message.role}${state} · ${minuteOf(message.at)}`;
  return [head, ...message.parts.map(partText), ""].join("\n");
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
