export interface Queue {
  /**
   * Waits for a place. Calls with one key run one after the other, in the order they came; never more than `running`
   * at once. Resolves to the function that gives the place back, or to `busy` when too many wait already. Rejects with
   * the signal's reason when it aborts first; then the place was never taken.
   */
  enter(key: string, signal: AbortSignal): Promise<(() => void) | "busy">;
}

interface Waiting {
  readonly key: string;
  readonly start: () => void;
}

export function createQueue(limits: { readonly running: number; readonly waiting: number }): Queue {
  const running = new Set<string>();
  const waiting: Waiting[] = [];

  function admit(): void {
    while (running.size < limits.running) {
      const at = waiting.findIndex(({ key }) => !running.has(key));
      const [next] = at === -1 ? [] : waiting.splice(at, 1);
      if (next === undefined) return;
      running.add(next.key);
      next.start();
    }
  }

  return {
    enter(key, signal) {
      signal.throwIfAborted();
      const free = running.size < limits.running && !running.has(key);
      if (!free && waiting.length >= limits.waiting) return Promise.resolve("busy");
      return new Promise((resolve, reject) => {
        let given = false;
        const release = () => {
          if (given) return;
          given = true;
          running.delete(key);
          admit();
        };
        const onAbort = () => {
          const at = waiting.indexOf(entry);
          if (at !== -1) waiting.splice(at, 1);
          reject(signal.reason);
        };
        const entry: Waiting = {
          key,
          start: () => {
            signal.removeEventListener("abort", onAbort);
            resolve(release);
          },
        };
        signal.addEventListener("abort", onAbort, { once: true });
        waiting.push(entry);
        admit();
      });
    },
  };
}
