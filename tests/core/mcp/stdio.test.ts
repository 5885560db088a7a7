import { expect, test, vi } from "vitest";
import type { ToolProgress } from "../../../packages/core/src/protocol/index.ts";
import { call, content, echo, open } from "./open.ts";

test("a server on stdio is started and its tools are called under its name", async () => {
  const { toolbox, failures } = await open({ servers: { echo: echo() } });

  expect(failures).toEqual([]);
  expect(toolbox.list().find(({ name }) => name === "echo__echo")).toEqual({
    name: "echo__echo",
    description: "Says back what it is given",
    inputSchema: { type: "object", properties: { text: { type: "string" } }, required: ["text"] },
    server: "echo",
    trusted: false,
    annotations: { readOnly: true, openWorld: false },
  });
  expect(await content(call(toolbox, "echo__echo", { text: "안녕" }))).toBe("안녕");
});

test("structured content without text reaches the model as JSON, and parts that are no text are named", async () => {
  const { toolbox } = await open({ servers: { echo: echo() } });

  expect(await content(call(toolbox, "echo__add", { a: 2, b: 3 }))).toBe('{"sum":5}');
  expect(await content(call(toolbox, "echo__parts"))).toBe(
    "[image: image/png, 6 bytes, not shown]\n[resource: report, file:///report.pdf]\nthe note",
  );
});

test("a tool that says it failed is an error with its own words", async () => {
  const { toolbox } = await open({ servers: { echo: echo() } });

  expect((await call(toolbox, "echo__fail")).outcome).toEqual({
    kind: "error",
    code: "failed",
    message: "the disk is full",
  });
});

test("a name that is not in the list is an unknown tool", async () => {
  const { toolbox } = await open({ servers: { echo: echo() } });

  expect((await call(toolbox, "echo__nothing")).outcome).toMatchObject({ kind: "error", code: "unknown_tool" });
});

test("progress arrives in order while the call runs", async () => {
  const { toolbox } = await open({ servers: { echo: echo() } });
  const seen: ToolProgress[] = [];

  await call(toolbox, "echo__slow", { steps: 3 }, { onProgress: (progress) => seen.push(progress) });

  expect(seen).toEqual([1, 2, 3].map((step) => ({ progress: step, total: 3, message: `step ${step}` })));
});

test("aborting a call that hangs yields `cancelled` at once, and the server is told", async () => {
  const { toolbox } = await open({ servers: { echo: echo() } });
  const stop = new AbortController();

  const hanging = call(toolbox, "echo__hang", {}, { signal: stop.signal });
  await content(call(toolbox, "echo__echo", { text: "the server works on" }));
  stop.abort();

  expect((await hanging).outcome).toMatchObject({ kind: "error", code: "cancelled" });
  await vi.waitFor(async () => expect(await content(call(toolbox, "echo__cancellations"))).toBe("1"));
});

test("a call whose signal has already fired is never sent", async () => {
  const { toolbox } = await open({ servers: { echo: echo() } });

  const { outcome } = await call(toolbox, "echo__crash", {}, { signal: AbortSignal.abort() });

  expect(outcome).toMatchObject({ kind: "error", code: "cancelled" });
  expect(await content(call(toolbox, "echo__echo", { text: "still alive" }))).toBe("still alive");
});

test("a call that takes longer than it may is a timeout, and the server is told to stop", async () => {
  const { toolbox } = await open({ servers: { echo: echo() }, limits: { callTimeoutMs: 200 } });

  expect((await call(toolbox, "echo__hang")).outcome).toMatchObject({ kind: "error", code: "timeout" });
  await vi.waitFor(async () => expect(await content(call(toolbox, "echo__cancellations"))).toBe("1"));
});

test("a server that dies during a call leaves it unknown whether the call ran, and says how it died", async () => {
  const { toolbox } = await open({ servers: { echo: echo() } });

  const { outcome } = await call(toolbox, "echo__crash");

  expect(outcome.kind).toBe("unknown");
  expect(outcome).toMatchObject({ message: expect.stringContaining("exit code 3") });
  expect(outcome).toMatchObject({ message: expect.stringContaining("echo: crashing as asked") });
});

test("a call that only reads has failed when its server dies", async () => {
  const { toolbox } = await open({ servers: { echo: echo() } });

  expect((await call(toolbox, "echo__crash_reading")).outcome).toMatchObject({ kind: "error", code: "failed" });
});

test("a server that died is started again by the next call", async () => {
  const { toolbox } = await open({ servers: { echo: echo() } });

  await call(toolbox, "echo__crash");
  expect(await content(call(toolbox, "echo__echo", { text: "back" }))).toBe("back");
  await call(toolbox, "echo__crash");
  expect(await content(call(toolbox, "echo__echo", { text: "back again" }))).toBe("back again");
});

test("calls that wait for the same restart share one new process", async () => {
  const { toolbox } = await open({ servers: { echo: echo() } });
  await call(toolbox, "echo__crash");

  await Promise.all([1, 2, 3].map((n) => content(call(toolbox, "echo__change", { n }))));

  await vi.waitFor(() => expect(toolbox.list().map(({ name }) => name)).toContain("echo__added"));
});

test("a tool the server adds appears in a new list; the old list stays as it was", async () => {
  const { toolbox } = await open({ servers: { echo: echo() } });
  const before = toolbox.list();

  await call(toolbox, "echo__change");

  await vi.waitFor(() => expect(toolbox.list().map(({ name }) => name)).toContain("echo__added"));
  expect(before.map(({ name }) => name)).not.toContain("echo__added");
  expect(toolbox.list()).toEqual(toolbox.list().toSorted((a, b) => (a.name < b.name ? -1 : 1)));
});

test("a server sees a minimal environment and what was declared for it, and nothing else", async () => {
  const { toolbox } = await open({
    servers: { echo: echo("plain", { env: { ECHO_TOKEN: "for-the-server" } }) },
    environment: { PATH: process.env["PATH"], OPENAI_API_KEY: "not-for-the-server" },
  });

  const seen = JSON.parse(await content(call(toolbox, "echo__env")));

  expect(seen).toMatchObject({ PATH: process.env["PATH"], ECHO_TOKEN: "for-the-server" });
  expect(seen).not.toHaveProperty("OPENAI_API_KEY");
});

test("a foreign server is not told which thread a call belongs to", async () => {
  const { toolbox } = await open({ servers: { echo: echo() } });

  expect(await content(call(toolbox, "echo__meta"))).not.toContain("thread-1");
});

test("closing the toolbox ends the server's process", async () => {
  const { toolbox } = await open({ servers: { echo: echo() } });
  const { outcome } = await call(toolbox, "echo__env");
  expect(outcome.kind).toBe("value");

  await toolbox.close();

  expect((await call(toolbox, "echo__env")).outcome).toMatchObject({ kind: "error", code: "failed" });
});
