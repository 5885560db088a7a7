import type { Receipt } from "@chingu/core/protocol";
import { fitCells, sanitize, sanitizeLine } from "@chingu/core/text";
import { evidenceOf, minuteOf } from "../output/format.ts";
import type { TerminalLabels } from "./labels.ts";

/** The evidence of an answer in one line: `receipts: r1 run_python → 51 (/why)`. */
export function receiptsLine(receipts: readonly Receipt[], labels: TerminalLabels): string {
  const parts = receipts.map(
    (one) => `${one.id} ${sanitizeLine(one.tool)} → ${fitCells(evidenceOf(one), 40)}${agreed(one, labels)}`,
  );
  return `${labels.receipts}: ${parts.join(", ")} (${labels.openReceipts})`;
}

function agreed(receipt: Receipt, labels: TerminalLabels): string {
  const agreement = receipt.kind === "computation" ? receipt.agreement : undefined;
  return agreement ? ` (${labels.agree(agreement.programs, agreement.of)})` : "";
}

/** Every receipt in full: what ran, what it printed, what came out; or what was found, where, and who said it. */
export function receiptsText(receipts: readonly Receipt[], labels: TerminalLabels): string {
  const blocks = receipts.map((one) => [...receiptLines(one, labels), `  ${one.hash}`].filter(Boolean).join("\n"));
  return sanitize(blocks.join("\n\n"));
}

function receiptLines(receipt: Receipt, labels: TerminalLabels): string[] {
  switch (receipt.kind) {
    case "computation":
      return [
        `${receipt.id} ${receipt.tool} (${receipt.language})`,
        block(labels.program, receipt.program),
        receipt.stdout.trim() === "" ? "" : block(labels.output, receipt.stdout),
        block(labels.value, receipt.value),
      ];
    case "memory":
      return [
        `${receipt.id} ${receipt.tool} "${sanitizeLine(receipt.query)}"`,
        ...receipt.messages.map(({ thread, seq, role, at, quote }) =>
          block(`${minuteOf(at)} ${role}, ${sanitizeLine(thread)} #${seq}`, quote),
        ),
      ];
  }
}

function block(name: string, text: string): string {
  const lines = text.trimEnd().split(/\r?\n/);
  if (lines.length === 1) return `  ${name}: ${lines[0]}`;
  return [`  ${name}:`, ...lines.map((line) => `    ${line}`)].join("\n");
}
