import { createInterface } from "node:readline/promises";
import type { TurnResult } from "@chingu/core/protocol";
import { sanitize } from "@chingu/core/text";
import { askOnTerminal } from "../confirm.ts";
import type { Io } from "../io.ts";
import { openAgent } from "../open-agent.ts";
import { warningText, writeTurn } from "../output/turn-writer.ts";
import { openStore, type Settings } from "../settings.ts";
import { createAnswering } from "./answering.ts";
import { callsWait, chooseThread } from "./choose-thread.ts";
import type { TalkFlags } from "./talk.ts";
import { talkCommands } from "./talk-commands.ts";

/** `chingu` on a terminal that can only print lines (`TERM=dumb`): a question a line, until end of input. */
export async function talkPlain(flags: TalkFlags, settings: Settings, io: Io): Promise<number> {
  const { messages } = settings;
  const store = await openStore(settings, io);
  let threadId = await chooseThread(flags, store, io, () => io.stderr.write(`${messages.newThread}\n`));
  const { agent, modelLines, remember, project } = await openAgent(settings, io, store);
  for (const line of [...modelLines, ...agent.failures.map((failure) => warningText(failure, messages))]) {
    io.stderr.write(`${line}\n`);
  }
  const writer = {
    form: "text",
    quiet: false,
    verbose: false,
    stream: true,
    plain: true,
    messages,
    now: Date.now,
  } as const;
  const asking = { signal: io.signal, ask: askOnTerminal(io, messages, remember) };
  if (threadId !== undefined && (await callsWait(store, threadId))) {
    io.stderr.write(`${messages.callWaits}\n`);
    await writeTurn(agent.resume(threadId, asking), io, writer);
  }
  const { findCommand, typedCommand, withOwnCommands } = await import("../terminal/commands.ts");
  const { english, korean } = await import("../terminal/labels.ts");
  const labels = settings.language === "ko" ? korean : english;
  let lastResult: TurnResult | undefined;
  const answering = createAnswering(flags, messages);
  const own = talkCommands({
    agent,
    messages,
    answering,
    project,
    threadId: () => threadId,
    goTo: (id) => {
      threadId = id;
    },
  });
  const commands = withOwnCommands({ commands: own, labels, lastResult: () => lastResult });
  for (;;) {
    const question = await readLine(io);
    if (question === undefined) return 0;
    if (question.trim() === "") continue;
    const typed = typedCommand(question.trim());
    if (typed) {
      const result = await findCommand(commands, typed.name)?.run(typed.argument, { signal: io.signal });
      if (result?.quit) return 0;
      io.stdout.write(`${sanitize(result ? (result.text ?? "") : labels.unknownCommand(typed.name))}\n`);
      continue;
    }
    const turn = agent.turn(question, {
      ...(threadId !== undefined && { threadId }),
      folder: io.folder,
      ...answering.options(),
      ...asking,
    });
    threadId = turn.threadId;
    lastResult = await writeTurn(turn, io, writer);
    if (io.signal.aborted) return 0;
  }
}

/** One line; undefined at the end of input, or when the program is told to stop. A reader lives for one line only, so that questions of ours can use the terminal between them. */
async function readLine({ stdin, stdout, signal }: Io): Promise<string | undefined> {
  const reader = createInterface({ input: stdin, output: stdout, terminal: false });
  const ended = new AbortController();
  reader.once("close", () => ended.abort());
  try {
    return await reader.question("> ", { signal: AbortSignal.any([signal, ended.signal]) });
  } catch {
    return undefined;
  } finally {
    reader.close();
  }
}
