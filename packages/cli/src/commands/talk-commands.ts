import type { Agent } from "@chingu/core";
import type { Messages } from "../language/index.ts";
import { toolLine } from "./tools.ts";

/** The slash commands of a conversation that are not the screen's own. */
export function talkCommands(agent: Agent, messages: Messages, beginThread: () => void) {
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
        beginThread();
        return { text: messages.newStarted };
      },
    },
  ];
}
