import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { interpreterFolder } from "./interpreters.ts";
import { openTerminal, type TerminalUnderTest } from "./terminal.ts";

/** The built command line: `node scripts/build.ts` makes it, and the test command does so before the tests. */
export const cliPath = fileURLToPath(new URL("../../packages/cli/dist/chingu.js", import.meta.url));

type Variables = Readonly<Record<string, string | undefined>>;

export interface RunOptions {
  /** On top of the machine's own; undefined takes one away. */
  readonly env?: Variables;
  /**
   * What the command reads: `{ text }` through a pipe; `none`: nothing, as from /dev/null (the default); `closed`: there
   * is no file descriptor 0; `open`: a pipe nobody writes to or closes, as careless parent programs leave it.
   */
  readonly stdin?: { readonly text: string | Uint8Array } | "none" | "closed" | "open";
  /** Where it is started; absent: the machine's project folder. */
  readonly folder?: string;
}

export interface Finished {
  readonly stdout: string;
  readonly stderr: string;
  /** Null where a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Running {
  readonly pid: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Waits until stdout or stderr contains the text. */
  readonly until: (text: string) => Promise<void>;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Reads no more of stdout, as `head` does when it has seen enough. */
  readonly closeStdout: () => void;
  readonly finished: Promise<Finished>;
}

/**
 * A home nobody has lived in yet, and a project folder beside it. Nothing of the real environment comes in; only the
 * interpreters that were started once are shared, because each start from nothing takes seconds.
 */
export interface Machine extends AsyncDisposable {
  readonly home: string;
  readonly folder: string;
  /** Runs `chingu ARGS…` to its end. */
  run(args: readonly string[], options?: RunOptions): Promise<Finished>;
  start(args: readonly string[], options?: RunOptions): Running;
  /** The same in a terminal of its own. The caller closes it. */
  open(args: readonly string[], options?: Pick<RunOptions, "env" | "folder">): TerminalUnderTest;
  /** Writes a file below the machine's root: `home/.config/chingu/config.yaml`, `project/.mcp.json`. */
  write(path: string, text: string | Uint8Array): Promise<string>;
  read(path: string): Promise<string>;
}

/** How long one command may take before it is ended and the test fails with what it wrote. */
const patienceMs = 40_000;

export async function freshMachine(variables: Variables = {}): Promise<Machine> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "chingu-machine-")));
  const home = join(root, "home");
  const folder = join(root, "project");
  await Promise.all([folder, join(home, ".cache/chingu")].map((path) => mkdir(path, { recursive: true })));
  await symlink(interpreterFolder, join(home, ".cache/chingu/interpreters"));
  const machine = {
    PATH: process.env["PATH"],
    HOME: home,
    USERPROFILE: home,
    XDG_CONFIG_HOME: join(home, ".config"),
    XDG_DATA_HOME: join(home, ".local/share"),
    XDG_CACHE_HOME: join(home, ".cache"),
    XDG_STATE_HOME: join(home, ".local/state"),
    LANG: "en_US.UTF-8",
    ...variables,
  };
  const running = new Set<Running>();

  const start: Machine["start"] = (args, options = {}) => {
    const command = launch(args, { folder, ...options, env: { ...machine, ...options.env } });
    running.add(command);
    void command.finished.finally(() => running.delete(command)).catch(() => {});
    return command;
  };
  return {
    home,
    folder,
    start,
    run: (args, options) => start(args, options).finished,
    open: (args, options = {}) =>
      openTerminal({
        command: process.execPath,
        args: [cliPath, ...args],
        cwd: options.folder ?? folder,
        env: { ...outsideUnset(), ...defined({ ...machine, ...options.env }) },
      }),
    async write(path, text) {
      const file = join(root, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
      return file;
    },
    read: (path) => readFile(join(root, path), "utf8"),
    async [Symbol.asyncDispose]() {
      for (const command of running) command.kill("SIGKILL");
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function launch(args: readonly string[], options: RunOptions & { readonly env: Variables }): Running {
  const { stdin = "none" } = options;
  const node = [process.execPath, cliPath, ...args];
  // Node cannot start a child without a file descriptor 0; a shell can.
  const [program = "", ...rest] = stdin === "closed" ? ["sh", "-c", 'exec "$0" "$@" <&-', ...node] : node;
  const child = spawn(program, rest, {
    ...(options.folder !== undefined && { cwd: options.folder }),
    env: defined(options.env),
    stdio: [typeof stdin === "object" || stdin === "open" ? "pipe" : "ignore", "pipe", "pipe"],
  });
  const written = { stdout: "", stderr: "" };
  let noticed = Promise.withResolvers<void>();
  const notice = () => {
    noticed.resolve();
    noticed = Promise.withResolvers();
  };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (chunk: string) => {
      written[name] += chunk;
      notice();
    });
  }
  // A command that does not read to the end is no failure of the test.
  child.stdin?.on("error", () => {});
  if (typeof stdin === "object") child.stdin?.end(stdin.text);

  let ended: Finished | undefined;
  const finished = new Promise<Finished>((resolve, reject) => {
    const patience = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`chingu ${args.join(" ")} did not end:\n${written.stdout}\n${written.stderr}`));
    }, patienceMs);
    child.once("error", reject);
    child.once("close", (exitCode, signal) => {
      clearTimeout(patience);
      ended = { ...written, exitCode, signal };
      resolve(ended);
      notice();
    });
  });
  return {
    pid: child.pid ?? 0,
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    async until(text) {
      while (!written.stdout.includes(text) && !written.stderr.includes(text)) {
        if (ended) throw new Error(`ended without ${JSON.stringify(text)}:\n${written.stdout}\n${written.stderr}`);
        await noticed.promise;
      }
    },
    kill: (signal) => void child.kill(signal),
    closeStdout: () => void child.stdout?.destroy(),
    finished,
  };
}

function defined(variables: Variables): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

/** A terminal of the kit inherits this process's variables; empty ones count as unset. */
function outsideUnset(): Record<string, string> {
  const names = Object.keys(process.env).filter((name) =>
    /^(OPENAI|CHINGU|XDG|LC|NODE|NO_COLOR|\w+_PROXY)/i.test(name),
  );
  return Object.fromEntries(names.map((name) => [name, ""]));
}
