import { createHash } from "node:crypto";
import { z } from "zod";
import { type Fact, factSchema, type Message, markSchema, messageSchema, textOf } from "../protocol/index.ts";
import { fitCells, sanitizeLine, toValidUnicode } from "../text/index.ts";
import type { FactRow } from "./fact-store.ts";
import {
  type Imported,
  type Item,
  type Row,
  StoreError,
  type ThreadInfo,
  type ThreadKey,
  type ThreadStore,
} from "./thread-store.ts";

/** How many operations of a thread are remembered for the repeat check. */
export const rememberedOps = 256;

const titleCells = 80;

/** One item as every store keeps it: JSON, in which NULs and lone surrogates are escapes. Throws on anything else. */
export function encodeItem(item: Item): string {
  return JSON.stringify("role" in item ? messageSchema.parse(item) : markSchema.parse(item));
}

/** The row at `seq` from its stored form. Never throws: what cannot be read is a row that says why. */
export function decodeRow(seq: number, raw: string): Row {
  const { value, error } = parseJson(raw);
  if (error !== undefined) return { seq, corrupt: error, raw };
  if (isMarkLike(value)) {
    const mark = markSchema.safeParse(value);
    return mark.success ? { seq, mark: mark.data } : { seq, corrupt: `not a mark: ${reasonOf(mark.error)}`, raw };
  }
  const message = messageSchema.safeParse(value);
  if (message.success) return { seq, message: message.data };
  return { seq, corrupt: `not a message: ${reasonOf(message.error)}`, raw };
}

/** Whether it is a mark, of a type we know or not. */
function isMarkLike(value: unknown): boolean {
  return typeof value === "object" && value !== null && "type" in value && !("role" in value);
}

/** One fact as every store keeps it. Throws on anything else. */
export function encodeFact(fact: Fact): string {
  return JSON.stringify(factSchema.parse(fact));
}

/** The fact stored under `id`. Never throws: what cannot be read says why. */
export function decodeFact(id: string, raw: string): FactRow {
  const { value, error } = parseJson(raw);
  if (error !== undefined) return { id, corrupt: error };
  const fact = factSchema.safeParse(value);
  if (!fact.success) return { id, corrupt: `not a fact: ${reasonOf(fact.error)}` };
  return fact.data.id === id ? { id, fact: fact.data } : { id, corrupt: "stored under another fact's id" };
}

/** Oldest first; those that cannot be read stand before all others. */
export function sortFacts(rows: readonly FactRow[]): FactRow[] {
  const keyed = rows.map((row) => ({ row, at: "fact" in row ? row.fact.at : "" }));
  return keyed.sort((a, b) => compare(a.at, b.at) || compare(a.row.id, b.row.id)).map(({ row }) => row);
}

/** Whether a fact lives and dies with this thread. */
export function belongsTo(thread: string, row: FactRow): boolean {
  return "fact" in row && row.fact.scope.kind === "thread" && row.fact.scope.thread === thread;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function parseJson(raw: string): { readonly value?: unknown; readonly error?: string } {
  try {
    return { value: JSON.parse(raw) };
  } catch (error) {
    return { error: `not JSON: ${error instanceof Error ? error.message : error}` };
  }
}

function reasonOf(error: z.ZodError): string {
  return z.prettifyError(error).replaceAll("\n", " ");
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
export function titleOf(given: string | undefined, items: readonly Item[]): string {
  const firstUser = items.find((item): item is Message => "role" in item && item.role === "user");
  const text = given ?? (firstUser ? textOf(firstUser) : "");
  return fitCells(sanitizeLine(toValidUnicode(text.slice(0, 4 * titleCells))), titleCells);
}

/** The title of a thread that exists: what was given, or for the empty one that of the first user message. */
export async function titleFor(given: string, read: ThreadStore["read"], thread: ThreadKey): Promise<string> {
  const title = titleOf(given, []);
  if (title !== "") return title;
  for (let after = 0; ; after += titlePage) {
    const rows = await read(thread, { after, before: after + titlePage + 1 });
    const said = rows.flatMap((row) => ("message" in row && row.message.role === "user" ? [row.message] : []));
    if (said.length > 0 || rows.length === 0) return titleOf(undefined, said);
  }
}

const titlePage = 100;

/** A thread's header as stores keep it: times in milliseconds. */
export interface Header {
  readonly seq: number;
  readonly created: number;
  readonly updated: number;
  readonly title: string;
  readonly folder?: string | undefined;
  readonly parent?: ThreadInfo["parent"] | undefined;
}

/** When a thread was begun and last written to, by an append of this moment or of an imported thread. */
export function timesOf(imported: Imported | undefined, now: number): Pick<Header, "created" | "updated"> {
  const time = (text: string) => {
    const at = Date.parse(text);
    // A time that is none, or lies ahead, would put a thread before all others for good.
    return at >= 0 && at <= now ? at : now;
  };
  if (!imported) return { created: now, updated: now };
  return { created: time(imported.createdAt), updated: time(imported.updatedAt) };
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
    ...(header.parent === undefined ? {} : { parent: header.parent }),
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

/** No more than a store can count. */
const largestPage = 1_000_000;

export function pageSize(limit: number | undefined): number {
  return Math.min(largestPage, Math.max(1, Math.trunc(limit ?? 50)));
}

/** The error of a method called after `close`. */
export function closedError(url: string): StoreError {
  return new StoreError({ code: "store_unavailable", message: `The store ${url} is closed.`, hint: "Open it again." });
}
