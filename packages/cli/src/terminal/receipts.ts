import type { Receipt } from "@chingu/core/protocol";
import { fitCells, sanitize, sanitizeLine } from "@chingu/core/text";
import type { TerminalLabels } from "./labels.ts";

/** The evidence of an answer in one line: `receipts: r1 run_python → 51 (/why)`. */
export function receiptsLine(receipts: readonly Receipt[], labels: TerminalLabels): string {
  const parts = receipts.map(
    (one) =>
      `${one.id} ${sanitizeLine(one.tool)} → ${fitCells(sanitizeLine(one.value || one.stdout), 40)}${agreed(one, labels)}`,
  );
  return `${labels.receipts}: ${parts.join(", ")} (${labels.openReceipts})`;
}

function agreed({ agreement }: Receipt, labels: TerminalLabels): string {
  return agreement ? ` (${labels.agree(agreement.programs, agreement.of)})` : "";
}

/** Every receipt in full: what ran, what it printed, what came out. */
export function receiptsText(receipts: readonly Receipt[], labels: TerminalLabels): string {
  const blocks = receipts.map((one) =>
    [
      `${one.id} ${one.tool} (${one.language})${agreed(one, labels)}`,
      block(labels.program, one.program),
      one.stdout.trim() === "" ? "" : block(labels.output, one.stdout),
      block(labels.value, one.value),
      `  ${one.hash}`,
    ]
      .filter(Boolean)
      .join("\n"),
  );
  return sanitize(blocks.join("\n\n"));
}

function block(name: string, text: string): string {
  const lines = text.trimEnd().split(/\r?\n/);
  if (lines.length === 1) return `  ${name}: ${lines[0]}`;
  return [`  ${name}:`, ...lines.map((line) => `    ${line}`)].join("\n");
}
