import { createHash } from "node:crypto";
import { z } from "zod";
import { type Message, messageSchema, textOf } from "../protocol/index.ts";
import { fitCells, sanitizeLine, toValidUnicode } from "../text/index.ts";
import { type Row, StoreError, type ThreadInfo } from "./thread-store.ts";

/** How many operations of a thread are remembered for the repeat check. */
export const rememberedOps = 256;

const titleCells = 80;

/** One message as every store keeps it: JSON, in which NULs and lone surrogates are escapes. Throws on a non-message. */
export function encodeMessage(message: Message): string {
  return JSON.stringify(messageSchema.parse(message));
}

/** The row at `seq` from its stored form. Never throws: what cannot be read is a row that says why. */
export function decodeRow(seq: number, raw: string): Row {
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch (error) {
    return { seq, corrupt: `not JSON: ${error instanceof Error ? error.message : error}`, raw };
  }
  const parsed = messageSchema.safeParse(value);
  if (parsed.success) return { seq, message: parsed.data };
  return { seq, corrupt: `not a message: ${z.prettifyError(parsed.error).replaceAll("\n", " ")}`, raw };
}

/** Any string as text that every store takes unchanged, distinct for distinct strings; plain text stays as it is. */
export function escapeText(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** The inverse of `escapeText`. Text that others damaged comes back as it stands. */
export function unescapeText(text: string): string {
  try {
    return z.string().parse(JSON.parse(`"${text}"`));
  } catch {
    return text;
  }
}

/** A long text as every store keeps it, and its name. */
export function encodeText(text: string): { readonly name: string; readonly body: string } {
  const body = JSON.stringify(text);
  return { name: nameOf(body), body };
}

/** The text of a stored body. Throws a StoreError (`store_corrupt`) when it is no longer what was saved. */
export function decodeText(name: string, body: string, url: string): string {
  if (nameOf(body) === name) return z.string().parse(JSON.parse(body));
  const message = `A saved tool output in ${url} is damaged: it does not fit its name ${name}.`;
  throw new StoreError({ code: "store_corrupt", message, hint: "Run the tool again." });
}

function nameOf(body: string): string {
  return `sha256:${createHash("sha256").update(body).digest("hex")}`;
}

/** The title of a new thread: what was given, or the first user message; one line that a list can show. */
export function titleOf(given: string | undefined, messages: readonly Message[]): string {
  const firstUser = messages.find((message) => message.role === "user");
  const text = given ?? (firstUser ? textOf(firstUser) : "");
  return fitCells(sanitizeLine(toValidUnicode(text.slice(0, 4 * titleCells))), titleCells);
}

/** A thread's header as stores keep it: times in milliseconds. */
export interface Header {
  readonly seq: number;
  readonly created: number;
  readonly updated: number;
  readonly title: string;
  readonly folder?: string | undefined;
}

export function toThreadInfo(namespace: string, id: string, header: Header): ThreadInfo {
  return {
    namespace,
    id,
    title: header.title,
    ...(header.folder === undefined ? {} : { folder: header.folder }),
    createdAt: new Date(header.created).toISOString(),
    updatedAt: new Date(header.updated).toISOString(),
    seq: header.seq,
  };
}

/** Where a page of threads ended. The name breaks ties between threads of the same millisecond. */
export interface Position {
  readonly updated: number;
  readonly name: string;
}

const positionSchema = z.tuple([z.number(), z.string()]);

export function encodeCursor(position: Position): string {
  return Buffer.from(JSON.stringify([position.updated, position.name])).toString("base64url");
}

/** Throws a StoreError (`usage`) for anything but a page's `next`. */
export function decodeCursor(cursor: string): Position {
  try {
    const [updated, name] = positionSchema.parse(JSON.parse(Buffer.from(cursor, "base64url").toString()));
    return { updated, name };
  } catch (cause) {
    const hint = "Use the cursor the last page gave, or none for the first page.";
    throw new StoreError({ code: "usage", message: "This page cursor is not one of ours.", hint }, { cause });
  }
}

export function pageSize(limit: number | undefined): number {
  return Math.max(1, Math.trunc(limit ?? 50));
}

/** The error of a method called after `close`. */
export function closedError(url: string): StoreError {
  return new StoreError({ code: "store_unavailable", message: `The store ${url} is closed.`, hint: "Open it again." });
}
