import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createMemoryStore } from "../../../../packages/core/src/memory/memory-store.ts";
import { fetchEmbeddings } from "../../../../packages/core/src/model/embeddings.ts";
import { createTransport } from "../../../../packages/core/src/model/transport.ts";
import { best, chatter, clock, namespace, patient, recallOver } from "./support.ts";

/** Words that mean the same to the server's model. */
const meanings = [
  ["car", "automobile", "자동차"],
  ["doctor", "physician", "의사"],
];

/** Meaning as far as a test needs it: hashed pairs of characters, after synonyms were made one. */
function vectorOf(text: string): number[] {
  let plain = text.toLowerCase();
  for (const [first = "", ...others] of meanings) for (const other of others) plain = plain.replaceAll(other, first);
  const vector = new Array<number>(64).fill(0);
  for (let at = 0; at + 1 < plain.length; at++) {
    const slot = (plain.charCodeAt(at) * 31 + plain.charCodeAt(at + 1)) % 64;
    vector[slot] = (vector[slot] ?? 0) + 1;
  }
  return vector;
}

interface EmbeddingServer extends AsyncDisposable {
  readonly baseURL: string;
  readonly asked: string[];
  /** Answers with this status from now on. */
  fail: number | undefined;
  key: string | undefined;
}

async function startEmbeddings(): Promise<EmbeddingServer> {
  const server = createServer(async (request, response) => {
    const chunks = await Array.fromAsync(request);
    const { input } = JSON.parse(Buffer.concat(chunks).toString());
    self.key = request.headers.authorization;
    if (self.fail !== undefined || request.url !== "/v1/embeddings") {
      return void response.writeHead(self.fail ?? 404).end('{"error":{"message":"out of order"}}');
    }
    self.asked.push(...input);
    // In no order: the index says which is which.
    const data = input.map((text: string, index: number) => ({
      object: "embedding",
      index,
      embedding: vectorOf(text),
    }));
    response
      .setHeader("content-type", "application/json")
      .end(JSON.stringify({ object: "list", data: data.reverse() }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const self: EmbeddingServer = {
    baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked: [],
    fail: undefined,
    key: undefined,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return self;
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "chingu-vectors-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function embedderAt({ baseURL }: EmbeddingServer, model = "kit-embed") {
  const transport = createTransport();
  return {
    model,
    embed: (texts: readonly string[], signal: AbortSignal) =>
      fetchEmbeddings({ model, baseURL, apiKey: "key" }, texts, { transport, now: 0, signal }),
    [Symbol.asyncDispose]: () => transport.close(),
  };
}

const threads = { one: ["I sold my automobile"], two: ["the physician was kind"] };

test("with an embedding model, what means the same is found although no word is the same", async () => {
  await using server = await startEmbeddings();
  await using embedder = embedderAt(server);
  await using words = await recallOver(threads);
  await using meaning = await recallOver(threads, { embedder });
  expect(await words.find("car")).toEqual([]);
  expect(best((await meaning.search("sold my car")).passages)).toBe("one#1");
  expect(best((await meaning.search("자동차")).passages)).toBe("one#1");
  expect(server.key).toBe("Bearer key");
});

test("a text is embedded once, across programs too; another model begins anew", async () => {
  await using server = await startEmbeddings();
  await using embedder = embedderAt(server);
  const store = { ...createMemoryStore({ clock }), url: "sqlite:~/kept.db" };
  {
    await using first = await recallOver({ ...threads, three: ["I sold my automobile"] }, { store, folder, embedder });
    await first.find("car");
    expect(server.asked.toSorted()).toEqual(["I sold my automobile", "car", "the physician was kind"]);
  }
  server.asked.length = 0;
  {
    await using second = await recallOver({ four: ["a new word"] }, { store, folder, embedder });
    await second.find("car");
    expect(server.asked).toEqual(["a new word", "car"]);
  }
  server.asked.length = 0;
  await using other = embedderAt(server, "another");
  await using third = await recallOver({}, { store, folder, embedder: other });
  await third.find("car");
  expect(server.asked.toSorted()).toEqual(["I sold my automobile", "a new word", "car", "the physician was kind"]);
});

test("with the embedding model down, words alone are searched; that is said once, and mended by itself", async () => {
  await using server = await startEmbeddings();
  await using embedder = embedderAt(server);
  await using memory = await recallOver(threads, { embedder });
  server.fail = 500;
  const first = await memory.search("automobile");
  expect(best(first.passages)).toBe("one#1");
  expect(first.notices).toMatchObject([
    { code: "embedder_unavailable", message: expect.stringContaining("words alone") },
  ]);
  expect((await memory.search("automobile")).notices).toEqual([]);
  server.fail = undefined;
  expect(best((await memory.search("sold my car")).passages)).toBe("one#1");
});

test("an embedding model that hangs is not waited for again and again", async () => {
  const asked: number[] = [];
  let hangs = false;
  const embedder = {
    model: "hangs",
    embed: (texts: readonly string[], signal: AbortSignal) => {
      asked.push(texts.length);
      if (!hangs) return Promise.resolve(texts.map(() => new Float32Array([1, 0])));
      return new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    },
  };
  await using memory = await recallOver(threads, { embedder });
  await memory.search("automobile");
  hangs = true;
  const first = await memory.search("automobile");
  expect(best(first.passages)).toBe("one#1");
  expect(first.notices).toMatchObject([{ code: "embedder_unavailable" }]);
  const before = asked.length;
  expect(best((await memory.search("physician")).passages)).toBe("two#1");
  expect(asked).toHaveLength(before);
});

test("one that has never answered is told of at once, and once", async () => {
  const hang = (_: readonly string[], signal: AbortSignal) =>
    new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  await using memory = await recallOver(threads, { embedder: { model: "hangs", embed: hang } });
  const first = await memory.search("automobile");
  expect(best(first.passages)).toBe("one#1");
  expect(first.notices).toMatchObject([
    { code: "embedder_unavailable", message: expect.stringContaining("words alone") },
  ]);
  expect((await memory.search("nothing like it")).notices).toEqual([]);
});

test("the vectors of an erased thread are erased with it", async () => {
  await using server = await startEmbeddings();
  await using embedder = embedderAt(server);
  await using memory = await recallOver(threads, { embedder });
  await chatter(memory.store, 20);
  expect(best((await memory.search("car I sold")).passages)).toBe("one#1");
  await memory.store.erase({ namespace, thread: "one" });
  await memory.recall.forget("one");
  expect((await memory.search("car I sold")).passages.map(({ thread }) => thread)).not.toContain("one");
});

test("an endpoint that answers with something else is told as such, and never shows the key", async () => {
  const transport = createTransport();
  const server = createServer((_, response) => void response.end('{"data":[{"index":0,"embedding":[1]}]}'));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const asked = fetchEmbeddings({ model: "m", baseURL, apiKey: "hunter2" }, ["a", "b"], {
    transport,
    now: 0,
    signal: patient(),
  });
  const error = await asked.catch((reason: Error) => reason);
  expect(String(error)).toMatch(/other than one embedding for each text/);
  expect(String(error)).not.toContain("hunter2");
  server.close();
  await transport.close();
});
