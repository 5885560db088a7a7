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
  const rows = new Map(placed.map(({ seq, message }) => [message.id, seq]));
  const groups: Message[][] = [];
  for (const message of replayable(placed.map(({ message }) => message))) {
    if (message.role === "tool" && groups.length > 0) groups.at(-1)?.push(message);
    else groups.push([message]);
  }
  let turn: string | undefined;
  return groups.map((messages) => {
    const [head] = messages as [Message];
    const isUser = head.role === "user";
    const startsTurn = isUser && head.turnId !== turn;
    turn = head.turnId;
    return { seq: rows.get(head.id) ?? 0, messages, isUser, startsTurn };
  });
}

/** Where the turn begins that the block at `index` belongs to. */
export function turnOf(blocks: readonly Block[], index: number): number {
  let at = Math.min(index, blocks.length - 1);
  while (at > 0 && !blocks[at]?.startsTurn) at--;
  return Math.max(0, at);
}
