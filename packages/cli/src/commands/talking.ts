import type { Agent } from "@chingu/core";
import type { Messages } from "../language/index.ts";
import type { Answering } from "./answering.ts";

/** What the slash commands of a conversation work on. */
export interface Talking {
  readonly agent: Agent;
  readonly messages: Messages;
  readonly answering: Answering;
  /** The folder whose facts hold here. */
  readonly project: string;
  /** The thread the next words go to; undefined before anything was said. */
  readonly threadId: () => string | undefined;
  /** The next words go to another thread; undefined begins a new one. */
  readonly goTo: (threadId: string | undefined) => void;
}
