import type { TerminalCommand } from "../slash-command.ts";
import type { Talking } from "./talking.ts";

/** `/pal`: programs as answers, on, off, or several of each. */
export function palCommand({ messages, answering }: Talking): TerminalCommand {
  return {
    name: "pal",
    description: messages.palCommand,
    run: async (argument) => ({ text: answering.switch(argument) }),
  };
}
