import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { variable } from "@chingu/core/protocol";
import type { Io } from "../../io.ts";
import { CommandFailure } from "../../output/report-failure.ts";

/**
 * A text as it comes back from the user's editor (`VISUAL`, `EDITOR`). Throws a `CommandFailure` where there is no
 * terminal or no editor to edit in. The file is gone afterwards, whatever happens.
 */
export async function editText(text: string, { stdin, stdout, environment, signal }: Io): Promise<string> {
  const editor = variable(environment, "VISUAL") ?? variable(environment, "EDITOR");
  if (!stdin.isTTY || !stdout.isTTY || editor === undefined) {
    const hint = 'write it behind the id: chingu memory edit ID "TEXT"; in a terminal EDITOR is opened without it';
    throw new CommandFailure({ code: "usage", message: "there is no new text for the fact", hint });
  }
  const folder = await mkdtemp(join(tmpdir(), "chingu-edit-"));
  try {
    const file = join(folder, "fact.txt");
    await writeFile(file, `${text}\n`, { mode: 0o600 });
    await runEditor(editor, file, environment, signal);
    return await readFile(file, "utf8");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `code --wait` is a program and a flag; no shell reads it. */
function runEditor(editor: string, file: string, environment: Io["environment"], signal: AbortSignal): Promise<void> {
  const [program = "", ...flags] = editor.trim().split(/\s+/);
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...flags, file], { stdio: "inherit", env: { ...environment }, signal });
    const failed = (what: string) =>
      reject(
        new CommandFailure({
          code: "usage",
          message: `the editor ${program} ${what}; the fact is as it was`,
          hint: 'set EDITOR to one that works, or write the text behind the id: chingu memory edit ID "TEXT"',
        }),
      );
    child.once("error", ({ message }) => failed(`could not be used (${message})`));
    child.once("close", (code) => (code === 0 ? resolve() : failed(`ended with ${code}`)));
  });
}
