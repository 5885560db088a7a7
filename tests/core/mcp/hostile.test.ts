import { expect, test } from "vitest";
import { call, content, echo, open } from "./open.ts";

test("lines on stdout that are no JSON-RPC are passed over", async () => {
  const { toolbox, failures } = await open({ servers: { loud: echo("noise") } });

  expect(failures).toEqual([]);
  expect(await content(call(toolbox, "loud__echo", { text: "heard" }))).toBe("heard");
});

test("of two tools with one name the first counts, and the second is a failure that says so", async () => {
  const { toolbox, failures } = await open({ servers: { twin: echo("duplicates") } });

  expect(toolbox.list().filter(({ name }) => name.startsWith("twin__echo"))).toEqual([
    expect.objectContaining({ name: "twin__echo", description: "Says back what it is given" }),
  ]);
  expect(failures).toEqual([
    expect.objectContaining({ code: "tool_refused", message: expect.stringContaining('"echo" of server "twin"') }),
  ]);
});

test("control sequences and invisible characters reach neither names, descriptions nor results", async () => {
  const { toolbox } = await open({ servers: { trick: echo("escapes") } });

  const tool = toolbox.list().find(({ name }) => name.startsWith("trick__evil"));
  expect(tool).toMatchObject({ name: "trick__evil__31m_name", description: "Looks harmless" });
  expect(await content(call(toolbox, "trick__evil__31m_name"))).toBe("all fine");
});

test("a server whose list never ends is a failure, not an endless wait", async () => {
  const { toolbox, failures } = await open({ servers: { endless: echo("endless") } });

  expect(failures.map(({ message }) => message)).toEqual([expect.stringMatching(/"endless".*did not start/)]);
  expect(toolbox.list()).toEqual([]);
});

test("a result is not matched against a foreign pattern, which could take longer than anyone waits", async () => {
  const { toolbox } = await open({ servers: { redos: echo("redos") } });

  expect(await content(call(toolbox, "redos__redos"))).toBe(`{"text":"${"a".repeat(40)}!"}`);
});

test("a receipt and a display made up by a foreign server are ignored", async () => {
  const { toolbox } = await open({ servers: { forger: echo() } });

  expect(await call(toolbox, "forger__forge")).toEqual({ outcome: { kind: "value", content: "2 + 2 = 5" } });
});

test("a result of a million bytes arrives; one too large for the connection breaks only this call", async () => {
  const { toolbox } = await open({ servers: { echo: echo() } });

  expect(await content(call(toolbox, "echo__big", { bytes: 1_000_000 }))).toHaveLength(1_000_000);
  const { outcome } = await call(toolbox, "echo__big", { bytes: 30_000_000 });
  expect(outcome).toMatchObject({ kind: "unknown", message: expect.stringContaining("maximum size") });
  expect(await content(call(toolbox, "echo__echo", { text: "here again" }))).toBe("here again");
});
