import type { Placed } from "../../memory/conversation.ts";
import type { Message } from "../../protocol/index.ts";
import { replayable } from "../repair.ts";

/** One user message, or one assistant message with the results of its calls: what a cut never divides. */
export interface Block {
  /** The row of its first message. */
  readonly seq: number;
  readonly messages: readonly Message[];
  readonly isUser: boolean;
  /** The words that begin a turn. A turn that goes on with calls which waited has none: it belongs to the one before. */
  readonly startsTurn: boolean;
}

/** A conversation in the pieces a model is shown, each with its place in the log. */
export function blocksOf(placed: readonly Placed[]): Block[] {
  const blocks: (Block & { readonly messages: Message[] })[] = [];
  let turn: string | undefined;
  let at = 0;
  for (const message of replayable(placed.map((one) => one.message))) {
    if (message.role === "tool" && blocks.length > 0) {
      blocks.at(-1)?.messages.push(message);
      continue;
    }
    // What is replayed are the messages themselves, in their order.
    while (at < placed.length && placed[at]?.message !== message) at++;
    const isUser = message.role === "user";
    const startsTurn = isUser && message.turnId !== turn;
    turn = message.turnId;
    blocks.push({ seq: placed[at]?.seq ?? 0, messages: [message], isUser, startsTurn });
  }
  return blocks;
}

/** Where the turn begins that the block at `index` belongs to. */
export function turnOf(blocks: readonly Block[], index: number): number {
  let at = Math.min(index, blocks.length - 1);
  while (at > 0 && !blocks[at]?.startsTurn) at--;
  return Math.max(0, at);
}
