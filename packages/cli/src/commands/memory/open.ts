import {
  createFacts,
  type FactRow,
  type Facts,
  findFactId,
  type Place,
  projectRoot,
  readableFacts,
  shortIds,
  type ThreadStore,
} from "@chingu/core";
import type { Fact } from "@chingu/core/protocol";
import { sanitizeLine } from "@chingu/core/text";
import type { Io } from "../../io.ts";
import type { Messages } from "../../language/index.ts";
import { CommandFailure } from "../../output/report-failure.ts";
import { clock, namespace, openStore, readSettings, type SettingFlags, type Settings } from "../../settings.ts";

/** The facts of this user as one command sees them. */
export interface OpenedMemory {
  readonly settings: Settings;
  readonly messages: Messages;
  readonly store: ThreadStore;
  readonly facts: Facts;
  /** All that can be read, oldest first. */
  readonly all: readonly Fact[];
  readonly place: Place & { readonly project: string };
  /** The id as a person types it, and the model sees it. */
  readonly short: (id: string) => string;
  /** The id that was meant. Throws a `CommandFailure` when there is none, or several. */
  readonly find: (asked: string) => string;
  /** As `find`, for what needs a fact that can be read. */
  readonly findFact: (asked: string) => Fact;
}

/** Opens store and facts. What cannot be read is named on stderr, and stays where it is. */
export async function openMemory(flags: SettingFlags, io: Io): Promise<OpenedMemory> {
  const settings = await readSettings(flags, io);
  const { messages } = settings;
  const store = await openStore(settings, io);
  const [rows, project] = await Promise.all([store.facts(namespace).list(), projectRoot(io.folder, io.home)]);
  for (const row of rows) {
    if ("corrupt" in row) io.stderr.write(`${messages.memory.unreadable(row.id, sanitizeLine(row.corrupt))}\n`);
  }
  const facts = createFacts({ store: store.facts(namespace), clock });
  return { settings, messages, store, facts, place: { project }, ...lookUp(rows) };
}

function lookUp(rows: readonly FactRow[]): Pick<OpenedMemory, "all" | "short" | "find" | "findFact"> {
  const all = readableFacts(rows);
  const ids = rows.map(({ id }) => id);
  const known = shortIds(ids);
  const short = (id: string) => known.get(id) ?? shortIds([...ids, id]).get(id) ?? id;
  const find = (asked: string): string => {
    const found = findFactId(ids, asked);
    if (found.kind === "found") return found.id;
    const near = found.candidates.map(short).slice(0, 5).join(", ");
    throw new CommandFailure({
      code: "usage",
      message: `no single fact has the id "${sanitizeLine(asked)}"`,
      hint: near ? `those like it: ${near}` : "chingu memory list --all shows them with their ids",
    });
  };
  return {
    all,
    short,
    find,
    findFact(asked) {
      const id = find(asked);
      const fact = all.find((each) => each.id === id);
      if (fact) return fact;
      const hint = `chingu memory forget ${id} erases it`;
      throw new CommandFailure({ code: "store_corrupt", message: `the fact ${id} cannot be read`, hint });
    },
  };
}
