import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";

interface Process {
  readonly pid: number;
  readonly parent: number;
}

/** The processes that run now and are no zombies; from /proc where there is one, for small systems have no `ps`. */
function running(): Process[] {
  const lines = existsSync("/proc/self/stat") ? fromProc() : fromPs();
  return lines.flatMap(([pid, state, parent]) =>
    state?.startsWith("Z") ? [] : [{ pid: Number(pid), parent: Number(parent) }],
  );
}

const fromPs = (): string[][] =>
  execFileSync("ps", ["-A", "-o", "pid=,stat=,ppid="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/));

const fromProc = (): string[][] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
        // The name in brackets may hold anything, blanks and brackets too.
        const [state = "", parent = ""] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        return [[pid, state, parent]];
      } catch {
        // It ended meanwhile.
        return [];
      }
    });

/** The ids of the processes that `pid` started and that still run. */
export function childrenOf(pid: number): number[] {
  return running()
    .filter(({ parent }) => parent === pid)
    .map((child) => child.pid);
}

/** Those of the processes that still run. */
export function stillRunning(pids: readonly number[]): number[] {
  return running()
    .map(({ pid }) => pid)
    .filter((pid) => pids.includes(pid));
}
