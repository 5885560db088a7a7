import { createWriteStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { type FetchTask, fits, type SourceFault } from "./artefact.ts";
import { counted, tooMany } from "./count.ts";
import { machineFailure } from "./machine.ts";

/** How often in a row a transfer may break without a single new byte. */
const fruitlessAttempts = 2;
const pauseMs = 500;

/**
 * Fetches over HTTP into the part file, continuing where it ends. A transfer that breaks is continued as long as it
 * brings new bytes; an answer that is not the file, or no answer, is a fault at once: on a closed network the next
 * source must not wait.
 */
export async function fetchUrl(url: string, task: FetchTask): Promise<SourceFault> {
  let fruitless = 0;
  while (true) {
    const before = await sizeOf(task.partPath);
    if (!task.artefact.upTo && before === task.artefact.bytes) return undefined;
    const result = await attempt(url, before, task);
    if (result.kind === "done") return undefined;
    if (result.kind === "refused") return result.reason;
    const gained = (await sizeOf(task.partPath)) > before;
    fruitless = gained ? 0 : fruitless + 1;
    if (fruitless >= fruitlessAttempts) return `the connection broke again and again: ${result.reason}`;
    await sleep(pauseMs, undefined, { signal: task.signal });
  }
}

type Attempt = { kind: "done" } | { kind: "broken"; reason: string } | { kind: "refused"; reason: string };

async function attempt(url: string, start: number, task: FetchTask): Promise<Attempt> {
  let response: Response;
  try {
    response = await task.fetch(url, {
      signal: task.signal,
      // Ranges count the bytes of the file: no compression in between.
      headers: { "accept-encoding": "identity", ...(start > 0 && { range: `bytes=${start}-` }) },
    });
  } catch (error) {
    task.signal.throwIfAborted();
    const reason = reasonOf(error);
    // After the first bytes a broken line is a cut; before them it is a closed door.
    return start > 0 ? { kind: "broken", reason } : { kind: "refused", reason };
  }
  if (response.status === 416) {
    await response.body?.cancel();
    await rm(task.partPath, { force: true });
    return { kind: "broken", reason: "the server has nothing at that position" };
  }
  if (!response.ok || !response.body) {
    await response.body?.cancel();
    return { kind: "refused", reason: `the server answered ${response.status} ${response.statusText}`.trim() };
  }
  const from = response.status === 206 ? start : 0;
  const length = Number(response.headers.get("content-length") ?? Number.NaN);
  if (Number.isFinite(length) && !fits(task.artefact, from + length)) {
    await response.body.cancel();
    return { kind: "refused", reason: `the server's file has ${from + length} bytes, not ${task.artefact.bytes}` };
  }
  try {
    await pipeline(
      Readable.fromWeb(response.body as import("node:stream/web").ReadableStream),
      counted(from, task),
      createWriteStream(task.partPath, { flags: from > 0 ? "a" : "w" }),
      { signal: task.signal },
    );
  } catch (error) {
    task.signal.throwIfAborted();
    if (machineFailure(error, task.partPath, task.artefact.bytes)) throw error;
    if (error instanceof Error && error.message === tooMany) {
      await rm(task.partPath, { force: true });
      return { kind: "refused", reason: tooMany };
    }
    return { kind: "broken", reason: reasonOf(error) };
  }
  const size = await sizeOf(task.partPath);
  return fits(task.artefact, size) ? { kind: "done" } : { kind: "broken", reason: "the transfer ended early" };
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

/** The innermost cause in one line: `fetch failed` alone tells nobody anything. */
function reasonOf(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  if (inner instanceof AggregateError && inner.errors[0] instanceof Error) inner = inner.errors[0];
  return inner instanceof Error ? (inner.message || inner.name).replace(/\s+/g, " ") : String(inner);
}
