import { type Command, Option } from "commander";
import type { Io } from "../io.ts";
import { common, flagsOf, positiveInteger } from "./flags.ts";

/** `chingu memory …` */
export function addMemory(program: Command, io: Io, finish: (exitCode: number) => void): void {
  const memory = common(
    program.command("memory").description("long-term facts: what is remembered across conversations"),
  );
  const add = (name: string, description: string) =>
    common(memory.command(name).description(description)).option("--memory <url>", "the store of the facts");
  const ofFact = (name: string, description: string) =>
    add(name, description).argument("<id>", "its id, or the start or end of it");
  const scopes = () => new Option("--scope <scope>", "where it holds").choices(["user", "project", "thread"]);

  common(memory.command("list").description("what holds in this folder, newest first"))
    .addOption(scopes())
    .option("--text <text>", "only facts with this in their text")
    .option("--all", "also what no longer holds, and what holds elsewhere")
    .option("--limit <n>", "how many", positiveInteger, 50)
    .option("--cursor <id>", "go on behind this fact")
    .option("--memory <url>", "the store of the facts")
    .action(async (_, command) =>
      finish(await (await import("../commands/memory/show.ts")).listFacts(flagsOf(command), io)),
    );
  ofFact("show", "one fact with all that is kept about it").action(async (id: string, _, command) =>
    finish(await (await import("../commands/memory/show.ts")).showFact(id, flagsOf(command), io)),
  );
  ofFact("why", "the messages a fact came from, and what it said before").action(async (id: string, _, command) =>
    finish(await (await import("../commands/memory/show.ts")).explainFact(id, flagsOf(command), io)),
  );
  add("save", "remember something, in every conversation unless --scope says otherwise")
    .argument("<text...>", "one fact, in a sentence or two")
    .addOption(scopes())
    .option("--thread <id>", "the only conversation it holds in")
    .option("--pin", "never leave it out for newer facts")
    .option("--until <date>", "until when it holds: 2027-01-31")
    .option("--supersedes <id>", "the fact it takes the place of")
    .option("--keep-both", "save it although a similar fact is there")
    .action(async (words: string[], _, command) =>
      finish(await (await import("../commands/memory/save.ts")).saveFact(words, flagsOf(command), io)),
    );
  ofFact("edit", "correct a fact; what it said before stays visible with why")
    .argument("[text...]", "the new text; without it EDITOR is opened")
    .option("--keep-both", "save it although a similar fact is there")
    .action(async (id: string, words: string[], _, command) =>
      finish(await (await import("../commands/memory/save.ts")).editFact(id, words, flagsOf(command), io)),
    );
  ofFact("pin", "never leave a fact out for newer ones")
    .option("--unpin", "the opposite")
    .action(async (id: string, _, command) =>
      finish(await (await import("../commands/memory/save.ts")).pinFact(id, flagsOf(command), io)),
    );
  add("forget", "erase facts for good")
    .argument("<id...>", "their ids, or the start or end of them")
    .option("--all-versions", "with what they said before, without asking")
    .option("--with-threads", "with the conversations they were said in")
    .action(async (ids: string[], _, command) =>
      finish(await (await import("../commands/memory/forget.ts")).forgetFacts(ids, flagsOf(command), io)),
    );
  add("export", "write every fact as a JSON line")
    .option("--to <file>", "where to write it; stdout when left out")
    .action(async (_, command) =>
      finish(await (await import("../commands/memory/transfer.ts")).exportFacts(flagsOf(command), io)),
    );
  add("import", "read what memory export wrote; repeating it adds nothing twice")
    .argument("<file>", "the file, or - for standard input")
    .action(async (file: string, _, command) =>
      finish(await (await import("../commands/memory/transfer.ts")).importFactFile(file, flagsOf(command), io)),
    );
}
