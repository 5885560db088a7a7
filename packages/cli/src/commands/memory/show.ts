import { currentFacts, holdsIn, originOf } from "@chingu/core";
import type { Fact, FactScope } from "@chingu/core/protocol";
import { sanitizeLine } from "@chingu/core/text";
import type { Io } from "../../io.ts";
import type { Messages } from "../../language/index.ts";
import { minuteOf } from "../../output/format.ts";
import { writeRows } from "../../output/rows.ts";
import { clock, namespace, type SettingFlags } from "../../settings.ts";
import { openMemory } from "./open.ts";

export interface ListFlags extends SettingFlags {
  readonly scope?: FactScope["kind"];
  /** Only facts with this in their text. */
  readonly text?: string;
  /** Also what no longer holds, and what holds elsewhere. */
  readonly all?: boolean;
  readonly limit: number;
  /** The id that an earlier page ended with. */
  readonly cursor?: string;
}

/** A fact with what a person wants to know beside it. */
interface ListedFact extends Fact {
  readonly short: string;
  readonly holds: boolean;
}

/** `chingu memory list`: what holds here, newest first, a page at a time. */
export async function listFacts(flags: ListFlags, io: Io): Promise<number> {
  const { messages, all, place, short, find } = await openMemory(flags, io);
  const holding = new Set(currentFacts(all, clock.now()));
  const wanted = flags.text?.normalize("NFC").toLowerCase();
  const chosen = all
    .filter((fact) => flags.all || (holding.has(fact) && (fact.scope.kind === "thread" || holdsIn(fact.scope, place))))
    .filter(({ scope }) => flags.scope === undefined || scope.kind === flags.scope)
    .filter(({ text }) => wanted === undefined || text.toLowerCase().includes(wanted))
    .toReversed();
  const after = flags.cursor === undefined ? undefined : find(flags.cursor);
  const start = after === undefined ? 0 : chosen.findIndex(({ id }) => id === after) + 1;
  const page = chosen.slice(start, start + flags.limit);
  const rows = page.map((fact): ListedFact => ({ ...fact, short: short(fact.id), holds: holding.has(fact) }));
  writeRows(rows, (row) => factLine(row, messages), flags.output, io);
  if (flags.output === "text" && rows.length === 0) {
    const narrowed = flags.text !== undefined || flags.scope !== undefined;
    io.stderr.write(`${narrowed ? messages.memory.noMatch : messages.memory.none}\n`);
  }
  const last = rows.at(-1);
  if (last && start + rows.length < chosen.length && !flags.quiet) {
    io.stderr.write(`${messages.more(`chingu memory list --cursor ${last.short}`)}\n`);
  }
  return 0;
}

/** `A1B2C3  2026-11-21  user     likes tea (pinned)` */
export function factLine({ short, at, scope, text, pinned, holds }: ListedFact, { memory }: Messages): string {
  const marks = [...(pinned ? [memory.pinned] : []), ...(holds ? [] : [memory.ended])];
  const tail = marks.length > 0 ? ` (${marks.join(", ")})` : "";
  return `${short}  ${at.slice(0, 10)}  ${scope.kind.padEnd(7)}  ${sanitizeLine(text)}${tail}`;
}

/** `chingu memory show ID`: one fact with all that is kept about it. */
export async function showFact(asked: string, flags: SettingFlags, io: Io): Promise<number> {
  const { messages, findFact, all, short } = await openMemory(flags, io);
  const fact = findFact(asked);
  const holds = currentFacts(all, clock.now()).includes(fact);
  writeRows([{ ...fact, short: short(fact.id), holds }], (row) => factText(row, messages), flags.output, io);
  return 0;
}

function factText(fact: ListedFact, { memory }: Messages): string {
  const { scope, by, at, validTo, pinned, holds } = fact;
  const place = scope.kind === "user" ? "" : ` ${sanitizeLine(scope.kind === "project" ? scope.folder : scope.thread)}`;
  const about = [
    `${scope.kind}${place}`,
    `${by === "user" ? memory.byUser : memory.byAssistant} ${minuteOf(at)}`,
    ...(validTo === undefined ? [] : [memory.validUntil(minuteOf(validTo))]),
    ...(pinned ? [memory.pinned] : []),
    ...(holds ? [] : [memory.ended]),
  ];
  return `${sanitizeLine(fact.text)}\n  ${fact.id}\n  ${about.join("\n  ")}`;
}

/** `chingu memory why ID`: the messages a fact came from, in their own words, and what it said before. */
export async function explainFact(asked: string, flags: SettingFlags, io: Io): Promise<number> {
  const { messages, findFact, all, store, short } = await openMemory(flags, io);
  const { memory } = messages;
  const origin = await originOf(findFact(asked), all, { store, namespace });
  if (flags.output !== "text") {
    io.stdout.write(`${JSON.stringify(origin)}\n`);
    return 0;
  }
  const { fact, sources, versions } = origin;
  const said = sources.map(({ thread, seq, role, at, quote }) => {
    const head = `  ${thread} ${seq} ${role}${at === undefined ? "" : ` · ${minuteOf(at)}`}`;
    return `${head}\n    ${quote === undefined ? memory.threadGone : JSON.stringify(sanitizeLine(quote))}`;
  });
  const lines = [
    sanitizeLine(fact.text),
    `  ${fact.by === "user" ? memory.byUser : memory.byAssistant} ${minuteOf(fact.at)}`,
    ...(said.length > 0 ? [`${memory.sources}:`, ...said] : [`  ${memory.writtenByHand}`]),
    ...(versions.length > 1 ? [`${memory.versions}:`] : []),
    ...(versions.length > 1
      ? versions.map(({ id, at, text }) => `  ${short(id)}  ${minuteOf(at)}  ${sanitizeLine(text)}`)
      : []),
  ];
  io.stdout.write(`${lines.join("\n")}\n`);
  return 0;
}
