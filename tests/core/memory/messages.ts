import type { Row } from "../../../packages/core/src/memory/thread-store.ts";
import { type Message, textOf } from "../../../packages/core/src/protocol/index.ts";

export function message(id: string, text: string): Message {
  const parts: Message["parts"] = [{ type: "text", text }];
  return { id, turnId: "turn", role: "user", parts, at: "2026-01-02T03:04:05.006Z", state: "complete" };
}

/** `count` short messages with the ids `prefix-0`, `prefix-1`… */
export function messages(count: number, prefix: string): Message[] {
  return Array.from({ length: count }, (_, n) => message(`${prefix}-${n}`, `text ${n}`));
}

export function textsOf(rows: readonly Row[]): string[] {
  return rows.map((row) => ("message" in row ? textOf(row.message) : rawOf(row)));
}

export function idsOf(rows: readonly Row[]): string[] {
  return rows.map((row) => ("message" in row ? row.message.id : rawOf(row)));
}

function rawOf(row: Exclude<Row, { readonly message: Message }>): string {
  return "mark" in row ? row.mark.id : row.raw;
}
