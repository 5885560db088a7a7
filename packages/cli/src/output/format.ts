import type { CachedArtefact } from "@chingu/core/artefacts";
import type { Receipt, ToolCall, TurnResult } from "@chingu/core/protocol";
import { fitCells, sanitize, sanitizeLine } from "@chingu/core/text";
import type { Messages } from "../language/index.ts";

/** `[r1] run_python → 51 · 0`: one line a receipt. */
export function receiptLine(receipt: Receipt, cells = 100): string {
  return fitCells(`[${receipt.id}] ${receipt.tool} → ${evidenceOf(receipt)}`, cells);
}

/** What a receipt is evidence of, on one line: the value that was computed, or the first of the words that were found. */
export function evidenceOf(receipt: Receipt): string {
  if (receipt.kind === "computation") return sanitizeLine(receipt.value || receipt.stdout);
  const [first, ...others] = receipt.messages;
  if (!first) return "";
  const more = others.length > 0 ? `(+${others.length}) ` : "";
  return `${more}${first.at.slice(0, 10)} ${first.role} #${first.seq}: ${sanitizeLine(first.quote)}`;
}

/** Of several programs: ` (3 of 5 agree)`. */
function agreementText(receipt: Receipt, messages: Messages): string {
  const agreement = receipt.kind === "computation" ? receipt.agreement : undefined;
  return agreement ? ` (${messages.agree(agreement.programs, agreement.of)})` : "";
}

/** What stands under an answer for a person: its receipts, the numbers nothing supports, the calls that were denied. */
export function footnotes(result: TurnResult, messages: Messages): string[] {
  const numbers = [...new Set(result.unsupported.map(({ text }) => text))].join(", ");
  return [
    ...result.receipts.map((receipt) => `${receiptLine(receipt)}${agreementText(receipt, messages)}`),
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

/** `2026-11-21 22:06`, on the clock of the person who reads it. */
export function minuteOf(iso: string): string {
  // Swedish writes dates as ISO 8601 does.
  return new Date(iso).toLocaleString("sv-SE", { dateStyle: "short", timeStyle: "short" });
}

/** A call and what it was called with: texts of several lines, such as programs, as they are written. */
export function callText({ name, arguments: json }: ToolCall): string {
  const head = `→ ${sanitizeLine(name)}`;
  const input = parseObject(json);
  const long = Object.entries(input ?? {}).filter(([, value]) => typeof value === "string" && value.includes("\n"));
  if (!input || long.length === 0) return `${head} ${sanitizeLine(json)}`;
  const short = Object.fromEntries(Object.entries(input).filter(([key]) => !long.some(([name]) => name === key)));
  const rest = Object.keys(short).length > 0 ? ` ${sanitizeLine(JSON.stringify(short))}` : "";
  const blocks = long.map(
    ([key, value]) => `  ${sanitizeLine(key)}:\n${sanitize(String(value)).replace(/^/gm, "    ")}`,
  );
  return [`${head}${rest}`, ...blocks].join("\n");
}

function parseObject(json: string): { readonly [key: string]: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a file that is fetched from elsewhere is here. */
export function stateText(state: CachedArtefact["state"], messages: Messages): string {
  if (state === "present") return messages.installed;
  return state === "damaged" ? messages.damaged : messages.notInstalled;
}
