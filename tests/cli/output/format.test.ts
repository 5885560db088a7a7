import { describe, expect, test } from "vitest";
import { exitCodeOf } from "../../../packages/cli/src/output/exit-code.ts";
import { callText } from "../../../packages/cli/src/output/format.ts";
import { turnStatusSchema } from "../../../packages/core/src/protocol/index.ts";

const call = (input: unknown) => ({
  id: "c",
  name: "run_python",
  arguments: typeof input === "string" ? input : JSON.stringify(input),
});

describe("a call, for a person,", () => {
  test("shows a program as it was written, and short arguments on the line", () => {
    expect(callText(call({ code: "a = 1\na + 1", timeout_ms: 500 }))).toBe(
      '→ run_python {"timeout_ms":500}\n  code:\n    a = 1\n    a + 1',
    );
    expect(callText(call({ code: "1 + 1" }))).toBe('→ run_python {"code":"1 + 1"}');
  });

  test("shows arguments that are no JSON as they came, without what a terminal obeys", () => {
    expect(callText(call('{"code": "cut\u001b[31m'))).toBe('→ run_python {"code": "cut');
    expect(callText(call({ code: "a\n\u001b]0;owned\u0007b" }))).toBe("→ run_python\n  code:\n    a\n    b");
  });
});

test("every way a turn can end has the exit code of the contract", () => {
  const codes = Object.fromEntries(
    turnStatusSchema.options.map((status) => [status, exitCodeOf({ status, error: null })]),
  );
  expect(codes).toEqual({
    completed: 0,
    failed: 1,
    denied: 3,
    max_steps: 4,
    max_tokens: 4,
    max_cost: 4,
    max_time: 4,
    repeating: 4,
    incomplete: 6,
    refused: 6,
    unverified: 6,
    aborted: 130,
  });
  for (const code of ["model_unavailable", "store_unavailable"]) {
    expect(exitCodeOf({ status: "failed", error: { code, message: "" } })).toBe(5);
  }
});
