import type { TerminalCommand } from "../slash-command.ts";
import { memoryCommands } from "./memory/talk.ts";
import { compactionCommands } from "./talk-compaction.ts";
import { palCommand } from "./talk-pal.ts";
import { searchCommand } from "./talk-search.ts";
import type { Talking } from "./talking.ts";
import { threadCommands } from "./threads/talk.ts";
import { toolLine } from "./tools.ts";

/** The slash commands of a conversation that are not the screen's own. */
export function talkCommands(talking: Talking): TerminalCommand[] {
  const { agent, messages, goTo } = talking;
  return [
    {
      name: "tools",
      description: messages.toolsCommand,
      run: async () => ({ text: agent.tools().map(toolLine).join("\n") }),
    },
    {
      name: "new",
      description: messages.newCommand,
      run: async () => {
        goTo(undefined);
        return { text: messages.newStarted };
      },
    },
    palCommand(talking),
    ...searchCommand(talking),
    ...compactionCommands(talking),
    ...threadCommands(talking),
    ...memoryCommands(talking),
  ];
}
