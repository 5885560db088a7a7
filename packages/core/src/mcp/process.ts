import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { sanitize } from "../text/index.ts";
import type { StdioConfig } from "./server-config.ts";

export interface ServerProcess {
  /** Resolves when the bytes are with the system, or the process is gone. */
  write(text: string): Promise<void>;
  /** Asks the process to end by closing its stdin, then insists. Resolves when it is gone. */
  stop(): Promise<void>;
  /** How it ended, if it has, and the last it wrote to stderr: made for a sentence, safe to show. */
  describeEnd(): string;
}

export interface ProcessEvents {
  readonly onStdout: (chunk: Buffer) => void;
  readonly onEnd: () => void;
}

const stderrKept = 800;
const patience = { stdinEnd: 500, terminate: 1_000 };

/** What a server inherits without being given it: enough to find and run a program, nothing that tends to be secret. */
export const inheritedVariables = [
  ...["HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER"],
  ...["APPDATA", "COMSPEC", "HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA", "PATHEXT", "PROGRAMDATA", "PROGRAMFILES"],
  ...["SYSTEMDRIVE", "SYSTEMROOT", "TEMP", "TMP", "USERNAME", "USERPROFILE", "WINDIR"],
];

/**
 * Starts a server's process without a shell, in a process group of its own so that what it starts ends with it.
 * Rejects when the command cannot be run at all. `onEnd` comes once, after the last of its output.
 */
export async function startProcess(
  { command, args = [], env, cwd }: StdioConfig,
  environment: Readonly<Record<string, string | undefined>>,
  { onStdout, onEnd }: ProcessEvents,
): Promise<ServerProcess> {
  const minimal = Object.fromEntries(
    inheritedVariables.flatMap((key) => (environment[key] ? [[key, environment[key]]] : [])),
  );
  const child = spawn(command, args, {
    env: { ...minimal, ...env },
    ...(cwd && { cwd }),
    shell: false,
    detached: process.platform !== "win32",
    windowsHide: true,
  });
  let stderr = "";
  const closed = Promise.withResolvers<void>();
  child.stdout.on("data", onStdout);
  child.stderr.on("data", (chunk: Buffer) => {
    stderr = (stderr + chunk.toString("utf8")).slice(-stderrKept);
  });
  // Writing to a process that has ended is no event of its own: `close` follows.
  child.stdin.on("error", () => {});
  child.once("close", () => {
    closed.resolve();
    onEnd();
  });
  // A grandchild may hold the pipes open after the server itself is gone.
  child.once("exit", () => setTimeout(() => destroyPipes(child), 200).unref());
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (error) => reject(explainSpawn(error, { command, cwd })));
  });
  child.on("error", () => {});

  return {
    write: (text) =>
      new Promise((resolve) => {
        if (child.stdin.write(text)) return resolve();
        child.stdin.once("drain", resolve).once("close", resolve);
      }),
    stop: async () => {
      child.stdin.end();
      if (await endsWithin(closed.promise, patience.stdinEnd)) return;
      signalGroup(child, "SIGTERM");
      if (await endsWithin(closed.promise, patience.terminate)) return;
      signalGroup(child, "SIGKILL");
      await closed.promise;
    },
    describeEnd: () => {
      const wrote = sanitize(stderr).trim();
      const end =
        child.exitCode !== null
          ? `it ended with exit code ${child.exitCode}`
          : child.signalCode !== null
            ? `it was ended by ${child.signalCode}`
            : "it was still running";
      return wrote ? `${end}; the last it wrote to stderr: ${wrote}` : `${end}; it wrote nothing to stderr`;
    },
  };
}

/** The system says ENOENT for a missing command and for a missing folder alike. */
function explainSpawn(error: Error, { command, cwd }: { command: string; cwd: string | undefined }): Error {
  if (!("code" in error) || error.code !== "ENOENT") return error;
  return new Error(cwd && !existsSync(cwd) ? `its folder ${cwd} does not exist` : `there is no command ${command}`);
}

function destroyPipes(child: ChildProcess): void {
  for (const stream of child.stdio) stream?.destroy();
}

async function endsWithin(end: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  const ended = await Promise.race([end.then(() => true), late]);
  clearTimeout(timer);
  return ended;
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === "win32") child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // Already gone.
  }
}
