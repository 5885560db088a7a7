import type { Command } from "commander";
import type { Io } from "../io.ts";
import { common, flagsOf } from "./flags.ts";

/** `chingu receipts …` */
export function addReceipts(program: Command, io: Io, finish: (exitCode: number) => void): void {
  const receipts = common(
    program.command("receipts").description("the evidence of a thread: show it, check it, run it again"),
  );
  const receiptsCommand = (name: string, description: string) =>
    common(
      receipts
        .command(name)
        .description(description)
        .argument("<thread>", "its id, or the start of it")
        .argument("[receipt]", "one of them: 2.r1 is the first of the second turn"),
    ).option("--memory <url>", "the store of the thread");
  receiptsCommand("show", "every program with what it gave and its hash").action(
    async (thread: string, receipt: string | undefined, _, command) =>
      finish(await (await import("../commands/receipts.ts")).showReceipts(thread, receipt, flagsOf(command), io)),
  );
  receiptsCommand("verify", "whether they are as they were sealed; exit 1 when one is not").action(
    async (thread: string, receipt: string | undefined, _, command) =>
      finish(await (await import("../commands/receipts.ts")).verifyReceipts(thread, receipt, flagsOf(command), io)),
  );
  receiptsCommand(
    "rerun",
    "run the programs again: exit 1 when one gives something else, 6 when one cannot run",
  ).action(async (thread: string, receipt: string | undefined, _, command) =>
    finish(await (await import("../commands/receipts.ts")).rerunThread(thread, receipt, flagsOf(command), io)),
  );
}
