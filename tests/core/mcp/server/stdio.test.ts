import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { expect, onTestFinished, test, vi } from "vitest";
import { call, content, open } from "../open.ts";

const serveFile = resolve(import.meta.dirname, "serve.ts");

/** The first SDK's client at the other end. */
async function connect(): Promise<Client> {
  const client = new Client({ name: "stranger", version: "1.0.0" });
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [serveFile], stderr: "ignore" }));
  onTestFinished(() => client.close());
  return client;
}

/** A client that speaks bare JSON-RPC lines. */
function speak() {
  const child = spawn(process.execPath, [serveFile]);
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines: string[] = [];
  let stderr = "";
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  return {
    lines,
    stderr: () => stderr,
    ended: new Promise<number | null>((done) => child.once("close", done)),
    end: () => child.stdin.end(),
    send: (message: object) => void child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`),
    answer: (id: number) =>
      vi.waitFor(
        () => {
          const found = lines.map((line) => JSON.parse(line)).find((message) => message.id === id);
          if (!found) throw new Error(`no answer to ${id}; stderr: ${stderr}`);
          return found;
        },
        { timeout: 10_000 },
      ),
  };
}

const initialize = {
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "bare", version: "1" } },
};

test("a client of the first SDK lists our tools in order and calls them", async () => {
  const client = await connect();

  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toEqual(tools.map(({ name }) => name).toSorted());
  expect(tools.find(({ name }) => name === "sum")).toMatchObject({
    title: "Sum",
    annotations: { readOnlyHint: true, openWorldHint: false },
    outputSchema: { type: "object", required: ["sum"] },
  });
  expect(client.getInstructions()).toBe("Use sum for sums.");
  expect(await client.callTool({ name: "sum", arguments: { a: 1, b: 2 } })).toMatchObject({
    content: [{ type: "text", text: "3" }],
    structuredContent: { sum: 3 },
  });
});

test("a client of the first SDK gets input errors as results, and progress while it waits", async () => {
  const client = await connect();
  const enough = new AbortController();

  expect(await client.callTool({ name: "sum", arguments: { a: 1 } })).toMatchObject({ isError: true });
  // The first SDK drops a note that arrives together with the result: this call ends only when its note has been seen.
  const reporting = client.callTool({ name: "report", arguments: {} }, undefined, {
    signal: enough.signal,
    onprogress: ({ progress }) => enough.abort(`progress ${progress}`),
  });

  await expect(reporting).rejects.toThrow("progress 1");
});

test("our own client on our own server finds the tools as foreign ones", async () => {
  const { toolbox } = await open({
    servers: { other: { type: "stdio", command: process.execPath, args: [serveFile] } },
  });

  expect(await call(toolbox, "other__sum", { a: 1, b: 2 })).toEqual({ outcome: { kind: "value", content: "3" } });
  expect(await content(call(toolbox, "other__where"))).toBe("connection-1");
  expect(await content(call(toolbox, "other__where"))).toBe("connection-1");
});

test("a client of the 2026-07-28 protocol is served without a handshake", async () => {
  const server = speak();
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": { name: "bare", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": {},
  };

  server.send({ id: 1, method: "server/discover", params: { _meta } });
  expect((await server.answer(1)).result.supportedVersions).toContain("2026-07-28");
  server.send({ id: 2, method: "tools/call", params: { name: "sum", arguments: { a: 4, b: 5 }, _meta } });
  expect((await server.answer(2)).result).toMatchObject({ structuredContent: { sum: 9 } });
});

test("stdout carries JSON-RPC alone, whatever a tool prints", async () => {
  const server = speak();

  server.send({ id: 1, ...initialize });
  await server.answer(1);
  server.send({ id: 2, method: "tools/call", params: { name: "chatty", arguments: {} } });
  expect((await server.answer(2)).result).toMatchObject({ content: [{ text: "quiet" }] });

  expect(server.lines.map((line) => JSON.parse(line).jsonrpc)).toEqual(server.lines.map(() => "2.0"));
  await vi.waitFor(() => expect(server.stderr()).toContain("printed by console.log\nwritten to stdout\n"));
});

test("when stdin ends the calls still out are aborted and the process ends by itself", async () => {
  const server = speak();

  server.send({ id: 1, ...initialize });
  await server.answer(1);
  server.send({ id: 2, method: "tools/call", params: { name: "wait", arguments: {} } });
  await vi.waitFor(() => expect(server.stderr()).toContain("waiting"), { timeout: 10_000 });
  server.end();

  expect(await server.ended).toBe(0);
  expect(server.stderr()).toMatch(/stopped/);
  expect(server.lines).toHaveLength(1);
});

test("a call that is cancelled is aborted and never answered", async () => {
  const server = speak();

  server.send({ id: 1, ...initialize });
  await server.answer(1);
  server.send({ id: 2, method: "tools/call", params: { name: "wait", arguments: {} } });
  await vi.waitFor(() => expect(server.stderr()).toContain("waiting"), { timeout: 10_000 });
  server.send({ method: "notifications/cancelled", params: { requestId: 2 } });
  await vi.waitFor(() => expect(server.stderr()).toContain("stopped"), { timeout: 10_000 });
  server.send({ id: 3, method: "ping" });
  await server.answer(3);

  expect(server.lines.map((line) => JSON.parse(line).id)).toEqual([1, 3]);
});
