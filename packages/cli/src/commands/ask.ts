import { StoreError } from "@chingu/core";
import type { Failure, TurnResult } from "@chingu/core/protocol";
import { askOnTerminal } from "../confirm.ts";
import type { Io } from "../io.ts";
import { openAgent, openStore, readSettings, type SettingFlags, type Settings } from "../open-agent.ts";
import { exitCodeOf } from "../output/exit-code.ts";
import { CommandFailure } from "../output/report-failure.ts";
import { errorText, type WriterOptions, writeResult, writeTurn } from "../output/turn-writer.ts";
import { readPiped } from "../read-stdin.ts";
import { chooseThread } from "./choose-thread.ts";

export interface AskFlags extends SettingFlags {
  readonly print?: boolean;
  readonly continue?: boolean;
  readonly thread?: string;
  readonly stream?: boolean;
}

/**
 * `chingu [TEXT…]`: with a question one turn, else the terminal where there is one. Decided before anything heavy is
 * loaded. The question is the words of the command line, and behind them what was piped in.
 */
export async function ask(words: readonly string[], flags: AskFlags, io: Io): Promise<number> {
  const settings = await readSettings(flags, io);
  const interactive = words.length === 0 && !flags.print && io.stdin.isTTY && io.stdout.isTTY;
  if (interactive) {
    if (io.environment["TERM"] === "dumb") return (await import("./talk-plain.ts")).talkPlain(flags, settings, io);
    return (await import("./talk.ts")).talk(flags, settings, io);
  }
  const question = await readQuestion(words, io);
  if (question === "") {
    throw new CommandFailure({
      code: "usage",
      message: "there is no question",
      hint: 'write one behind the command (chingu "…"), pipe one in, or start chingu in a terminal',
    });
  }
  return oneTurn(question, flags, settings, io);
}

async function readQuestion(words: readonly string[], io: Io): Promise<string> {
  const said = words.join(" ").trim();
  const readAll = said === "-" || said === "";
  const piped = await readPiped(io, { required: readAll });
  if (readAll) return piped.trim();
  return piped.trim() === "" ? said : `${said}\n\n<stdin>\n${piped}\n</stdin>`;
}

async function oneTurn(question: string, flags: AskFlags, settings: Settings, io: Io): Promise<number> {
  const { messages } = settings;
  const writer: WriterOptions = {
    form: flags.output,
    quiet: flags.quiet ?? false,
    verbose: flags.verbose ?? false,
    stream: flags.stream ?? io.stdout.isTTY,
    messages,
    now: Date.now,
  };
  const say = (line: string) => {
    if (!writer.quiet && line) io.stderr.write(`${line}\n`);
  };
  try {
    const store = await openStore(settings, io);
    const threadId = await chooseThread(flags, store, io, () => say(messages.newThread));
    const opened = await openAgent(settings, io, store);
    for (const line of opened.modelLines) say(line);
    for (const failure of opened.agent.failures) say(errorText(failure, messages));
    const turn = opened.agent.turn(question, {
      ...(threadId !== undefined && { threadId }),
      folder: io.folder,
      signal: io.signal,
      ...(io.stdin.isTTY && io.stderr.isTTY && { ask: askOnTerminal(io, messages) }),
    });
    return exitCodeOf(await writeTurn(turn, io, writer));
  } catch (error) {
    // A program that asked for JSON gets JSON, also when the turn could not begin.
    if (!(error instanceof StoreError) || error.failure.code === "usage") throw error;
    const result = notBegun(error.failure);
    if (flags.output === "jsonl") io.stdout.write(`${JSON.stringify(turnEnd(result))}\n`);
    writeResult(result, "", io, writer);
    return exitCodeOf(result);
  }
}

function notBegun(error: Failure): TurnResult {
  return {
    status: "failed",
    answer: "",
    value: null,
    receipts: [],
    unsupported: [],
    denied: [],
    usage: { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0, estimated: false },
    cost: { usd: 0, known: true },
    model: "",
    steps: 0,
    threadId: "",
    turnId: "",
    annotations: [],
    error,
  };
}

function turnEnd(result: TurnResult) {
  const at = new Date().toISOString();
  return { v: 1, type: "turn_end", turnId: "", seq: 0, at, reason: result.status, result };
}
