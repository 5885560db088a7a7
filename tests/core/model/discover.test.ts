import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, describe, expect, test } from "vitest";
import { chatModels, discoverLocal, listModels } from "../../../packages/core/src/model/discover.ts";
import { createTransport } from "../../../packages/core/src/model/transport.ts";
import { startModelServer } from "../../kit/model-server.ts";
import { never, noon } from "./support.ts";

const transport = createTransport();
afterAll(() => transport.close());

/** A server that gives every request the same answer, or none. */
async function startServer(body: string | undefined, type = "application/json", status = 200) {
  const server = createServer((_, response) => {
    if (body !== undefined) response.writeHead(status, { "content-type": type }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    baseURL: `http://127.0.0.1:${port}/v1`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

describe("model servers on this machine", () => {
  test("are found with their models, in the order of preference", async () => {
    await using first = await startModelServer([], { models: ["qwen3", "llama3.2"] });
    await using second = await startModelServer([], { models: ["gemma"] });
    const closed = await startModelServer();
    await closed.close();

    const servers = [
      { name: "Ollama", port: first.port },
      { name: "LM Studio", port: closed.port },
      { name: "llama.cpp", port: second.port },
    ];
    expect(await discoverLocal({ transport, servers, timeoutMs: 5000 }, never)).toEqual([
      { name: "Ollama", baseURL: first.baseURL, models: ["qwen3", "llama3.2"] },
      { name: "llama.cpp", baseURL: second.baseURL, models: ["gemma"] },
    ]);
  });

  test.each([
    ["a web page", "<html>Jenkins</html>", "text/html", 200],
    ["another JSON API", '{"status":"ok"}', "application/json", 200],
    ["a list of something else", '{"object":"list","data":[{"name":"x"}]}', "application/json", 200],
    ["a server that wants a login", '{"object":"list","data":[{"id":"x"}]}', "application/json", 401],
    ["a model server without a model", '{"object":"list","data":null}', "application/json", 200],
    ["a server that never answers", undefined, "", 0],
  ])("%s is none", async (_, body, type, status) => {
    await using server = await startServer(body, type, status);

    const servers = [{ name: "llama.cpp", port: server.port }];
    expect(await discoverLocal({ transport, servers, timeoutMs: 200 }, never)).toEqual([]);
  });

  test("are not looked for after an abort", async () => {
    await using server = await startModelServer();

    const servers = [{ name: "Ollama", port: server.port }];
    expect(await discoverLocal({ transport, servers, timeoutMs: 5000 }, AbortSignal.abort())).toEqual([]);
  });
});

describe("the models of an endpoint", () => {
  const list = (baseURL: string, apiKey?: string) =>
    listModels({ transport, baseURL, now: noon, ...(apiKey !== undefined && { apiKey }) }, never);

  test("are listed with its key", async () => {
    await using server = await startModelServer([], { models: ["b", "a"], apiKey: "secret" });

    expect(await list(`${server.baseURL}/`, "secret")).toEqual({ kind: "models", models: ["b", "a"] });
    expect(await list(server.baseURL, "wrong")).toEqual({
      kind: "failed",
      failure: {
        code: "model_unavailable",
        message: `${server.baseURL} does not accept the key (401: Incorrect API key provided).`,
        hint: "Check OPENAI_API_KEY, or run `chingu setup`.",
        retryable: false,
      },
    });
  });

  test("may come as a bare list", async () => {
    await using server = await startServer('[{"id":"a"}]');

    expect(await list(server.baseURL)).toEqual({ kind: "models", models: ["a"] });
  });

  test.each([
    ["<html></html>", "it does not answer with JSON"],
    ['{"hello":"world"}', "it does not list its models"],
  ])("are not what is in %s", async (body, why) => {
    await using server = await startServer(body);

    expect(await list(server.baseURL)).toMatchObject({
      kind: "failed",
      failure: {
        code: "model_unavailable",
        message: `${server.baseURL} is not an OpenAI-compatible endpoint: ${why}.`,
      },
    });
  });
});

test("models that do not chat are passed over, unless there are no others", () => {
  expect(chatModels(["nomic-embed-text", "bge-m3", "tts-1", "whisper-1", "qwen3:8b"])).toEqual(["qwen3:8b"]);
  expect(chatModels(["nomic-embed-text"])).toEqual(["nomic-embed-text"]);
});
