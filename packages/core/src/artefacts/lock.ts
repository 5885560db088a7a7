import { setTimeout as sleep } from "node:timers/promises";
import lockfile from "proper-lockfile";

const staleMs = 20_000;
const askAgainMs = 300;

/**
 * Holds the only lock on `path` among all processes while `work` runs; waits for another holder, calling `onWait` each
 * time it looks. A holder that died is taken for gone after 20 s. `work` gets a signal that also fires when the lock
 * was lost (the machine slept). Rejects as `work` does, when the signal aborts, and when the folder cannot be written.
 */
export async function withLock<Result>(
  path: string,
  options: { readonly signal: AbortSignal; readonly onWait: () => Promise<void> },
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const lost = new AbortController();
  const signal = AbortSignal.any([options.signal, lost.signal]);
  const release = await take(path, options, (error) => lost.abort(error));
  try {
    return await work(signal);
  } finally {
    await release().catch(() => {});
  }
}

/** Whether a living process holds the lock on `path`. */
export async function isLocked(path: string): Promise<boolean> {
  return lockfile.check(path, { realpath: false, stale: staleMs });
}

/** What a lost lock looks like when it comes back out of `withLock`. */
export function isLost(error: unknown): boolean {
  return error instanceof Error && (error.name === "AbortError" || ("code" in error && error.code === "ECOMPROMISED"));
}

async function take(
  path: string,
  { signal, onWait }: { readonly signal: AbortSignal; readonly onWait: () => Promise<void> },
  onCompromised: (error: Error) => void,
): Promise<() => Promise<void>> {
  while (true) {
    signal.throwIfAborted();
    try {
      return await lockfile.lock(path, { realpath: false, stale: staleMs, onCompromised });
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ELOCKED")) throw error;
      await onWait();
      await sleep(askAgainMs, undefined, { signal });
    }
  }
}
