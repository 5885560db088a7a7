import { askOnTerminal } from "../confirm.ts";
import type { Io } from "../io.ts";
import { openAgent } from "../open-agent.ts";
import { endEarly } from "../output/early-end.ts";
import { exitCodeOf } from "../output/exit-code.ts";
import { CommandFailure } from "../output/report-failure.ts";
import { warningText, writeTurn } from "../output/turn-writer.ts";
import { namespace, openStore, readSettings, type SettingFlags } from "../settings.ts";
import { callsWait, findThread } from "./choose-thread.ts";

/**
 * `chingu resume [ID]`: asks about the tool calls that wait in a thread (without ID: in the newest one of this folder),
 * runs what is allowed and lets the model go on. Without a terminal, calls that no rule allows go on waiting, and the
 * exit code is that of a denial.
 */
export async function resume(id: string | undefined, flags: SettingFlags, io: Io): Promise<number> {
  try {
    return await goOn(id, flags, io);
  } catch (error) {
    return endEarly(error, flags.output, io);
  }
}

async function goOn(id: string | undefined, flags: SettingFlags, io: Io): Promise<number> {
  const settings = await readSettings(flags, io);
  const { messages } = settings;
  const store = await openStore(settings, io);
  const thread =
    id === undefined
      ? (await store.threads(namespace, { folder: io.folder, limit: 1 })).threads[0]
      : await findThread(store, id);
  if (!thread || !(await callsWait(store, thread.id))) {
    throw new CommandFailure({
      code: "usage",
      message: thread
        ? `no tool call of the thread ${thread.id} waits for an answer`
        : "there is no thread in this folder whose calls could wait",
      hint: "go on with a conversation by saying something: chingu --continue",
    });
  }
  const { agent, modelLines, remember } = await openAgent(settings, io, store);
  const quiet = flags.quiet ?? false;
  for (const line of [...modelLines, ...agent.failures.map((failure) => warningText(failure, messages))]) {
    if (!quiet) io.stderr.write(`${line}\n`);
  }
  const turn = agent.resume(thread.id, {
    signal: io.signal,
    ...(io.stdin.isTTY && io.stderr.isTTY && { ask: askOnTerminal(io, messages, remember) }),
  });
  const writer = {
    form: flags.output,
    quiet,
    verbose: flags.verbose ?? false,
    stream: io.stdout.isTTY,
    messages,
    now: Date.now,
  };
  return exitCodeOf(await writeTurn(turn, io, writer));
}
