import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export interface TemporaryRedis {
  readonly url: string;
  readonly port: number;
  /** Ends the server and removes its folder. Safe to call twice. */
  stop(): Promise<void>;
  /** Ends it as a power cut would: `kill -9`. Its folder stays for `restart`. */
  kill(): Promise<void>;
  /** Starts it again on the same port and folder, killing it first when it runs. Resolves when it takes commands. */
  restart(): Promise<void>;
  /** SIGSTOP and SIGCONT: a server that is there and says nothing. */
  freeze(): void;
  thaw(): void;
}

/**
 * A Redis of its own: a free port of the loopback, a temporary folder, append-only file on. `args` go to the command
 * line (`["--requirepass", "secret"]`) and win over ours. Rejects with the server's own words when it does not start.
 */
export async function startRedis({ args = [] }: { readonly args?: readonly string[] } = {}): Promise<TemporaryRedis> {
  const folder = await mkdtemp(join(tmpdir(), "chingu-redis-"));
  const port = await freePort();
  let server = await launch(port, folder, args);
  const killAtExit = () => server.kill("SIGKILL");
  process.once("exit", killAtExit);

  const end = async (signal: NodeJS.Signals) => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, "exit");
    // A frozen server cannot end on its own.
    server.kill("SIGCONT");
    server.kill(signal);
    await exited;
  };

  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    async stop() {
      await end("SIGKILL");
      process.removeListener("exit", killAtExit);
      await rm(folder, { recursive: true, force: true });
    },
    kill: () => end("SIGKILL"),
    async restart() {
      await end("SIGKILL");
      server = await launch(port, folder, args);
    },
    freeze() {
      server.kill("SIGSTOP");
    },
    thaw() {
      server.kill("SIGCONT");
    },
  };
}

async function launch(port: number, folder: string, args: readonly string[]): Promise<ChildProcess> {
  const own = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--appendonly", "yes", "--save", ""];
  const server = spawn("redis-server", [...own, "--logfile", "", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const said: string[] = [];
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("exit", () => reject(new Error(`redis-server did not start:\n${said.join("\n")}`)));
    for (const stream of [server.stdout, server.stderr]) {
      createInterface(stream).on("line", (line) => {
        said.push(line);
        if (line.includes("eady to accept connections")) resolve(server);
      });
    }
  });
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new Error("the probe has no port");
  return address.port;
}
