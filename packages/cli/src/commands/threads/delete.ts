import { allThreads, type ThreadInfo, type ThreadStore } from "@chingu/core";
import { sanitizeLine } from "@chingu/core/text";
import { confirmOrFail } from "../../confirm.ts";
import type { Io } from "../../io.ts";
import { writeRows } from "../../output/rows.ts";
import { namespace, openStore, readSettings, type SettingFlags } from "../../settings.ts";
import { findThread } from "../choose-thread.ts";
import { eraseThreads } from "./erase.ts";
import { quotedIn } from "./quoted.ts";

export interface DeleteFlags extends SettingFlags {
  /** Forks of them too, and forks of those. */
  readonly withForks?: boolean;
  /** The facts that were saved in them too. */
  readonly withFacts?: boolean;
}

/** `chingu threads delete ID…`: erases them from the store and the search index, after a yes. Nothing brings them back. */
export async function deleteThreads(ids: readonly string[], flags: DeleteFlags, io: Io): Promise<number> {
  const settings = await readSettings(flags, io);
  const { threads: words } = settings.messages;
  const store = await openStore(settings, io);
  const named = await Promise.all(ids.map((id) => findThread(store, id)));
  const forks = await forksOf(store, named);
  const doomed = unique(flags.withForks ? [...named, ...forks] : named);
  const facts = await factsFrom(store, doomed);

  if (!flags.withForks && forks.length > 0) {
    io.stderr.write(`${words.forksShare(forks.map(({ id }) => id).join(", "))}\n`);
  }
  if (!flags.withFacts && facts.length > 0) io.stderr.write(`${words.factsStay(facts.length)}\n`);
  const quoting = await quotedIn(store, { threads: new Set(doomed.map(({ id }) => id)) });
  if (quoting.length > 0) io.stderr.write(`${words.quotedIn(quoting.join(", "))}\n`);
  const titles = doomed.map(({ id, title }) => `${id} "${sanitizeLine(title)}"`).join(", ");
  if (!flags.yes) {
    const without = { message: "nothing was deleted", hint: "--yes deletes without asking" };
    await confirmOrFail(words.deleteQuestion(doomed.length, titles), without, io);
  }
  await eraseThreads(
    doomed.map(({ id }) => id),
    store,
    settings,
    io,
  );
  if (flags.withFacts) for (const id of facts) await store.facts(namespace).remove(id);
  writeRows(doomed, ({ id }) => id, flags.output, io);
  if (!flags.quiet) io.stderr.write(`${words.deleted(doomed.length)}\n`);
  return 0;
}

/** The forks of these threads, and the forks of those. */
async function forksOf(store: ThreadStore, threads: readonly ThreadInfo[]): Promise<ThreadInfo[]> {
  const parents = new Set(threads.map(({ id }) => id));
  const all = await Array.fromAsync(allThreads(store, namespace));
  const found: ThreadInfo[] = [];
  for (let before = -1; before < found.length; ) {
    before = found.length;
    for (const thread of all) {
      if (!thread.parent || parents.has(thread.id) || !parents.has(thread.parent.id)) continue;
      parents.add(thread.id);
      found.push(thread);
    }
  }
  return found;
}

async function factsFrom(store: ThreadStore, threads: readonly ThreadInfo[]): Promise<string[]> {
  const ids = new Set(threads.map(({ id }) => id));
  const rows = await store.facts(namespace).list();
  return rows.flatMap((row) => {
    if (!("fact" in row) || row.fact.scope.kind === "thread") return [];
    return row.fact.source.some(({ thread }) => ids.has(thread)) ? [row.id] : [];
  });
}

function unique(threads: readonly ThreadInfo[]): ThreadInfo[] {
  return [...new Map(threads.map((thread) => [thread.id, thread])).values()];
}
