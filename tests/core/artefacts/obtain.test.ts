import { fork } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { listArtefacts, obtain, removeArtefact } from "../../../packages/core/src/artefacts/index.ts";
import { artefactOf, closedUrl, optionsFor, sendRange, serve, signal, someBytes, temporaryFolder } from "./kit.ts";

const content = someBytes(300_000);

test("a fetched file stands whole under its name, and the next call takes it from the cache without a request", async () => {
  const { url, requests } = await serve((request, response) => sendRange(content, request, response));
  const artefact = artefactOf(content, [{ kind: "url", url }]);
  const folder = await temporaryFolder();
  const { options, progress } = optionsFor(join(folder, "new", "cache"));

  const first = await obtain(artefact, options, signal());
  const second = await obtain(artefact, { ...options, offline: true }, signal());

  const path = join(folder, "new", "cache", "tiny.bin");
  expect(first).toEqual({ kind: "ready", path, source: new URL(url).host });
  expect(second).toEqual({ kind: "ready", path });
  expect(await readFile(path)).toEqual(content);
  expect(requests).toHaveLength(1);
  expect((await readdir(join(folder, "new", "cache"))).sort()).toEqual(["tiny.bin", "tiny.bin.verified"]);
  expect(progress.at(-2)).toMatchObject({ phase: "fetching", bytes: content.length, total: content.length });
  expect(progress.at(-1)).toMatchObject({ phase: "verifying" });
});

test("a file that somebody put into the cache by hand is used when its sum is right and replaced when it is not", async () => {
  const { url, requests } = await serve((request, response) => sendRange(content, request, response));
  const artefact = artefactOf(content, [{ kind: "url", url }]);
  const folder = await temporaryFolder();
  const path = join(folder, "tiny.bin");
  await writeFile(path, content);

  expect(await obtain(artefact, optionsFor(folder).options, signal())).toEqual({ kind: "ready", path });
  expect(requests).toHaveLength(0);

  await writeFile(path, someBytes(content.length));
  await utimes(path, new Date(1), new Date(1));
  expect(await obtain(artefact, optionsFor(folder).options, signal())).toMatchObject({ kind: "ready" });
  expect(await readFile(path)).toEqual(content);
});

test("where only the sum and the most it may have are pinned, a smaller file is whole and a larger one is cut off", async () => {
  const { url } = await serve((request, response) => sendRange(content, request, response));
  const exact = artefactOf(content, [{ kind: "url", url }]);
  const folder = await temporaryFolder();

  const roomy = { ...exact, bytes: content.length + 1_000, upTo: true } as const;
  expect(await obtain(roomy, optionsFor(folder).options, signal())).toMatchObject({ kind: "ready" });
  expect(await obtain(roomy, optionsFor(folder, { offline: true }).options, signal())).toMatchObject({ kind: "ready" });
  expect(await listArtefacts(folder, [roomy])).toMatchObject([{ state: "present" }]);

  const narrow = { ...exact, bytes: content.length - 1, upTo: true } as const;
  const refused = await obtain(narrow, optionsFor(await temporaryFolder()).options, signal());
  expect(refused.kind === "failed" && refused.failure.message).toContain(`${content.length} bytes`);
});

test("a transfer that breaks goes on at the byte where it broke", async () => {
  const { url, requests } = await serve((request, response, number) => {
    if (number > 0) return sendRange(content, request, response);
    response.writeHead(200, { "content-length": content.length });
    response.write(content.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 50));
  });
  const folder = await temporaryFolder();

  const result = await obtain(artefactOf(content, [{ kind: "url", url }]), optionsFor(folder).options, signal());

  expect(result.kind).toBe("ready");
  expect(requests.map(({ range }) => range)).toEqual([undefined, "bytes=100000-"]);
  expect(await readFile(join(folder, "tiny.bin"))).toEqual(content);
});

test("an abort keeps what has come, and the next call continues it", async () => {
  const stop = new AbortController();
  const { url, requests } = await serve((request, response, number) => {
    if (number > 0) return sendRange(content, request, response);
    response.writeHead(200, { "content-length": content.length });
    response.write(content.subarray(0, 120_000), () => setTimeout(() => stop.abort(), 100));
  });
  const artefact = artefactOf(content, [{ kind: "url", url }]);
  const folder = await temporaryFolder();
  const { options } = optionsFor(folder);

  expect(await obtain(artefact, options, stop.signal)).toMatchObject({ kind: "failed", failure: { code: "aborted" } });
  expect(await listArtefacts(folder, [artefact])).toMatchObject([{ state: "partial", bytes: 120_000 }]);
  expect((await obtain(artefact, options, signal())).kind).toBe("ready");
  expect(requests.at(-1)?.range).toBe("bytes=120000-");
});

