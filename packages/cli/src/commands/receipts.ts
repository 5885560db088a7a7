import {
  createToolbox,
  createToolServer,
  type Rerun,
  receiptsOf,
  rerunReceipts,
  sealHolds,
  type ThreadReceipt,
} from "@chingu/core";
import type { Message, Receipt } from "@chingu/core/protocol";
import { sanitize, sanitizeLine } from "@chingu/core/text";
import type { Io } from "../io.ts";
import type { Messages } from "../language/index.ts";
import { openPrograms } from "../open-programs.ts";
import { exitCodes } from "../output/exit-code.ts";
import { minuteOf } from "../output/format.ts";
import { CommandFailure } from "../output/report-failure.ts";
import { writeRows } from "../output/rows.ts";
import { type CommonFlags, openStore, readSettings, type Settings } from "../settings.ts";
import { version } from "../version.ts";
import { findThread } from "./choose-thread.ts";

type RecollectionReceipt = Extract<Receipt, { kind: "memory" }>;

interface Opened {
  readonly messages: readonly Message[];
  /** Those that were asked for. */
  readonly receipts: readonly ThreadReceipt[];
  readonly settings: Settings;
}

/** `chingu receipts show THREAD [RECEIPT]`: what ran and what came out, what was found and where, oldest first. */
export async function showReceipts(thread: string, receipt: string | undefined, flags: CommonFlags, io: Io) {
  const { receipts } = await open(thread, receipt, flags, io);
  const rows = receipts.map(({ name, turnId, at, receipt }) => ({ name, turnId, at, receipt }));
  writeRows(rows, receiptText, flags.output, io);
  return exitCodes.ok;
}

/** `chingu receipts verify THREAD [RECEIPT]`: whether program, value and output are those that were sealed; 1 when one is not. */
export async function verifyReceipts(thread: string, receipt: string | undefined, flags: CommonFlags, io: Io) {
  const { receipts, settings } = await open(thread, receipt, flags, io);
  const rows = receipts.map(({ name, receipt }) => ({ name, hash: receipt.hash, holds: sealHolds(receipt) }));
  const words = settings.messages;
  const line = ({ name, hash, holds }: (typeof rows)[number]) =>
    `${name}  ${sanitizeLine(hash)}  ${holds ? words.receiptHolds : words.receiptBroken}`;
  writeRows(rows, line, flags.output, io);
  return rows.every(({ holds }) => holds) ? exitCodes.ok : exitCodes.failed;
}

/**
 * `chingu receipts rerun THREAD [RECEIPT]`: runs the programs again in interpreters of their own. 0 when all give the
 * same, 1 when one gives something else, 6 when one cannot be run.
 */
export async function rerunThread(thread: string, receipt: string | undefined, flags: CommonFlags, io: Io) {
  const { messages, receipts, settings } = await open(thread, receipt, flags, io);
  const programs = await openPrograms(settings, io);
  const us = { name: "chingu", version };
  const { toolbox } = await createToolbox({
    linked: [createToolServer(programs.tools, us)],
    servers: {},
    client: us,
    environment: {},
    signal: io.signal,
  });
  io.cleanup.defer(() => toolbox.close());
  const only = new Set(receipts.map(({ name }) => name));
  const rows: Rerun[] = [];
  for await (const row of rerunReceipts(messages, { toolbox, only }, io.signal)) {
    rows.push(row);
    // Each as soon as it is known: a program may take a minute.
    if (flags.output !== "json") writeRows([row], (one) => rerunText(one, settings.messages), flags.output, io);
  }
  if (flags.output === "json") writeRows(rows, () => "", "json", io);
  if (io.signal.aborted) return exitCodes.interrupted;
  if (rows.some(({ status }) => status === "differs")) return exitCodes.failed;
  return rows.every(({ status }) => status === "same") ? exitCodes.ok : exitCodes.incomplete;
}

async function open(thread: string, wanted: string | undefined, flags: CommonFlags, io: Io): Promise<Opened> {
  const settings = await readSettings(flags, io);
  const store = await openStore(settings, io);
  const info = await findThread(store, thread);
  const rows = await store.read(info);
  const messages = rows.flatMap((row) => ("message" in row ? [row.message] : []));
  const all = receiptsOf(messages);
  if (all.length === 0 && wanted === undefined) io.stderr.write(`${settings.messages.noReceipts}\n`);
  return { messages, receipts: wanted === undefined ? all : [choose(all, wanted)], settings };
}

/** By its name (`2.r1`), its id where only one turn has it (`r1`), or the beginning of its hash. */
function choose(receipts: readonly ThreadReceipt[], wanted: string): ThreadReceipt {
  const hex = wanted.replace(/^sha256:/, "");
  const alike = receipts.filter(
    ({ name, receipt }) =>
      name === wanted || receipt.id === wanted || (hex.length >= 6 && receipt.hash.startsWith(`sha256:${hex}`)),
  );
  const [only] = alike;
  if (only && alike.length === 1) return only;
  const names = alike.map(({ name }) => name).join(", ");
  throw new CommandFailure({
    code: "usage",
    message: only
      ? `several receipts of this thread are "${wanted}": ${names}`
      : `this thread has no receipt "${wanted}"`,
    hint: "chingu receipts show THREAD lists them with their names",
  });
}

function receiptText({ name, at, receipt }: ThreadReceipt): string {
  if (receipt.kind === "memory") return recollectionText(name, at, receipt);
  const { tool, language, program, value, stdout, hash } = receipt;
  return [
    `── ${name} · ${sanitizeLine(tool)} (${sanitizeLine(language)}) · ${minuteOf(at)}`,
    indented(program),
    ...(stdout.trim() ? [indented(stdout)] : []),
    `→ ${sanitizeLine(value || stdout.trim())}`,
    sanitizeLine(hash),
    "",
  ].join("\n");
}

function recollectionText(name: string, at: string, { tool, query, messages, hash }: RecollectionReceipt): string {
  return [
    `── ${name} · ${sanitizeLine(tool)} · ${minuteOf(at)}`,
    indented(query),
    ...messages.map(
      ({ thread, seq, role, at, quote }) =>
        `→ ${minuteOf(at)} ${sanitizeLine(thread)} #${seq} ${role}: ${sanitizeLine(quote)}`,
    ),
    sanitizeLine(hash),
    "",
  ].join("\n");
}

function rerunText({ name, tool, status, recorded, now, reason }: Rerun, words: Messages): string {
  const head = `${name}  ${sanitizeLine(tool)}  `;
  if (status === "same") return `${head}${words.rerunSame}`;
  if (!now) return `${head}${words.rerunFailed(sanitizeLine(reason?.split("\n")[0] ?? ""))}`;
  const changed = (["value", "stdout"] as const).filter((part) => recorded[part] !== now[part]);
  const lines = changed.flatMap((part) => [marked("-", recorded[part]), marked("+", now[part])]);
  return [`${head}${words.rerunDiffers}`, ...lines].join("\n");
}

const indented = (text: string) => sanitize(text.trimEnd()).replace(/^/gm, "    ");
const marked = (mark: string, text: string) => sanitize(text.trimEnd()).replace(/^/gm, `  ${mark} `);
