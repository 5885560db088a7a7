import type { Receipt, TurnResult } from "@chingu/core/protocol";
import { fitCells, sanitizeLine } from "@chingu/core/text";
import type { Messages } from "../language/index.ts";

/** `[r1] run_python → 51 · 0`: one line a receipt. */
export function receiptLine(receipt: Receipt, cells = 100): string {
  const value = sanitizeLine(receipt.value || receipt.stdout);
  return fitCells(`[${receipt.id}] ${receipt.tool} → ${value}`, cells);
}

/** What stands under an answer for a person: its receipts, the numbers nothing supports, the calls that were denied. */
export function footnotes(result: TurnResult, messages: Messages): string[] {
  const numbers = [...new Set(result.unsupported.map(({ text }) => text))].join(", ");
  return [
    ...result.receipts.map((receipt) => receiptLine(receipt)),
    ...(numbers ? [messages.unsupported(numbers)] : []),
    ...result.denied.map(({ tool, reason }) => messages.denied(tool, sanitizeLine(reason))),
  ];
}

/** What the turn took: `2 steps, ~30 tokens in and 10 out, $0.0012`. */
export function spentLine({ steps, usage, cost }: TurnResult, messages: Messages): string {
  const mark = usage.estimated ? "~" : "";
  const [input, output] = [usage.input + usage.cacheRead + usage.cacheWrite, usage.output + usage.reasoning];
  const price = cost.usd === null ? messages.unknownCost : `${mark}$${Number(cost.usd.toPrecision(3))}`;
  return messages.spent(steps, `${mark}${input}`, `${mark}${output}`, price);
}