test("bytes with a wrong sum are deleted and the next source is tried, with the reason shown", async () => {
  const wrong = await serve((request, response) => sendRange(someBytes(content.length), request, response));
  const right = await serve((request, response) => sendRange(content, request, response));
  const folder = await temporaryFolder();
  const { options, progress } = optionsFor(folder);
  const artefact = artefactOf(content, [
    { kind: "url", url: wrong.url },
    { kind: "url", url: right.url },
  ]);

  expect(await obtain(artefact, options, signal())).toMatchObject({ kind: "ready", source: new URL(right.url).host });
  expect(progress.filter(({ phase }) => phase === "switching")).toMatchObject([
    { source: new URL(wrong.url).host, reason: expect.stringContaining("sha256") },
  ]);
  expect(await readFile(join(folder, "tiny.bin"))).toEqual(content);
});

test("a part whose beginning is wrong costs one more transfer, not the source", async () => {
  const { url, requests } = await serve((request, response) => sendRange(content, request, response));
  const artefact = artefactOf(content, [{ kind: "url", url }]);
  const folder = await temporaryFolder();
  await writeFile(join(folder, `tiny.bin.${artefact.sha256.slice(0, 12)}.part`), someBytes(1_000));

  expect((await obtain(artefact, optionsFor(folder).options, signal())).kind).toBe("ready");
  expect(requests.map(({ range }) => range)).toEqual(["bytes=1000-", undefined]);
});

test("when no source has the file, one failure names each reason and the way out", async () => {
  const missing = await serve((_request, response) => response.writeHead(404).end());
  const short = await serve((_request, response) => response.end("not the file"));
  const folder = await temporaryFolder();
  const artefact = artefactOf(content, [
    { kind: "file", path: join(folder, "absent.bin") },
    { kind: "url", url: missing.url },
    { kind: "url", url: short.url },
    { kind: "url", url: await closedUrl() },
  ]);

  const result = await obtain(artefact, optionsFor(folder).options, signal());

  expect(result.kind === "failed" && result.failure.code).toBe("download_failed");
  const { message, hint } = result.kind === "failed" ? result.failure : { message: "", hint: "" };
  expect(message).toContain("absent.bin: the file cannot be read");
  expect(message).toContain("the server answered 404");
  expect(message).toContain(`the server's file has 12 bytes, not ${content.length}`);
  expect(message).toContain("ECONNREFUSED");
  expect(hint).toContain(join(folder, "tiny.bin"));
  expect(hint).toContain(artefact.sha256);
});

test("a server that sends more than the pinned size without saying so is cut off", async () => {
  const { url } = await serve((_request, response) => {
    response.write(content);
    response.end(content);
  });
  const folder = await temporaryFolder();

  const result = await obtain(artefactOf(content, [{ kind: "url", url }]), optionsFor(folder).options, signal());

  expect(result.kind === "failed" && result.failure.message).toContain("more bytes than the pinned file has");
  expect(await readdir(folder)).toEqual([]);
});

test("the hub's address follows HF_ENDPOINT", async () => {
  const { url, requests } = await serve((request, response) => sendRange(content, request, response));
  const { options } = optionsFor(await temporaryFolder(), { environment: { HF_ENDPOINT: `${url}/` } });
  const source = { kind: "hub", repository: "someone/model", revision: "abc", file: "tiny.bin" } as const;

  expect((await obtain(artefactOf(content, [source]), options, signal())).kind).toBe("ready");
  expect(requests[0]?.url).toBe("/someone/model/resolve/abc/tiny.bin");
});

test("the proxy of the environment is used, except for hosts in NO_PROXY", async () => {
  const direct = await serve((request, response) => sendRange(content, request, response));
  const asked: string[] = [];
  const proxy = await serve((_request, response) => response.writeHead(502).end());
  const artefact = artefactOf(content, [{ kind: "url", url: direct.url }]);
  const through = (NO_PROXY: string) => ({ environment: { HTTP_PROXY: proxy.url, NO_PROXY } });

  const refused = await obtain(artefact, optionsFor(await temporaryFolder(), through("")).options, signal());
  asked.push(...direct.requests.map(({ url }) => url));
  const fetched = await obtain(artefact, optionsFor(await temporaryFolder(), through("127.0.0.1")).options, signal());

  expect(refused.kind).toBe("failed");
  expect(asked).toEqual([]);
  expect(fetched.kind).toBe("ready");
});

