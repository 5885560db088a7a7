import { createHash } from "node:crypto";
import type { Receipt, ReceiptDraft } from "../protocol/index.ts";

/** Numbers a draft and seals it: the hash lets anyone see whether what it is evidence of was changed later. */
export function makeReceipt(draft: ReceiptDraft, id: string): Receipt {
  return { id, ...draft, hash: hashOf(draft) };
}

/** Whether a receipt is as it was sealed. */
export function sealHolds(receipt: Receipt): boolean {
  return receipt.hash === hashOf(receipt);
}

function hashOf(draft: ReceiptDraft): string {
  return `sha256:${createHash("sha256").update(sealed(draft)).digest("hex")}`;
}

function sealed(draft: ReceiptDraft): string {
  switch (draft.kind) {
    case "computation":
      return JSON.stringify([draft.language, draft.program, draft.value, draft.stdout]);
    case "memory":
      return JSON.stringify([
        draft.query,
        draft.messages.map(({ thread, seq, id, role, at, quote }) => [thread, seq, id, role, at, quote]),
      ]);
  }
}
