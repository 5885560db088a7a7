import { createHash } from "node:crypto";
import type { Receipt, ReceiptDraft } from "../protocol/index.ts";

/** Numbers a draft and seals it: the hash lets anyone see whether program, value or output were changed later. */
export function makeReceipt(draft: ReceiptDraft, id: string): Receipt {
  return { id, ...draft, hash: hashOf(draft) };
}

/** Whether a receipt is as it was sealed. */
export function sealHolds(receipt: Receipt): boolean {
  return receipt.hash === hashOf(receipt);
}

function hashOf({ language, program, value, stdout }: ReceiptDraft): string {
  const sealed = JSON.stringify([language, program, value, stdout]);
  return `sha256:${createHash("sha256").update(sealed).digest("hex")}`;
}
