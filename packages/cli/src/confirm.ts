import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { createInterface } from "node:readline/promises";
import type { TurnOptions } from "@chingu/core";
import { reveal } from "@chingu/core/text";
import { z } from "zod";
import type { Io } from "./io.ts";
import type { Messages } from "./language/index.ts";

/** Asks a yes-or-no question on the terminal, no being the default; without a terminal nobody is asked and it is no. */
export async function confirm(question: string, { stdin, stderr, signal }: Io): Promise<boolean> {
  if (!stdin.isTTY || !stderr.isTTY) return false;
  const reader = createInterface({ input: stdin, output: stderr });
  try {
    const answer = await reader.question(`${reveal(question)} [y/N] `, { signal });
    return /^(y|yes|예|네|ㅇ|ㅛ)$/i.test(answer.trim());
  } catch {
    return false;
  } finally {
    reader.close();
  }
}

/** Asks about a tool call, shown exactly as it would be made; for commands without a screen of their own. */
export function askOnTerminal(io: Io, messages: Messages): NonNullable<TurnOptions["ask"]> {
  return (call, _tool, reason) => {
    io.stderr.write(`${reveal(reason)}\n  ${reveal(call.name)} ${reveal(call.arguments)}\n`);
    return confirm(messages.allowQuestion, io);
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
    readonly messages: Messages;
  },
  io: Io,
): Promise<boolean> {
  const { file, hash, servers, answers, messages } = asked;
  const given = await readAnswers(answers);
  if (given.some((answer) => answer.file === file && answer.hash === hash)) return true;
  if (!io.stdin.isTTY || !io.stderr.isTTY) return false;
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