test("two processes that want the same file fetch it once: the second waits and says so", async () => {
  const { url, requests } = await serve((_request, response) => {
    response.writeHead(200, { "content-length": content.length });
    response.write(content.subarray(0, 1_000));
    setTimeout(() => response.end(content.subarray(1_000)), 1_500);
  });
  const cacheFolder = await temporaryFolder();
  const argument = JSON.stringify({ artefact: artefactOf(content, [{ kind: "url", url }]), cacheFolder });
  const start = () => fork(join(import.meta.dirname, "fetch-child.ts"), [argument], { silent: true });

  const first = start();
  await once(first, "message");
  const second = start();
  const outputs = await Promise.all([first, second].map((child) => (child.stdout ? text(child.stdout) : "")));

  const [one, two] = outputs.map((output) => JSON.parse(output));
  expect(one).toMatchObject({ result: { kind: "ready", source: expect.any(String) } });
  expect(two).toEqual({ result: { kind: "ready", path: join(cacheFolder, "tiny.bin") }, phases: ["waiting"] });
  expect(requests).toHaveLength(1);
}, 20_000);

test("a refused consent fetches nothing and says how to agree", async () => {
  const { url, requests } = await serve((request, response) => sendRange(content, request, response));
  const asked: string[] = [];
  const { options } = optionsFor(await temporaryFolder(), {
    consent: async ({ name, bytes, licence }) => {
      asked.push(`${name} ${bytes} ${licence}`);
      return false;
    },
  });
  const sources = [
    { kind: "url", url },
    { kind: "url", url },
  ] as const;

  expect(await obtain(artefactOf(content, sources), options, signal())).toMatchObject({
    kind: "failed",
    failure: { code: "download_refused", hint: expect.stringContaining("CHINGU_DOWNLOAD=1") },
  });
  expect(asked).toEqual([`Tiny model ${content.length} CC0-1.0`]);
  expect(requests).toHaveLength(0);
});

test("offline uses what is on this machine and asks nobody for the rest", async () => {
  const { url, requests } = await serve((request, response) => sendRange(content, request, response));
  const folder = await temporaryFolder();
  const local = join(folder, "local.bin");
  await writeFile(local, content);
  const { options } = optionsFor(join(folder, "cache"), {
    offline: true,
    consent: async () => {
      throw new Error("nobody may be asked");
    },
  });

  const remote = await obtain(artefactOf(content, [{ kind: "url", url }]), options, signal());
  const copied = await obtain(artefactOf(content, [{ kind: "file", path: local }]), options, signal());

  expect(remote).toMatchObject({ kind: "failed", failure: { code: "offline" } });
  expect(copied.kind).toBe("ready");
  expect(requests).toHaveLength(0);
});

test("a cache folder that cannot be written, and a disk without room, are said at once", async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "file"), "in the way");
  const artefact = artefactOf(content, [{ kind: "url", url: await closedUrl() }]);

  const unwritable = await obtain(artefact, optionsFor(join(folder, "file", "cache")).options, signal());
  const full = await obtain({ ...artefact, bytes: 1e18 }, optionsFor(folder).options, signal());

  expect(unwritable).toMatchObject({
    kind: "failed",
    failure: { code: "cache_unwritable", message: expect.stringContaining("file/cache") },
  });
  expect(full).toMatchObject({ kind: "failed", failure: { code: "disk_full" } });
});

test("removing an artefact frees everything that belongs to it and nothing else", async () => {
  const folder = await temporaryFolder();
  const artefact = artefactOf(content, []);
  await writeFile(join(folder, "tiny.bin"), content);
  await writeFile(join(folder, "tiny.bin.state"), "saved");
  await writeFile(join(folder, "other.bin"), "kept");

  expect(await listArtefacts(folder, [artefact])).toMatchObject([{ state: "present" }]);
  expect(await removeArtefact(folder, artefact)).toBe(content.length + 5);
  expect(await readdir(folder)).toEqual(["other.bin"]);
  expect(await listArtefacts(folder, [artefact])).toMatchObject([{ state: "absent", bytes: 0 }]);
  await expect(stat(join(folder, "tiny.bin"))).rejects.toThrow("ENOENT");
});
