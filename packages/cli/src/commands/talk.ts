import { type TurnOptions, waitingCalls } from "@chingu/core";
import type { Message } from "@chingu/core/protocol";
import type { Io } from "../io.ts";
import { fetchEmbedded, openAgent } from "../open-agent.ts";
import { networkWarnings } from "../open-store.ts";
import { errorText, warningText } from "../output/turn-writer.ts";
import { namespace, openStore, type SettingFlags, type Settings } from "../settings.ts";
import { createAnswering } from "./answering.ts";
import { chooseThread } from "./choose-thread.ts";
import { talkCommands } from "./talk-commands.ts";

export interface TalkFlags extends SettingFlags {
  readonly continue?: boolean;
  readonly thread?: string;
}

/** `chingu` in a terminal: one turn after the other on one screen, in one thread. */
export async function talk(flags: TalkFlags, settings: Settings, io: Io): Promise<number> {
  const { messages, language } = settings;
  const store = await openStore(settings, io);
  let threadId = await chooseThread(flags, store, io, () => io.stderr.write(`${messages.newThread}\n`));
  const opened = await openAgent(settings, io, store);
  // Asked before the screen is there, so that a question and the screen do not write over each other.
  await fetchEmbedded(opened, settings, io);
  const { agent, resolution } = opened;
  const history = threadId === undefined ? [] : await readHistory();
  const answering = createAnswering(flags, messages);
  const waits = waitingCalls(history) !== undefined;
  const banner = [
    ...opened.modelLines,
    ...(resolution.kind === "failed" ? errorText(resolution.failure, messages).split("\n") : []),
    ...agent.failures.map((failure) => warningText(failure, messages)),
    ...(await networkWarnings(store, messages)),
    messages.terminalHint,
    ...(flags.pal ? [messages.palOn(flags.samples ?? 1)] : []),
    ...(waits ? [messages.callWaits] : []),
  ];

  async function readHistory(): Promise<Message[]> {
    const rows = await store.read({ namespace, id: threadId ?? "" });
    return rows.flatMap((row) => ("message" in row ? [row.message] : []));
  }

  const { english, korean, runTerminal } = await import("../terminal/index.tsx");

  /** How a turn is stopped and asks here. */
  function inTerminal({
    signal,
    approve,
  }: Parameters<Parameters<typeof runTerminal>[0]["runTurn"]>[1]): Pick<TurnOptions, "signal" | "ask"> {
    return {
      signal: AbortSignal.any([signal, io.signal]),
      ask: (call, _tool, { reason, always: rule }) => {
        if (rule === undefined) return approve({ call, reason });
        const keep = async () => (await opened.remember(rule))?.message;
        return approve({ call, reason, always: { rule, folder: io.folder, keep } });
      },
    };
  }

  const exit = await runTerminal({
    stdin: io.stdin,
    stdout: io.stdout,
    banner,
    history,
    labels: language === "ko" ? korean : english,
    color: flags.color && !io.environment["NO_COLOR"] && io.environment["TERM"] !== "dumb",
    clock: { now: Date.now },
    terminalProgram: io.environment["TERM_PROGRAM"],
    commands: talkCommands({
      agent,
      messages,
      answering,
      project: opened.project,
      threadId: () => threadId,
      goTo: (id) => {
        threadId = id;
      },
    }),
    ...(waits && { opening: (context) => agent.resume(threadId ?? "", inTerminal(context)) }),
    runTurn(text, context) {
      const turn = agent.turn(text, {
        ...(threadId !== undefined && { threadId }),
        folder: io.folder,
        ...answering.options(),
        ...inTerminal(context),
      });
      threadId = turn.threadId;
      return turn;
    },
  });
  return exit.exitCode;
}
