import { sanitizeLine } from "@chingu/core/text";
import type { Io } from "../../io.ts";
import { writeRows } from "../../output/rows.ts";
import { openStore, readSettings, type SettingFlags } from "../../settings.ts";
import { findThread } from "../choose-thread.ts";

/** `chingu threads rename ID TITLE`; an empty title gives back the one from the first message. */
export async function renameThread(id: string, words: readonly string[], flags: SettingFlags, io: Io): Promise<number> {
  const { messages, ...settings } = await readSettings(flags, io);
  const store = await openStore({ messages, ...settings }, io);
  const thread = await findThread(store, id);
  await store.rename(thread, words.join(" ").normalize("NFC"));
  const renamed = (await store.info(thread)) ?? thread;
  writeRows([renamed], ({ title }) => messages.threads.renamed(thread.id, sanitizeLine(title)), flags.output, io);
  return 0;
}
