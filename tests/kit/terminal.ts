import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn } from "@lydell/node-pty";
import xterm from "@xterm/headless";
import { build } from "rolldown";

/** A program in a terminal of its own: what it drew, where its cursor is, every byte it wrote. */
export interface TerminalUnderTest {
  readonly send: (text: string) => void;
  /** The visible rows, like all rows here without trailing blanks. */
  readonly screen: () => string[];
  /** Scrollback and screen, oldest row first. */
  readonly everything: () => string[];
  readonly cursor: () => { readonly x: number; readonly row: string; readonly visible: boolean };
  /** Everything the program wrote, control sequences and all. */
  readonly bytes: () => string;
  /** Waits until the condition holds; fails with the screen when it does not in time. */
  readonly until: (what: string | RegExp | (() => boolean)) => Promise<void>;
  readonly resize: (columns: number, rows: number) => void;
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly pid: number;
  readonly exited: Promise<{ readonly exitCode: number; readonly signal: number | undefined }>;
  readonly close: () => void;
}

/** Starts a program in a pty. The caller closes it. */
export function openTerminal(options: {
  readonly command: string;
  readonly args: readonly string[];
  /** The folder it is started in; absent: this process's. */
  readonly cwd?: string;
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
}): TerminalUnderTest {
  const { command, args, cwd, columns = 80, rows = 24, env = {} } = options;
  const pty = spawn(command, [...args], {
    cols: columns,
    rows,
    name: env["TERM"] ?? "xterm-256color",
    ...(cwd !== undefined && { cwd }),
    env: { ...process.env, CI: "false", ...env },
  });
  const terminal = new xterm.Terminal({ cols: columns, rows, scrollback: 5000, allowProposedApi: true });
  let bytes = "";
  let visible = true;
  let ended = false;
  pty.onData((data) => {
    bytes += data;
    const last = Math.max(data.lastIndexOf("\u001b[?25h"), data.lastIndexOf("\u001b[?25l"));
    if (last >= 0) visible = data.startsWith("\u001b[?25h", last);
    terminal.write(data);
  });
  terminal.onData((data) => {
    if (!ended) pty.write(data);
  });
  const exited = new Promise<{ exitCode: number; signal: number | undefined }>((resolve) => {
    pty.onExit(({ exitCode, signal }) => {
      ended = true;
      resolve({ exitCode, signal });
    });
  });

  const everything = () => {
    const buffer = terminal.buffer.active;
    return Array.from(
      { length: buffer.length },
      (_, index) => buffer.getLine(index)?.translateToString(true).trimEnd() ?? "",
    );
  };
  const screen = () => everything().slice(terminal.buffer.active.baseY);

  return {
    send: (text) => pty.write(text),
    screen,
    everything,
    cursor() {
      const { cursorX, cursorY } = terminal.buffer.active;
      return { x: cursorX, row: screen()[cursorY] ?? "", visible };
    },
    bytes: () => bytes,
    async until(what) {
      const holds = () => {
        if (typeof what === "function") return what();
        const text = everything().join("\n");
        return typeof what === "string" ? text.includes(what) : what.test(text);
      };
      const deadline = Date.now() + 15_000;
      while (!holds()) {
        if (Date.now() > deadline) throw new Error(`Not seen: ${what}\nThe screen:\n${everything().join("\n")}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    resize(nextColumns, nextRows) {
      terminal.resize(nextColumns, nextRows);
      pty.resize(nextColumns, nextRows);
    },
    kill: (signal) => process.kill(pty.pid, signal),
    pid: pty.pid,
    exited,
    close() {
      if (!ended) process.kill(pty.pid, "SIGKILL");
      terminal.dispose();
    },
  };
}

/** A script bundled so that plain Node runs it: Node strips types, but does not know JSX. */
export async function bundleScript(entry: string): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "chingu-bundle-"));
  await build({
    input: entry,
    platform: "node",
    external: ["react-devtools-core"],
    transform: { define: { "process.env.NODE_ENV": '"production"' } },
    output: { dir: folder, format: "esm", entryFileNames: "script.js" },
    logLevel: "silent",
  });
  return { path: join(folder, "script.js"), remove: () => rm(folder, { recursive: true, force: true }) };
}
