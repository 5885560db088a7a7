import { palOf, type TurnOptions } from "@chingu/core";
import type { Attachment, JsonSchema } from "@chingu/core/protocol";
import { attach, attachedText } from "../attach.ts";
import { askOnTerminal } from "../confirm.ts";
import type { Io } from "../io.ts";
import { openAgent } from "../open-agent.ts";
import { instructionLine } from "../open-instructions.ts";
import { endEarly } from "../output/early-end.ts";
import { exitCodeOf } from "../output/exit-code.ts";
import { CommandFailure } from "../output/report-failure.ts";
import { type WriterOptions, warningText, writeTurn } from "../output/turn-writer.ts";
import { readSchema } from "../read-schema.ts";
import { readPiped } from "../read-stdin.ts";
import { openStore, readSettings, type SettingFlags, type Settings } from "../settings.ts";
import { chooseThread } from "./choose-thread.ts";

export interface AskFlags extends SettingFlags {
  readonly continue?: boolean;
  readonly thread?: string;
  readonly stream?: boolean;
  readonly file?: readonly string[];
  readonly outputSchema?: string;
}

/**
 * `chingu [TEXT…]`: with a question one turn, else the terminal where there is one. Decided before anything heavy is
 * loaded. However the one turn ends, and if it could not begin, a program that asked for JSON gets one object.
 */
export async function ask(words: readonly string[], flags: AskFlags, io: Io): Promise<number> {
  const interactive = words.length === 0 && !flags.print && io.stdin.isTTY && io.stdout.isTTY;
  if (interactive) return converse(flags, io);
  try {
    refuseUnfit(flags);
    const settings = await readSettings(flags, io);
    const outputSchema = flags.outputSchema === undefined ? undefined : await readSchema(flags.outputSchema, io);
    const attached = await attach(flags.file ?? [], io);
    const { question, piped } = await readQuestion(words, io);
    return await oneTurn({ question, attachments: [...attached, ...piped], outputSchema }, settings, flags, io);
  } catch (error) {
    return endEarly(error, flags.output, io);
  }
}

/** Flags that do not go together, before anything is opened. */
function refuseUnfit(flags: AskFlags): void {
  const pal = palOf(flags);
  if (pal && "code" in pal) throw new CommandFailure(pal);
}

async function converse(flags: AskFlags, io: Io): Promise<number> {
  refuseUnfit(flags);
  if (flags.file !== undefined || flags.outputSchema !== undefined) {
    const hint = 'write the question behind the command: chingu "…" --file FILE';
    throw new CommandFailure({ code: "usage", message: "--file and --output-schema go with one question", hint });
  }
  const settings = await readSettings(flags, io);
  if (io.environment["TERM"] === "dumb") return (await import("./talk-plain.ts")).talkPlain(flags, settings, io);
  return (await import("./talk.ts")).talk(flags, settings, io);
}

/** The words of the command line and what was piped in, which is the question itself where there are none. */
async function readQuestion(
  words: readonly string[],
  io: Io,
): Promise<{ readonly question: string; readonly piped: readonly Attachment[] }> {
  const said = words.join(" ").trim();
  const readAll = said === "-" || said === "";
  const piped = await readPiped(io, { required: readAll });
  const question = readAll ? piped.trim() : said;
  if (question === "") {
    throw new CommandFailure({
      code: "usage",
      message: "there is no question",
      hint: 'write one behind the command (chingu "…"), pipe one in, or start chingu in a terminal',
    });
  }
  const attached = readAll || piped.trim() === "" ? [] : [attachedText(`<stdin>\n${piped}\n</stdin>`, "stdin")];
  return { question, piped: attached };
}

interface Asked extends Pick<TurnOptions, "attachments"> {
  readonly question: string;
  readonly outputSchema: JsonSchema | undefined;
}

async function oneTurn(
  { question, attachments = [], outputSchema }: Asked,
  settings: Settings,
  flags: AskFlags,
  io: Io,
): Promise<number> {
  const { messages } = settings;
  const writer: WriterOptions = {
    form: flags.output,
    quiet: flags.quiet ?? false,
    verbose: flags.verbose ?? false,
    stream: flags.stream ?? io.stdout.isTTY,
    asValue: outputSchema !== undefined,
    messages,
    now: Date.now,
  };
  const say = (line: string) => {
    if (!writer.quiet && line) io.stderr.write(`${line}\n`);
  };
  const store = await openStore(settings, io);
  const threadId = await chooseThread(flags, store, io, () => say(messages.newThread));
  const opened = await openAgent(settings, io, store);
  for (const line of opened.modelLines) say(line);
  if (writer.verbose) for (const file of opened.instructions.files()) say(instructionLine(file));
  for (const failure of opened.agent.failures) say(warningText(failure, messages));
  const turn = opened.agent.turn(question, {
    ...(threadId !== undefined && { threadId }),
    ...(outputSchema && { outputSchema }),
    ...(flags.pal && { pal: true, samples: flags.samples ?? 1 }),
    ...(attachments.length > 0 && { attachments }),
    folder: io.folder,
    signal: io.signal,
    ...(!flags.print && io.stdin.isTTY && io.stderr.isTTY && { ask: askOnTerminal(io, messages, opened.remember) }),
  });
  return exitCodeOf(await writeTurn(turn, io, writer));
}
