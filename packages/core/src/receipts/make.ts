import { createHash } from "node:crypto";
import type { Receipt, ReceiptDraft } from "../protocol/index.ts";

/** Numbers a draft and seals it: the hash lets anyone see whether program, value or output were changed later. */
export function makeReceipt(draft: ReceiptDraft, id: string): Receipt {
  const sealed = JSON.stringify([draft.language, draft.program, draft.value, draft.stdout]);
  return { id, ...draft, hash: `sha256:${createHash("sha256").update(sealed).digest("hex")}` };
}
