import type { Tool } from "@chingu/core/protocol";
import { fitCells, sanitizeLine } from "@chingu/core/text";
import type { Io } from "../io.ts";
import { openAgent } from "../open-agent.ts";
import { writeRows } from "../output/rows.ts";
import { warningText } from "../output/turn-writer.ts";
import { type CommonFlags, readSettings } from "../settings.ts";

/** `chingu tools`: what the model is offered, and on stderr the servers that did not start. */
export async function listTools(flags: CommonFlags, io: Io): Promise<number> {
  const settings = await readSettings(flags, io);
  const opened = await openAgent(settings, io, "memory:");
  writeRows(opened.agent.tools(), toolLine, flags.output, io);
  for (const failure of opened.agent.failures) io.stderr.write(`${warningText(failure, settings.messages)}\n`);
  return 0;
}

/** `run_python  chingu  Runs a Python program…` */
export function toolLine({ name, server, description }: Tool): string {
  return `${name.padEnd(20)}  ${server.padEnd(8)}  ${fitCells(sanitizeLine(description), 80)}`;
}
