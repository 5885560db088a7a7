import { cpus } from "node:os";

/**
 * How many threads pay off right now. The library's threads wait for each other by spinning: one more than there are
 * free cores makes every token ten times slower, so what other processes use is left to them.
 *
 * Each call looks at the time since the last one; a span too short to tell gives the last figure again.
 */
export function freeCores(cores: number): () => number {
  let last = look();
  let free = cores;
  return () => {
    const now = look();
    const wall = now.at - last.at;
    if (wall < shortestMs) return free;
    const others = Math.max(0, now.busy - last.busy - (now.own - last.own)) / wall;
    free = Math.min(cores, Math.max(1, Math.round(cores - others)));
    last = now;
    return free;
  };
}

const shortestMs = 400;

/** All times in ms: the wall clock, what all cores did, what this process did. */
function look(): { readonly at: number; readonly busy: number; readonly own: number } {
  const { user, system } = process.cpuUsage();
  const busy = cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
  return { at: performance.now(), busy, own: (user + system) / 1000 };
}
