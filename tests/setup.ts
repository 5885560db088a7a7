import { spawnSync } from "node:child_process";

/**
 * Runs once before all tests. The memory tests drive a real Redis: where `redis-server` is missing, Debian's package is
 * installed when that needs no password, and otherwise one line says how to get it.
 */
export function setup(): void {
  if (runs("redis-server", ["--version"])) return;
  const root = process.getuid?.() === 0;
  const asRoot = (...command: [string, ...string[]]) => {
    const [program, ...args] = root ? command : (["sudo", "-n", ...command] as const);
    return runs(program ?? "", args);
  };
  const install = () => asRoot("apt-get", "install", "-y", "--no-install-recommends", "redis-server");
  if (runs("apt-get", ["--version"])) {
    console.error("The tests need redis-server: installing Debian's package…");
    if (!install()) asRoot("apt-get", "update") && install();
  }
  if (runs("redis-server", ["--version"])) return;
  throw new Error("The tests need redis-server on the PATH: `apt-get install redis-server` or `brew install redis`.");
}

function runs(program: string, args: readonly string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return spawnSync(program, args, { stdio: "ignore", env, timeout: 300_000 }).status === 0;
}
