import { makeId } from "@chingu/core";
import type { Io } from "../../io.ts";
import { CommandFailure } from "../../output/report-failure.ts";
import { writeRows } from "../../output/rows.ts";
import { openStore, readSettings, type SettingFlags } from "../../settings.ts";
import { findThread } from "../choose-thread.ts";

export interface ForkFlags extends SettingFlags {
  /** The last row that is copied; the newest when left out. */
  readonly at?: number;
}

/** `chingu threads fork ID`: a new thread that begins with the same rows. Answers its id. */
export async function forkThread(id: string, flags: ForkFlags, io: Io): Promise<number> {
  const settings = await readSettings(flags, io);
  const store = await openStore(settings, io);
  const thread = await findThread(store, id);
  const at = flags.at ?? thread.seq;
  const outcome = await store.fork(thread, at, makeId());
  if (outcome.kind !== "forked") {
    throw new CommandFailure({
      code: "usage",
      message: `the thread ${thread.id} has no row ${at}`,
      hint: `its rows are numbered from 1 to ${thread.seq}: chingu threads show ${thread.id}`,
    });
  }
  writeRows([outcome.info], (forked) => forked.id, flags.output, io);
  if (!flags.quiet && flags.output === "text") {
    io.stderr.write(`${settings.messages.threads.forked(outcome.info.id, thread.id, at)}\n`);
  }
  return 0;
}
