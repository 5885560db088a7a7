import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";
import type { Artefact, ArtefactProgress, ObtainOptions, Source } from "../../../packages/core/src/artefacts/index.ts";

export const signal = () => new AbortController().signal;

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "chingu-artefacts-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export function artefactOf(content: Buffer, sources: readonly Source[]): Artefact {
  return {
    name: "Tiny model",
    file: "tiny.bin",
    bytes: content.length,
    sha256: createHash("sha256").update(content).digest("hex"),
    licence: "CC0-1.0",
    sources,
  };
}

export const someBytes = (count: number) => randomBytes(count);

export function optionsFor(cacheFolder: string, more: Partial<ObtainOptions> = {}) {
  const progress: ArtefactProgress[] = [];
  const options: ObtainOptions = {
    cacheFolder,
    consent: async () => true,
    offline: false,
    environment: {},
    onProgress: (one) => progress.push(one),
    ...more,
  };
  return { options, progress };
}

/** A file server on loopback; `respond` sees the request's number from 0. */
export async function serve(
  respond: (request: IncomingMessage, response: ServerResponse, number: number) => void,
): Promise<{ url: string; requests: { url: string; range: string | undefined }[] }> {
  const requests: { url: string; range: string | undefined }[] = [];
  const server = createServer((request, response) => {
    const number = requests.push({ url: request.url ?? "", range: request.headers.range }) - 1;
    respond(request, response, number);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

/** An address on loopback where nobody listens. */
export async function closedUrl(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}/`;
}

/** Answers with the content, or the part of it that the request's Range asks for. */
export function sendRange(content: Buffer, request: IncomingMessage, response: ServerResponse): void {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  response.writeHead(request.headers.range ? 206 : 200, {
    "content-length": content.length - start,
    ...(request.headers.range && { "content-range": `bytes ${start}-${content.length - 1}/${content.length}` }),
  });
  response.end(content.subarray(start));
}

/** Builds a wheel that carries one file, in a folder that pip can be pointed at. */
export async function buildWheel(folder: string, name: string, version: string, data: Buffer): Promise<void> {
  const source = join(folder, `source-${name}`);
  const info = `${name}-${version}.dist-info`;
  await mkdir(join(source, name, "data"), { recursive: true });
  await mkdir(join(source, info));
  await writeFile(join(source, name, "data", "part.bin"), data);
  await writeFile(join(source, info, "METADATA"), `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`);
  await writeFile(
    join(source, info, "WHEEL"),
    "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
  );
  await writeFile(join(source, info, "RECORD"), "");
  const wheel = join(folder, `${name}-${version}-py3-none-any.whl`);
  await promisify(execFile)("python3", ["-m", "zipfile", "-c", wheel, name, info], { cwd: source });
  await rm(source, { recursive: true });
}
