import { versionsOf } from "@chingu/core";
import type { Fact } from "@chingu/core/protocol";
import { sanitizeLine } from "@chingu/core/text";
import { confirm, confirmOrFail } from "../../confirm.ts";
import type { Io } from "../../io.ts";
import { writeRows } from "../../output/rows.ts";
import { namespace, type SettingFlags } from "../../settings.ts";
import { eraseThreads } from "../threads/erase.ts";
import { quotedIn } from "../threads/quoted.ts";
import { openMemory } from "./open.ts";

export interface ForgetFlags extends SettingFlags {
  /** The versions before it too, without asking. */
  readonly allVersions?: boolean;
  /** The conversations they were said in too. */
  readonly withThreads?: boolean;
}

/** `chingu memory forget ID…`: erases facts for good, after a yes. Nothing brings them back. */
export async function forgetFacts(asked: readonly string[], flags: ForgetFlags, io: Io): Promise<number> {
  const { messages, settings, facts, all, find, short, store } = await openMemory(flags, io);
  const { memory } = messages;
  const ids = [...new Set(asked.map(find))];
  const named = all.filter(({ id }) => ids.includes(id));
  const earlier = [...new Set(named.flatMap((fact) => before(all, fact)))].filter(({ id }) => !ids.includes(id));
  const doomed = [...named, ...earlier];
  const quoting = await quotedIn(store, {
    threads: new Set(doomed.flatMap(({ source }) => source.map(({ thread }) => thread))),
    facts: doomed.map(({ text }) => text),
  });
  if (quoting.length > 0) io.stderr.write(`${messages.threads.quotedIn(quoting.join(", "))}\n`);
  if (!flags.yes) {
    for (const id of ids) {
      const text = named.find((fact) => fact.id === id)?.text ?? "?";
      io.stderr.write(`  ${short(id)}  ${sanitizeLine(text)}\n`);
    }
    const question = flags.withThreads ? memory.forgetAllQuestion(ids.length) : memory.forgetQuestion(ids.length);
    await confirmOrFail(question, { message: "nothing was erased", hint: "--yes erases without asking" }, io);
  }
  const withEarlier =
    earlier.length > 0 &&
    (flags.allVersions || flags.yes || (await confirm(memory.versionsQuestion(earlier.length), io)));
  const erased: string[] = [];
  for (const id of ids) erased.push(...(await facts.forget(id, { versions: withEarlier ? "earlier" : "this" })));
  writeRows(
    erased.map((id) => ({ id })),
    ({ id }) => id,
    flags.output,
    io,
  );
  const gone = all.filter(({ id }) => erased.includes(id));
  const said = [...new Set(gone.flatMap(({ source }) => source.map(({ thread }) => thread)))];
  const there = (await Promise.all(said.map(async (id) => ((await store.info({ namespace, id })) ? [id] : [])))).flat();
  if (flags.withThreads) await eraseThreads(there, store, settings, io);
  if (flags.quiet) return 0;
  io.stderr.write(`${memory.forgotten(erased.length)}\n`);
  if (there.length === 0) return 0;
  const text = flags.withThreads ? messages.threads.deleted(there.length) : memory.stillSaid(there.join(", "));
  io.stderr.write(`${text}\n`);
  return 0;
}

function before(all: readonly Fact[], fact: Fact): Fact[] {
  const versions = versionsOf(all, fact);
  return versions.slice(0, versions.indexOf(fact));
}
