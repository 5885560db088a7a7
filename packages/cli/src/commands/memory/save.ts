import { isTime, type SaveOutcome } from "@chingu/core";
import type { Fact, FactScope } from "@chingu/core/protocol";
import { sanitizeLine } from "@chingu/core/text";
import { confirm } from "../../confirm.ts";
import type { Io } from "../../io.ts";
import { CommandFailure } from "../../output/report-failure.ts";
import { writeRows } from "../../output/rows.ts";
import { clock, type SettingFlags } from "../../settings.ts";
import { findThread } from "../choose-thread.ts";
import { editText } from "./edit-text.ts";
import { type OpenedMemory, openMemory } from "./open.ts";

export interface SaveFlags extends SettingFlags {
  readonly scope?: FactScope["kind"];
  /** The thread of the scope `thread`. */
  readonly thread?: string;
  readonly pin?: boolean;
  readonly keepBoth?: boolean;
  readonly supersedes?: string;
  /** A day, or an ISO 8601 time. */
  readonly until?: string;
}

/** `chingu memory save TEXT`: keeps a fact the user writes by hand. */
export async function saveFact(words: readonly string[], flags: SaveFlags, io: Io): Promise<number> {
  const opened = await openMemory(flags, io);
  const { facts, find, short, messages } = opened;
  const supersedes = flags.supersedes === undefined ? undefined : find(flags.supersedes);
  const fact = {
    text: words.join(" "),
    scope: await scopeOf(flags, opened),
    source: [],
    by: "user" as const,
    supersedes,
    ...(flags.pin && { pinned: true }),
    validTo: flags.until === undefined ? undefined : endOf(flags.until),
  };
  const saved = await settled(opened, flags, io, (keepBoth) => facts.save({ ...fact, keepBoth }));
  const said = { saved: messages.memory.saved, known: messages.memory.known }[saved.kind];
  writeRows([saved.fact], ({ id }) => said(short(id)), flags.output, io);
  return 0;
}

/** `chingu memory edit ID [TEXT]`: a new fact in place of the old one, which stays visible as its earlier version. */
export async function editFact(asked: string, words: readonly string[], flags: SaveFlags, io: Io): Promise<number> {
  const opened = await openMemory(flags, io);
  const { facts, findFact, messages, short } = opened;
  const old = findFact(asked);
  const text = words.length > 0 ? words.join(" ") : await editText(old.text, io);
  const saved = await settled(opened, flags, io, (keepBoth) =>
    facts.save({ text, source: [], by: "user", supersedes: old.id, keepBoth }),
  );
  const { edited, unchanged } = messages.memory;
  writeRows([saved.fact], ({ id }) => (id === old.id ? unchanged : edited(short(id), short(old.id))), flags.output, io);
  return 0;
}

/** `chingu memory pin ID`, with `--unpin` the opposite. */
export async function pinFact(
  asked: string,
  flags: SettingFlags & { readonly unpin?: boolean },
  io: Io,
): Promise<number> {
  const { facts, findFact, messages, short } = await openMemory(flags, io);
  const fact = await facts.pin(findFact(asked).id, !flags.unpin);
  const { pin, unpin } = messages.memory;
  writeRows(fact ? [fact] : [], ({ id }) => (flags.unpin ? unpin : pin)(short(id)), flags.output, io);
  return 0;
}

/** What became of a fact that was to be saved, the person asked where a similar one is there. Throws a `CommandFailure`. */
async function settled(
  { messages, short }: OpenedMemory,
  flags: SaveFlags,
  io: Io,
  save: (keepBoth: boolean) => Promise<SaveOutcome>,
): Promise<{ readonly kind: "saved" | "known"; readonly fact: Fact }> {
  let outcome = await save(flags.keepBoth ?? false);
  if (outcome.kind === "similar") {
    const { id, text } = outcome.fact;
    const question = messages.memory.keepBothQuestion(short(id), sanitizeLine(text));
    if (flags.yes || (await confirm(question, io))) outcome = await save(true);
  }
  if (outcome.kind === "saved" || outcome.kind === "known") return outcome;
  if (outcome.kind === "refused") throw new CommandFailure(outcome.failure);
  const { id, text } = outcome.fact;
  throw new CommandFailure({
    code: "usage",
    message: `nothing was saved: a similar fact is there, ${short(id)}: "${sanitizeLine(text)}"`,
    hint: `chingu memory edit ${short(id)} "TEXT" corrects it; --keep-both keeps both`,
  });
}

async function scopeOf(flags: SaveFlags, { store, place }: OpenedMemory): Promise<FactScope | undefined> {
  const kind = flags.scope ?? (flags.thread === undefined ? undefined : "thread");
  if (kind === "project") return { kind, folder: place.project };
  if (kind !== "thread") return kind && { kind };
  if (flags.thread !== undefined) return { kind, thread: (await findThread(store, flags.thread)).id };
  const hint = "name it with --thread ID; chingu threads list shows them";
  throw new CommandFailure({ code: "usage", message: "a fact of scope thread needs its thread", hint });
}

/** A day counts to its end, on the clock of the person who wrote it. */
function endOf(until: string): string {
  const day = /^(\d{4})-(\d{2})-(\d{2})$/.exec(until);
  const time = day ? new Date(Number(day[1]), Number(day[2]) - 1, Number(day[3]) + 1) : new Date(until);
  if (!isTime(until) || time.getTime() <= clock.now()) {
    const hint = "write a day that is still to come: --until 2027-01-31";
    throw new CommandFailure({ code: "usage", message: `"${sanitizeLine(until)}" is no end for a fact`, hint });
  }
  return time.toISOString();
}
