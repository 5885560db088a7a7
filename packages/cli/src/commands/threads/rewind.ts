import { makeId, rewind } from "@chingu/core";
import type { Io } from "../../io.ts";
import { CommandFailure } from "../../output/report-failure.ts";
import { writeRows } from "../../output/rows.ts";
import { clock, openStore, readSettings, type SettingFlags } from "../../settings.ts";
import { findThread } from "../choose-thread.ts";

export interface RewindFlags extends SettingFlags {
  /** The last row that stays; 0 goes back to the start. */
  readonly to?: number;
  readonly turns: number;
}

/** `chingu threads rewind ID`: the conversation goes on before its last turn, or behind a row. Nothing is erased. */
export async function rewindThread(id: string, flags: RewindFlags, io: Io): Promise<number> {
  const settings = await readSettings(flags, io);
  const store = await openStore(settings, io);
  const thread = await findThread(store, id);
  const target = flags.to === undefined ? { turns: flags.turns } : { to: flags.to };
  const outcome = await rewind(store, thread, target, { clock, makeId });
  if (outcome.kind === "nothing") {
    throw new CommandFailure({
      code: "usage",
      message: `${thread.id}: ${settings.messages.threads.nothingToRewind}`,
      hint: `chingu threads show ${thread.id}`,
    });
  }
  const { to, left } = outcome;
  const row = { id: thread.id, to, left };
  writeRows([row], () => settings.messages.threads.rewoundTo(thread.id, to, left), flags.output, io);
  return 0;
}
