import type { Message } from "../protocol/index.ts";
import { messageTokens } from "./estimate-usage.ts";
import { replayable } from "./repair.ts";

/** How many tokens a model takes: what its endpoint says, or what an overflow has taught. Undefined is unknown. */
export interface ContextWindow {
  tokens(): number | undefined;
  /** A request of this estimated size was too much. */
  learn(tooMuch: number): void;
}

/** `declared` is asked each time: an endpoint may tell its window only with its first answer. */
export function createContextWindow(declared: () => number | undefined): ContextWindow {
  let learned = Number.POSITIVE_INFINITY;
  const tokens = () => {
    const smallest = Math.min(declared() ?? Number.POSITIVE_INFINITY, learned);
    return Number.isFinite(smallest) ? smallest : undefined;
  };
  return {
    tokens,
    learn: (tooMuch) => {
      learned = Math.min(learned, Math.floor(tooMuch * 0.8));
    },
  };
}

/** What was left out of a request so that it fits. */
export interface Cut {
  readonly droppedMessages: number;
  readonly tokensBefore: number;
  readonly tokensAfter: number;
}

export interface FittedContext {
  readonly messages: readonly Message[];
  /** Absent when everything fitted. */
  readonly cut?: Cut;
}

/** One user message, or one assistant message with the results of its calls: what a cut never divides. */
interface Block {
  readonly messages: readonly Message[];
  readonly tokens: number;
  readonly isUser: boolean;
}

/**
 * The messages to send, cut to the model's window (rules 14 and 15). The log is never touched, and what stays is
 * verbatim: the first user message (the goal), the newest turn's user message and the newest blocks; a line stands where
 * the rest was. Calls and their results stay together, and before the newest turn only whole turns go.
 *
 * The log is walked from its start, and whenever the kept part outgrows the window it shrinks to half of it. So the same
 * log gives the same cut, and between two cuts every request extends the one before (rule 30).
 */
export function fitContext(messages: readonly Message[], window: number, overhead: number): FittedContext {
  const blocks = blocksOf(replayable(messages));
  const limit = window - reserve(window) - overhead;
  let from = 0;
  let size = 0;
  for (const [index, block] of blocks.entries()) {
    size += block.tokens;
    if (size <= limit) continue;
    from = cutBefore(blocks, index, limit / 2);
    size = sum(blocks.slice(0, index + 1).filter(isKept(blocks, from, index)));
  }
  const kept = blocks.filter(isKept(blocks, from, blocks.length - 1));
  const dropped = blocks.length - kept.length;
  const [goal, ...rest] = kept.map((block) => block.messages);
  if (dropped === 0 || !goal) return { messages: kept.flatMap((block) => block.messages) };
  return {
    messages: [...goal, gap(goal[0] as Message, dropped), ...rest.flat()],
    cut: { droppedMessages: dropped, tokensBefore: overhead + sum(blocks), tokensAfter: overhead + sum(kept) },
  };
}

/** Where the kept part begins so that it takes `target` tokens at most, seen from the block at `end`. */
function cutBefore(blocks: readonly Block[], end: number, target: number): number {
  const turn = newestTurn(blocks, end);
  let room = target - (blocks[0]?.tokens ?? 0) - (blocks[turn]?.tokens ?? 0);
  let from = end + 1;
  while (from > 1 && (blocks[from - 1]?.tokens ?? 0) <= room) room -= blocks[--from]?.tokens ?? 0;
  // The newest block is what the model must see next, whatever its size.
  from = Math.min(from, end);
  if (from > turn) return from;
  return blocks.findIndex(({ isUser }, index) => isUser && index >= from);
}

const isKept = (blocks: readonly Block[], from: number, end: number) => {
  const turn = newestTurn(blocks, end);
  return (_: Block, index: number) => index >= from || index === 0 || index === turn;
};

function newestTurn(blocks: readonly Block[], end: number): number {
  return blocks.findLastIndex(({ isUser }, index) => isUser && index <= end);
}

/** What is kept free for the answer: 15 % and at least 16,000 tokens, but never more than 30 %. */
function reserve(window: number): number {
  return Math.min(Math.max(16_000, window * 0.15), window * 0.3);
}

function gap({ id, turnId, at }: Message, dropped: number): Message {
  const text = `[${dropped} earlier messages of this conversation are left out here because they no longer fit. They are kept: ask the user when something from them is needed.]`;
  return { id: `${id}-gap`, turnId, at, role: "user", state: "complete", parts: [{ type: "text", text }] };
}

function blocksOf(messages: readonly Message[]): Block[] {
  const blocks: Message[][] = [];
  for (const message of messages) {
    if (message.role === "tool" && blocks.length > 0) blocks.at(-1)?.push(message);
    else blocks.push([message]);
  }
  return blocks.map((own) => ({ messages: own, tokens: tokensOf(own), isUser: own[0]?.role === "user" }));
}

const tokensOf = (messages: readonly Message[]) => messages.reduce((sum, message) => sum + messageTokens(message), 0);

const sum = (blocks: readonly Block[]) => blocks.reduce((tokens, block) => tokens + block.tokens, 0);

/** A third of the bytes: suits Korean and English alike, and errs on the careful side. */
export function estimateTokens(value: unknown): number {
  return Math.ceil(Buffer.byteLength(typeof value === "string" ? value : JSON.stringify(value)) / 3);
}
