import { afterAll, beforeAll, expect, test } from "vitest";
import { createToolbox, createToolServer, type Toolbox } from "../../../packages/core/src/index.ts";
import type { Message, Part, Receipt, ToolOutcome } from "../../../packages/core/src/protocol/index.ts";
import { makeReceipt, sealHolds } from "../../../packages/core/src/receipts/make.ts";
import { rerunReceipts } from "../../../packages/core/src/receipts/rerun.ts";
import { receiptsOf } from "../../../packages/core/src/receipts/thread-receipts.ts";
import { createProgramTools } from "../../../packages/tools/src/index.ts";

const signal = new AbortController().signal;
const programs = createProgramTools();
let toolbox: Toolbox;
beforeAll(async () => {
  const client = { name: "test", version: "1" };
  const linked = [createToolServer(programs.tools, client)];
  toolbox = (await createToolbox({ linked, servers: {}, client, environment: {}, signal })).toolbox;
});
afterAll(async () => {
  await toolbox.close();
  await programs.close();
});

const message = (turnId: string, role: Message["role"], part: Part): Message => ({
  id: crypto.randomUUID(),
  turnId,
  role,
  parts: [part],
  at: "2026-01-01T00:00:00.000Z",
  state: "complete",
});

/** One call as a thread keeps it, with what it once gave. */
function ran(turnId: string, id: string, args: { code: string } | { expression: string }, gave: string | Error) {
  const [tool, language, program] =
    "code" in args ? ["run_python", "python", args.code] : ["calculate", "mathjs", args.expression];
  const draft = { kind: "computation", tool, language, program, value: String(gave), stdout: "" } as const;
  const outcome: ToolOutcome =
    gave instanceof Error
      ? { kind: "error", code: "failed", message: gave.message }
      : { kind: "value", content: gave, receipt: makeReceipt(draft, id) };
  const callId = `${turnId}-${id}`;
  return [
    message(turnId, "assistant", {
      type: "tool_call",
      call: { id: callId, name: tool, arguments: JSON.stringify(args) },
    }),
    message(turnId, "tool", { type: "tool_result", callId, name: tool, outcome }),
  ];
}

const rerun = (messages: readonly Message[], only?: readonly string[]) =>
  Array.fromAsync(rerunReceipts(messages, { toolbox, only: only && new Set(only) }, signal));

test("receipts are named by turn and number, and each is tied to its program by its hash", () => {
  const thread = [...ran("a", "r1", { code: "1" }, "1"), ...ran("b", "r1", { expression: "1 + 1" }, "2")];
  const found = receiptsOf(thread);
  expect(
    found.map(({ name, turnId, receipt }) => [name, turnId, receipt.kind === "computation" && receipt.program]),
  ).toEqual([
    ["1.r1", "a", "1"],
    ["2.r1", "b", "1 + 1"],
  ]);
  expect(found.every(({ receipt }) => sealHolds(receipt))).toBe(true);
  const [one] = found;
  expect(one && sealHolds({ ...one.receipt, value: "3" } as Receipt)).toBe(false);
});

test("programs build on earlier ones and on what a failed one defined, and each gives the same again", async () => {
  const thread = [
    ...ran("a", "r1", { code: "x = 20\nx" }, "20"),
    ...ran("a", "failed", { code: "y = x + 1\n1 / 0" }, new Error("ZeroDivisionError: division by zero")),
    ...ran("b", "r1", { code: "x + y + 1" }, "42"),
    ...ran("b", "r2", { expression: "1/3 + 1/7" }, "10/21"),
  ];
  const rows = await rerun(thread);
  expect(rows.map(({ name, status }) => [name, status])).toEqual([
    ["1.r1", "same"],
    ["2.r1", "same"],
    ["2.r2", "same"],
  ]);
  // One of them alone still runs what it builds on.
  expect(await rerun(thread, ["2.r1"])).toMatchObject([{ name: "2.r1", status: "same" }]);
});

test("a program that gives something else is told apart from one that cannot run", async () => {
  const rows = await rerun([
    ...ran("c", "r1", { code: "6 * 7" }, "43"),
    ...ran("c", "r2", { code: "never_defined" }, "1"),
    ...ran("c", "r3", { code: "print('now')" }, "1"),
  ]);
  expect(rows).toMatchObject([
    { status: "differs", recorded: { value: "43" }, now: { value: "42" } },
    { status: "cannot_run", reason: expect.stringContaining("NameError") },
    { status: "differs", recorded: { stdout: "" }, now: { value: "", stdout: "now\n" } },
  ]);
});

test("a value of which only the beginning was kept cannot be compared", async () => {
  const thread = JSON.stringify(ran("g", "r1", { code: "10**20000 + 1" }, `1${"0".repeat(16_383)}...`));
  const cut: Message[] = JSON.parse(thread.replaceAll('"value":"1', '"truncated":true,"value":"1'));
  expect(await rerun(cut)).toMatchObject([{ status: "cannot_run", reason: expect.stringContaining("too long") }]);
});

test("a program that another one's names disturb is run once more by itself", async () => {
  const rows = await rerun([
    ...ran("d", "r1", { code: "sum = 5\nsum" }, "5"),
    ...ran("d", "r2", { code: "sum([1, 2])" }, "3"),
  ]);
  expect(rows.map(({ status }) => status)).toEqual(["same", "same"]);
});

test("a receipt of a tool that is not here cannot be run", async () => {
  const [call, result] = ran("e", "r1", { code: "1" }, "1");
  const renamed = JSON.parse(JSON.stringify([call, result]).replaceAll("run_python", "run_cobol"));
  expect(await rerun(renamed)).toMatchObject([{ status: "cannot_run", reason: "there is no such tool here" }]);
});
