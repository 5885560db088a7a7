import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import type { ReceiptDraft } from "../../../packages/core/src/protocol/index.ts";
import { makeReceipt } from "../../../packages/core/src/receipts/make.ts";

const draft: ReceiptDraft = {
  kind: "computation",
  tool: "run_python",
  language: "python",
  program: "17 * 24",
  value: "408",
  stdout: "",
};

test("a receipt is the draft with its number and a hash that anyone can compute again", () => {
  expect(makeReceipt(draft, "r1")).toEqual({
    ...draft,
    id: "r1",
    // printf '["python","17 * 24","408",""]' | sha256sum
    hash: `sha256:${createHash("sha256").update('["python","17 * 24","408",""]').digest("hex")}`,
  });
});

test("the hash depends on language, program, value and output, and on nothing else", () => {
  const { hash } = makeReceipt(draft, "r1");
  expect(makeReceipt({ ...draft, tool: "calculate" }, "r7").hash).toBe(hash);
  const changed = [{ language: "mathjs" }, { program: "17 * 25" }, { value: "409" }, { stdout: "408\n" }];
  const hashes = changed.map((change) => makeReceipt({ ...draft, ...change }, "r1").hash);
  expect(new Set([hash, ...hashes]).size).toBe(5);
});

test("what stands at the end of one field cannot pass for the beginning of the next", () => {
  const one = makeReceipt({ ...draft, value: '408","', stdout: "" }, "r1");
  const other = makeReceipt({ ...draft, value: "408", stdout: '","' }, "r1");
  expect(one.hash).not.toBe(other.hash);
});
