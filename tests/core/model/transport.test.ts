import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { createTransport } from "../../../packages/core/src/model/transport.ts";
import { startModelServer, text } from "../../kit/model-server.ts";
import { ask, collect, failureFrom, modelAt } from "./support.ts";

/** A proxy that notes where it is asked to lead, and leads nowhere. */
async function startProxy() {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.writeHead(502).end();
  });
  server.on("connect", (request, socket) => {
    asked.push(request.url ?? "");
    socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, asked, [Symbol.asyncDispose]: async () => void server.close() };
}

test("HTTPS_PROXY leads to endpoints elsewhere, and its refusal is a failure", async () => {
  await using proxy = await startProxy();
  const transport = createTransport({ HTTPS_PROXY: proxy.url.replace("http://", "") });
  await using model = modelAt("https://model.example/v1", { transport });

  const failure = await failureFrom(model);

  expect(proxy.asked).toEqual(["model.example:443"]);
  expect(failure.message).toContain("https://model.example/v1");
  await transport.close();
});

test("a proxy is not asked for this machine, nor for what NO_PROXY names", async () => {
  await using proxy = await startProxy();
  await using server = await startModelServer([text("Hi")]);
  const transport = createTransport({ https_proxy: proxy.url, HTTP_PROXY: proxy.url, NO_PROXY: "model.invalid" });
  await using here = modelAt(server.baseURL, { transport });
  await using elsewhere = modelAt("https://model.invalid/v1", { transport });

  expect((await collect(here, ask("Hi"))).at(-1)).toMatchObject({ type: "finished", reason: "stop" });
  expect(await failureFrom(elsewhere)).toMatchObject({ code: "model_unavailable" });
  expect(proxy.asked).toEqual([]);
  await transport.close();
});

test("a proxy setting that is no URL is told, and its value is not shown", async () => {
  const transport = createTransport({ HTTPS_PROXY: "http://me:hidden@[oops" });
  await using model = modelAt("https://model.example/v1", { transport });

  expect(await failureFrom(model)).toEqual({
    code: "model_unavailable",
    message: "No model answers at https://model.example/v1: the proxy setting is not a URL.",
    hint: "Check HTTPS_PROXY and HTTP_PROXY: they are written http://HOST:PORT.",
    retryable: false,
  });
  await transport.close();
});
