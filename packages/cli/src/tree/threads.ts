import { type Command, Option } from "commander";
import type { Io } from "../io.ts";
import { common, flagsOf, positiveInteger, wholeNumber } from "./flags.ts";

/** `chingu threads …` */
export function addThreads(program: Command, io: Io, finish: (exitCode: number) => void): void {
  const threads = common(
    program.command("threads").description("conversations: list, show, take apart, carry elsewhere"),
  );
  const ofThread = (name: string, description: string) =>
    common(threads.command(name).description(description).argument("<id>", "its id, or the start or end of it")).option(
      "--memory <url>",
      "the store of the thread",
    );
  common(threads.command("list").description("the newest threads"))
    .option("--here", "only threads that began in this folder")
    .option("--limit <n>", "how many", positiveInteger, 20)
    .option("--cursor <c>", "go on where an earlier page ended")
    .option("--memory <url>", "the store to list")
    .action(async (_, command) =>
      finish(await (await import("../commands/threads/list.ts")).listThreads(flagsOf(command), io)),
    );
  ofThread("show", "the rows of a thread: messages, calls, results, summaries, rewinds")
    .option("--at <row>", "only the rows around this one", positiveInteger)
    .action(async (id: string, _, command) =>
      finish(await (await import("../commands/threads/show.ts")).showThread(id, flagsOf(command), io)),
    );
  ofThread("rename", "give a thread another title")
    .argument("[title...]", "the new title; none gives back the first message's")
    .action(async (id: string, words: string[], _, command) =>
      finish(await (await import("../commands/threads/rename.ts")).renameThread(id, words, flagsOf(command), io)),
    );
  ofThread("fork", "begin a new thread with the rows of this one")
    .option("--at <row>", "the last row that is copied; the newest when left out", positiveInteger)
    .action(async (id: string, _, command) =>
      finish(await (await import("../commands/threads/fork.ts")).forkThread(id, flagsOf(command), io)),
    );
  ofThread("rewind", "go on before the last turn; nothing is erased")
    .option("--turns <n>", "how many turns to take back", positiveInteger, 1)
    .addOption(
      new Option("--to <row>", "the last row that stays; 0 is the start").argParser(wholeNumber).conflicts("turns"),
    )
    .action(async (id: string, _, command) =>
      finish(await (await import("../commands/threads/rewind.ts")).rewindThread(id, flagsOf(command), io)),
    );
  common(
    threads
      .command("delete")
      .description("erase threads for good, from the store and the search index")
      .argument("<id...>", "their ids, or the start or end of them"),
  )
    .option("--with-forks", "also what was forked from them")
    .option("--with-facts", "also the facts that were saved in them")
    .option("--memory <url>", "the store of the threads")
    .action(async (ids: string[], _, command) =>
      finish(await (await import("../commands/threads/delete.ts")).deleteThreads(ids, flagsOf(command), io)),
    );
  common(threads.command("export").description("write threads as JSON lines, or as Markdown").argument("[id...]"))
    .option("--all", "every thread")
    .addOption(new Option("--format <form>", "what to write").choices(["jsonl", "markdown"]).default("jsonl"))
    .option("--to <file>", "where to write it; stdout when left out")
    .option("--memory <url>", "the store to export from")
    .action(async (ids: string[], _, command) =>
      finish(await (await import("../commands/threads/export.ts")).exportThreads(ids, flagsOf(command), io)),
    );
  common(
    threads
      .command("import")
      .description("read what threads export wrote; repeating it adds nothing twice")
      .argument("<file>", "the file, or - for standard input"),
  )
    .option("--as-new", "give every thread a new id")
    .option("--memory <url>", "the store to import into")
    .action(async (file: string, _, command) =>
      finish(await (await import("../commands/threads/import.ts")).importThreadFile(file, flagsOf(command), io)),
    );
}
