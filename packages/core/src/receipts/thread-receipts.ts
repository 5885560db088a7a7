import type { ComputationReceipt, Message, Receipt, ToolCall, ToolOutcome } from "../protocol/index.ts";

/** A receipt and where it stands in its thread. */
export interface ThreadReceipt<Kind extends Receipt = Receipt> {
  /** Of the thread: the number of the turn, from 1, and the receipt's id in it: `2.r1`. */
  readonly name: string;
  readonly turnId: string;
  readonly at: string;
  readonly receipt: Kind;
}

/** A program of a thread that ran: one that gave a receipt, or one that failed and may have defined names before it did. */
export interface ThreadRun {
  readonly call: ToolCall;
  readonly made?: ThreadReceipt<ComputationReceipt>;
}

/** Every receipt of a thread, oldest first. */
export function receiptsOf(messages: readonly Message[]): ThreadReceipt[] {
  return resultsOf(messages).flatMap(({ outcome, turn, turnId, at }) => {
    const receipt = outcome.kind === "value" ? outcome.receipt : undefined;
    return receipt ? [{ name: `${turn}.${receipt.id}`, turnId, at, receipt }] : [];
  });
}

/** Every run of a thread, oldest first. */
export function runsOf(messages: readonly Message[]): ThreadRun[] {
  return resultsOf(messages).flatMap(({ call, outcome, turn, turnId, at }): ThreadRun[] => {
    if (outcome.kind === "error") return outcome.code === "failed" ? [{ call }] : [];
    const receipt = outcome.kind === "value" ? outcome.receipt : undefined;
    if (receipt?.kind !== "computation") return [];
    return [{ call, made: { name: `${turn}.${receipt.id}`, turnId, at, receipt } }];
  });
}

interface ThreadResult {
  readonly call: ToolCall;
  readonly outcome: ToolOutcome;
  /** From 1. */
  readonly turn: number;
  readonly turnId: string;
  readonly at: string;
}

function resultsOf(messages: readonly Message[]): ThreadResult[] {
  const calls = new Map<string, ToolCall>();
  const turns = new Map<string, number>();
  const results: ThreadResult[] = [];
  for (const { turnId, at, parts } of messages) {
    const turn = turns.get(turnId) ?? turns.size + 1;
    turns.set(turnId, turn);
    for (const part of parts) {
      if (part.type === "tool_call") calls.set(part.call.id, part.call);
      if (part.type !== "tool_result") continue;
      const { callId, name, outcome } = part;
      results.push({ call: calls.get(callId) ?? { id: callId, name, arguments: "" }, outcome, turn, turnId, at });
    }
  }
  return results;
}
