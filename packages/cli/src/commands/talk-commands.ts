import type { Agent } from "@chingu/core";
import type { Messages } from "../language/index.ts";
import type { TerminalCommand } from "../terminal/options.ts";
import { memoryCommands } from "./memory/talk.ts";
import { compactionCommands } from "./talk-compaction.ts";
import { searchCommand } from "./talk-search.ts";
import { threadCommands } from "./threads/talk.ts";
import { toolLine } from "./tools.ts";

/** What the slash commands of a conversation work on. */
export interface Talking {
  readonly agent: Agent;
  readonly messages: Messages;
  /** The folder whose facts hold here. */
  readonly project: string;
  /** The thread the next words go to; undefined before anything was said. */
  readonly threadId: () => string | undefined;
  /** The next words go to another thread; undefined begins a new one. */
  readonly goTo: (threadId: string | undefined) => void;
}

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
    ...searchCommand(talking),
    ...compactionCommands(talking),
    ...threadCommands(talking),
    ...memoryCommands(talking),
  ];
}
