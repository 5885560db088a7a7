import type { ThreadInfo } from "@chingu/core";
import { fitCells, sanitizeLine } from "@chingu/core/text";
import type { Io } from "../../io.ts";
import { minuteOf } from "../../output/format.ts";
import { writeRows } from "../../output/rows.ts";
import { type CommonFlags, namespace, openStore, readSettings } from "../../settings.ts";

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
