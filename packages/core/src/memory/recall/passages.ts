import type { Message } from "../../protocol/index.ts";
import { type QueryToken, shinglesOf } from "../../text/index.ts";
import type { Docs } from "./docs.ts";
import { type Excerpt, excerptOf } from "./excerpt.ts";
import { compareFound, type Found } from "./find.ts";
import { searchableText } from "./texts.ts";

/** A message of the log, as much of it as is shown. */
export interface PassageMessage extends Excerpt {
  readonly seq: number;
  readonly id: string;
  readonly turnId: string;
  readonly role: Message["role"];
  /** ISO 8601, UTC. */
  readonly at: string;
  /** False for one that only stands between two that fit. */
  readonly fits: boolean;
}

/** Messages of one thread that stand together, oldest first. */
export interface Passage {
  readonly thread: string;
  readonly title: string;
  /** The folder the thread was started in. */
  readonly folder?: string;
  /** The row that fits best. */
  readonly best: number;
  readonly messages: readonly PassageMessage[];
}

/** A document with its message, read from the store. */
export interface Hit {
  readonly found: Found;
  readonly message: Message;
}

/** From here on two texts say the same. */
const alike = 0.8;
const compared = 2_000;

/** The hits without those that nearly repeat a better one. Where a number differs, nothing is repeated: it may be corrected. */
export function dropRepeats(hits: readonly Hit[]): Hit[] {
  const kept: { readonly hit: Hit; readonly gist: Gist }[] = [];
  for (const hit of hits) {
    const gist = gistOf(searchableText(hit.message).slice(0, compared));
    if (!kept.some((other) => repeats(gist, other.gist))) kept.push({ hit, gist });
  }
  return kept.map(({ hit }) => hit);
}

interface Gist {
  readonly shingles: ReadonlySet<number>;
  readonly numbers: string;
}

function gistOf(text: string): Gist {
  return { shingles: shinglesOf(text), numbers: (text.match(/\p{N}+/gu) ?? []).join(" ") };
}

/** By the share of pairs that two texts have in common (Jaccard). */
function repeats({ shingles: a, numbers }: Gist, { shingles: b, ...other }: Gist): boolean {
  if (numbers !== other.numbers || Math.min(a.size, b.size) < alike * Math.max(a.size, b.size)) return false;
  const common = a.intersection(b).size;
  return common >= alike * (a.size + b.size - common);
}

/** Numbers of documents that belong into one passage, by thread; `fits` tells those that were found from those between. */
export interface Group {
  readonly thread: number;
  readonly best: Found;
  readonly docs: readonly { readonly id: number; readonly fits: boolean }[];
}

/** Joins what stands at most two messages apart in a thread; the groups keep the order of their best. */
export function groupDocs(found: readonly Found[], docs: Docs): Group[] {
  const groups: { thread: number; best: Found; docs: { id: number; fits: boolean }[] }[] = [];
  for (const one of found.toSorted((a, b) => a.doc.thread - b.doc.thread || a.doc.seq - b.doc.seq)) {
    const { doc } = one;
    const group = groups.at(-1);
    const last = group?.docs.at(-1)?.id;
    const before = docs.before(doc.id);
    if (group && last !== undefined && (before === last || (before >= 0 && docs.before(before) === last))) {
      if (before !== last) group.docs.push({ id: before, fits: false });
      group.docs.push({ id: doc.id, fits: true });
      if (compareFound(one, group.best) < 0) group.best = one;
    } else {
      groups.push({ thread: doc.thread, best: one, docs: [{ id: doc.id, fits: true }] });
    }
  }
  return groups.sort((a, b) => compareFound(a.best, b.best));
}

/** The parts of a passage that are shown: what was found in `longest` characters, what lies between in less. */
export function passageMessage(
  message: Message,
  options: {
    readonly seq: number;
    readonly fits: boolean;
    readonly tokens: readonly QueryToken[];
    readonly longest: number;
  },
): PassageMessage {
  const { seq, fits, tokens, longest } = options;
  const excerpt = excerptOf(searchableText(message), tokens, fits ? longest : Math.trunc(longest / 3));
  return { seq, id: message.id, turnId: message.turnId, role: message.role, at: message.at, fits, ...excerpt };
}

/** The passages, best first, that fit into so many bytes; one that does not fit leaves room for shorter ones. */
export function packPassages(passages: readonly Passage[], bytes: number): Passage[] {
  let left = bytes;
  return passages.filter(({ messages }, index) => {
    const size = messages.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
    if (size > left && index > 0) return false;
    left -= size;
    return true;
  });
}
