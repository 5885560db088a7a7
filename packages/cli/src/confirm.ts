import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { createInterface } from "node:readline/promises";
import type { TurnOptions } from "@chingu/core";
import { reveal } from "@chingu/core/text";
import { z } from "zod";
import type { Io } from "./io.ts";
import type { Messages } from "./language/index.ts";
import type { OpenedRules } from "./open-rules.ts";
import { CommandFailure } from "./output/report-failure.ts";
import { errorText } from "./output/turn-writer.ts";

/** Asks a yes-or-no question on the terminal, no being the default; without a terminal nobody is asked and it is no. */
export async function confirm(question: string, io: Io): Promise<boolean> {
  return yes.test(await answerTo(`${question} [y/N] `, io));
}

/**
 * As `confirm`, for what cannot be taken back. Throws a `CommandFailure` where the answer is no: a mistake in the command
 * only where nobody could be asked.
 */
export async function confirmOrFail(
  question: string,
  without: { readonly message: string; readonly hint: string },
  io: Io,
): Promise<void> {
  if (await confirm(question, io)) return;
  const asked = io.stdin.isTTY && io.stderr.isTTY;
  throw new CommandFailure(asked ? { code: "declined", message: without.message } : { code: "usage", ...without });
}

const yes = /^(y|yes|예|네|ㅇ|ㅛ)$/i;
const always = /^(a|always|항상|ㅁ)$/i;

/** What was typed; nothing where there is no terminal, or when a signal ends the wait. */
async function answerTo(question: string, { stdin, stderr, signal }: Io, stop: AbortSignal = signal): Promise<string> {
  if (!stdin.isTTY || !stderr.isTTY) return "";
  const reader = createInterface({ input: stdin, output: stderr });
  // The terminal is raw while somebody types: Ctrl-C comes as a key, and means what it means elsewhere.
  reader.once("SIGINT", () => {
    process.kill(process.pid, "SIGINT");
  });
  try {
    return (await reader.question(reveal(question), { signal: AbortSignal.any([signal, stop]) })).trim();
  } catch {
    return "";
  } finally {
    reader.close();
  }
}

/**
 * Asks about a tool call, shown exactly as it would be made; for commands without a screen of their own. "Always" shows
 * the rule and asks once more before it is kept; a no there comes back to the first question.
 */
export function askOnTerminal(
  io: Io,
  messages: Messages,
  remember: OpenedRules["remember"],
): NonNullable<TurnOptions["ask"]> {
  return async (call, _tool, { reason, always: rule }, signal) => {
    io.stderr.write(`${reveal(reason)}\n  ${reveal(call.name)} ${reveal(call.arguments)}\n`);
    const choices = rule === undefined ? "[y/N]" : "[y/N/always]";
    for (;;) {
      const answer = await answerTo(`${messages.allowQuestion} ${choices} `, io, signal);
      if (rule === undefined || !always.test(answer)) return yes.test(answer);
      const sure = await answerTo(`${messages.alwaysQuestion(reveal(rule), reveal(io.folder))} [y/N] `, io, signal);
      if (!yes.test(sure)) continue;
      const problem = await remember(rule);
      if (problem) io.stderr.write(`${errorText(problem, messages)}\n`);
      return true;
    }
  };
}

const answersSchema = z.array(z.object({ file: z.string(), hash: z.string() }));

/**
 * Whether the servers of a project's file may be started: asked once for each content, with what would be started shown
 * in full; a yes is remembered in `answers`.
 */
export async function confirmServers(
  asked: {
    readonly file: string;
    readonly hash: string;
    readonly servers: readonly { readonly name: string; readonly entry: unknown }[];
    readonly answers: string;
    /** Without it, earlier answers alone count. */
    readonly mayAsk: boolean;
    readonly messages: Messages;
  },
  io: Io,
): Promise<boolean> {
  const { file, hash, servers, answers, mayAsk, messages } = asked;
  const given = await readAnswers(answers);
  if (given.some((answer) => answer.file === file && answer.hash === hash)) return true;
  if (!mayAsk || !io.stdin.isTTY || !io.stderr.isTTY) return false;
  for (const { name, entry } of servers) io.stderr.write(`  ${reveal(name)}: ${reveal(JSON.stringify(entry))}\n`);
  if (!(await confirm(messages.consentQuestion(file), io))) return false;
  await mkdir(dirname(answers), { recursive: true, mode: 0o700 });
  await writeFile(answers, `${JSON.stringify([...given, { file, hash }])}\n`, { mode: 0o600 });
  return true;
}

/** A file of answers that is missing or damaged holds none: the user is asked again. */
async function readAnswers(file: string): Promise<z.infer<typeof answersSchema>> {
  try {
    return answersSchema.parse(JSON.parse(await readFile(file, "utf8")));
  } catch {
    return [];
  }
}
