import type { TurnResult } from "@chingu/core/protocol";
import { cellWidth } from "@chingu/core/text";
import type { TerminalCommand } from "../slash-command.ts";
import { latinKeys } from "./input/hangul.ts";
import type { TerminalLabels } from "./labels.ts";
import { receiptsText } from "./receipts.ts";

/** The commands given, after the terminal's own; a given one takes the place of one with its name. */
export function withOwnCommands(options: {
  readonly commands: readonly TerminalCommand[];
  readonly labels: TerminalLabels;
  readonly lastResult: () => TurnResult | undefined;
}): readonly TerminalCommand[] {
  const { labels, lastResult } = options;
  const own: TerminalCommand[] = [
    { name: "help", description: labels.help, run: async () => ({ text: helpText(all, labels) }) },
    {
      name: "why",
      description: labels.why,
      run: async () => {
        const receipts = lastResult()?.receipts ?? [];
        return { text: receipts.length === 0 ? labels.noReceipts : receiptsText(receipts, labels) };
      },
    },
    { name: "quit", description: labels.quit, run: async () => ({ quit: true }) },
  ];
  const given = new Set(options.commands.map((command) => command.name));
  const all = [...own.filter((command) => !given.has(command.name)), ...options.commands];
  return all;
}

export interface TypedCommand {
  readonly name: string;
  readonly argument: string;
}

/** `/name argument` as typed; undefined for a message, also for one that starts with a path. */
export function typedCommand(text: string): TypedCommand | undefined {
  const match = /^\/([^\s/]+)(?:\s+([\s\S]*))?$/.exec(text);
  return match?.[1] === undefined ? undefined : { name: match[1], argument: (match[2] ?? "").trim() };
}

/** Finds a command by its name, also when it was typed with the Korean layout on (`/ㅗ디ㅔ`). */
export function findCommand(commands: readonly TerminalCommand[], name: string): TerminalCommand | undefined {
  const latin = latinKeys(name).toLowerCase();
  return commands.find((command) => command.name === name) ?? commands.find((command) => command.name === latin);
}

function helpText(commands: readonly TerminalCommand[], labels: TerminalLabels): string {
  return [
    labels.commands,
    ...table(commands.map((command) => [`/${command.name}`, command.description])),
    "",
    labels.keys,
    ...table(labels.keyList),
  ].join("\n");
}

function table(lines: ReadonlyArray<readonly [string, string]>): string[] {
  const width = Math.max(...lines.map(([name]) => cellWidth(name)));
  return lines.map(([name, meaning]) => `  ${name}${" ".repeat(width - cellWidth(name))}  ${meaning}`);
}
