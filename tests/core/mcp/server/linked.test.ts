import { expect, test } from "vitest";
import { createToolServer } from "../../../../packages/core/src/mcp/tool-server.ts";
import type { ToolProgress } from "../../../../packages/core/src/protocol/index.ts";
import { call, content, open } from "../open.ts";
import { tools } from "./tools.ts";

const linked = () => [createToolServer(tools, { name: "chingu", version: "0.0.0" })];

test("our tools are listed by name, without prefix, with schema, hints and time limit", async () => {
  const { toolbox, failures } = await open({ linked: linked() });

  expect(failures).toEqual([]);
  expect(toolbox.list().map(({ name }) => name)).toEqual(tools.map(({ name }) => name).toSorted());
  expect(toolbox.list().find(({ name }) => name === "sum")).toMatchObject({
    description: "Adds two numbers",
    inputSchema: {
      type: "object",
      properties: { a: { type: "number", description: "the first" }, b: { type: "number" } },
      required: ["a", "b"],
    },
    server: "chingu",
    trusted: true,
    annotations: { readOnly: true, openWorld: false },
    timeoutMs: 5_000,
  });
});

test("a result has a part for the model, one for the person and a draft of its receipt", async () => {
  const { toolbox } = await open({ linked: linked() });

  expect(await call(toolbox, "sum", { a: 1, b: 2 })).toEqual({
    outcome: { kind: "value", content: "3", display: "1 + 2 = 3" },
    receipt: { kind: "computation", tool: "sum", language: "js", program: "1 + 2", value: "3", stdout: "" },
  });
});

test.each([
  ["sum", { a: "1" }, /a: .*expected number.*b: /],
  ["broken", {}, /^division by zero$/],
  ["misfit", {}, /sum: .*expected number/],
  ["sorry", {}, /^the file is empty$/],
])("what goes wrong in %s is an error the model can act on", async (name, input, message) => {
  const { toolbox } = await open({ linked: linked() });

  const { outcome } = await call(toolbox, name, input);

  expect(outcome).toMatchObject({ kind: "error", code: "failed", message: expect.stringMatching(message) });
});

test("progress arrives while the call runs and is silent after it", async () => {
  const { toolbox } = await open({ linked: linked() });
  const seen: ToolProgress[] = [];

  await call(toolbox, "steps", {}, { onProgress: (progress) => seen.push(progress) });
  await new Promise((resolve) => setTimeout(resolve, 50));

  expect(seen.map(({ message }) => message)).toEqual(["one", "two"]);
});

test("a tool knows the thread it is called in", async () => {
  const { toolbox } = await open({ linked: linked() });

  expect(await content(call(toolbox, "where", {}, { threadId: "thread-7" }))).toBe("thread-7");
});

test("aborting a call aborts the tool", async () => {
  const { toolbox } = await open({ linked: linked() });
  const stop = new AbortController();

  const waiting = call(toolbox, "wait", {}, { signal: stop.signal });
  stop.abort();

  expect((await waiting).outcome).toMatchObject({ kind: "error", code: "cancelled" });
});

test("two tools of one name cannot be served", () => {
  expect(() => createToolServer([...tools, ...tools], { name: "chingu", version: "0.0.0" })).toThrow(/already/);
});
