import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { createMcpHandler } from "@modelcontextprotocol/server";
import { expect, onTestFinished, test, vi } from "vitest";
import { z } from "zod";
import { createToolServer } from "../../../packages/core/src/mcp/tool-server.ts";
import { defineTool, type ToolDefinition } from "../../../packages/core/src/protocol/index.ts";
import { startEchoHttp } from "../../kit/echo-server.ts";
import { call, content, open } from "./open.ts";
import { tools } from "./server/tools.ts";

async function startEcho() {
  const server = await startEchoHttp();
  onTestFinished(() => server.close());
  return server;
}

test("a server over HTTP is reached with the headers of its entry", async () => {
  const server = await startEcho();
  const { toolbox, failures } = await open({
    servers: { web: { type: "http", url: server.url, headers: { Authorization: "Bearer for-web" } } },
  });

  expect(failures).toEqual([]);
  expect(await content(call(toolbox, "web__echo", { text: "안녕" }))).toBe("안녕");
  expect(new Set(server.headers.map(({ authorization }) => authorization))).toEqual(new Set(["Bearer for-web"]));
});

test("a server over HTTP that was started again is called in a new session", async () => {
  const server = await startEcho();
  const { toolbox } = await open({ servers: { web: { type: "http", url: server.url } } });
  await call(toolbox, "web__echo", { text: "first" });

  server.forgetSessions();

  expect(await content(call(toolbox, "web__echo", { text: "second" }))).toBe("second");
});

test("aborting a call over HTTP yields `cancelled`, and the server is told", async () => {
  const server = await startEcho();
  const { toolbox } = await open({ servers: { web: { type: "http", url: server.url } } });
  const stop = new AbortController();

  const hanging = call(toolbox, "web__hang", {}, { signal: stop.signal });
  await content(call(toolbox, "web__echo", { text: "wait until the first is out" }));
  stop.abort();

  expect((await hanging).outcome).toMatchObject({ kind: "error", code: "cancelled" });
  await vi.waitFor(async () => expect(await content(call(toolbox, "web__cancellations"))).toBe("1"));
});

test("progress over HTTP arrives", async () => {
  const server = await startEcho();
  const { toolbox } = await open({ servers: { web: { type: "http", url: server.url } } });
  const seen: number[] = [];

  await call(toolbox, "web__slow", { steps: 2 }, { onProgress: ({ progress }) => seen.push(progress) });

  expect(seen).toEqual([1, 2]);
});

test("an address where nothing answers is a failure that names it without its query", async () => {
  const server = await startEcho();
  await server.close();
  const { failures } = await open({ servers: { web: { type: "http", url: `${server.url}?key=secret-in-query` } } });

  expect(failures).toHaveLength(1);
  expect(failures[0]?.message).toContain(server.url);
  expect(failures[0]?.message).toContain("ECONNREFUSED");
  expect(failures[0]?.message).not.toContain("secret-in-query");
});

test("while a server over HTTP is gone its calls fail and name it", async () => {
  const server = await startEcho();
  const { toolbox } = await open({
    servers: { web: { type: "http", url: server.url } },
    limits: { restartDelayMs: 1 },
  });
  await server.close();
  // The first call may still go out on a connection that is about to close: nobody can say then whether it ran.
  await call(toolbox, "web__crash");

  expect((await call(toolbox, "web__crash")).outcome).toMatchObject({
    kind: "error",
    code: "failed",
    message: expect.stringContaining(server.url),
  });
});

test("a server of the 2026-07-28 protocol over HTTP is called, and told when a call is abandoned", async () => {
  let stopped = false;
  const stuck = defineTool({
    name: "stuck",
    description: "Waits for the end",
    input: z.object({}),
    run: (_, { signal }) =>
      new Promise((resolve) => {
        signal.addEventListener("abort", () => {
          stopped = true;
          resolve("stopped");
        });
      }),
  });
  const server = await startModernHttp([...tools, stuck]);
  const { toolbox, failures } = await open({ servers: { web: { type: "http", url: server.url } } });
  const stop = new AbortController();

  expect(failures).toEqual([]);
  expect(await call(toolbox, "web__sum", { a: 1, b: 2 })).toEqual({ outcome: { kind: "value", content: "3" } });
  expect(server.versions()).toEqual(new Set(["2026-07-28"]));
  const waiting = call(toolbox, "web__stuck", {}, { signal: stop.signal });
  await content(call(toolbox, "web__where"));
  stop.abort();
  expect((await waiting).outcome).toMatchObject({ kind: "error", code: "cancelled" });
  await vi.waitFor(() => expect(stopped).toBe(true));
});

/** Our tools on the second SDK's HTTP handler, which keeps no sessions. */
async function startModernHttp(definitions: readonly ToolDefinition[]) {
  const handler = createMcpHandler(() => createToolServer(definitions, { name: "modern", version: "1.0.0" }));
  const versions = new Set<unknown>();
  const server = createServer(async (incoming, outgoing) => {
    const gone = new AbortController();
    outgoing.once("close", () => gone.abort());
    versions.add(incoming.headers["mcp-protocol-version"]);
    const response = await handler.fetch(
      new Request(`http://127.0.0.1${incoming.url}`, {
        method: incoming.method ?? "GET",
        headers: incoming.headers as Record<string, string>,
        ...(incoming.method === "POST" && { body: await buffer(incoming) }),
        signal: gone.signal,
      }),
    );
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    if (response.body) await pipeline(response.body, outgoing).catch(() => {});
    else outgoing.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    await handler.close();
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/mcp`, versions: () => versions };
}
