import type { Message, Receipt, ToolCall } from "../protocol/index.ts";

/** A receipt and where it stands in its thread. */
export interface ThreadReceipt {
  /** Of the thread: the number of the turn, from 1, and the receipt's id in it: `2.r1`. */
  readonly name: string;
  readonly turnId: string;
  readonly at: string;
  readonly receipt: Receipt;
}

/** A call of a thread that ran: one that gave a receipt, or one that failed and may have defined names before it did. */
export interface ThreadRun {
  readonly call: ToolCall;
  readonly made?: ThreadReceipt;
}

/** Every receipt of a thread, oldest first. */
export function receiptsOf(messages: readonly Message[]): ThreadReceipt[] {
  return runsOf(messages).flatMap(({ made }) => made ?? []);
}

/** Every run of a thread, oldest first. */
export function runsOf(messages: readonly Message[]): ThreadRun[] {
  const calls = new Map<string, ToolCall>();
  const turns = new Map<string, number>();
  const runs: ThreadRun[] = [];
  for (const { turnId, at, parts } of messages) {
    const turn = turns.get(turnId) ?? turns.size + 1;
    turns.set(turnId, turn);
    for (const part of parts) {
      if (part.type === "tool_call") calls.set(part.call.id, part.call);
      if (part.type !== "tool_result") continue;
      const { callId, name, outcome } = part;
      const call = calls.get(callId) ?? { id: callId, name, arguments: "" };
      const receipt = outcome.kind === "value" ? outcome.receipt : undefined;
      if (receipt) runs.push({ call, made: { name: `${turn}.${receipt.id}`, turnId, at, receipt } });
      else if (outcome.kind === "error" && outcome.code === "failed") runs.push({ call });
    }
  }
  return runs;
}
