/** Thrown inside the loop when one of its waits ran out; never leaves it. */
export class TimeoutError extends Error {
  readonly ms: number;
  constructor(what: string, ms: number) {
    super(`${what} took longer than ${seconds(ms)}`);
    this.name = "TimeoutError";
    this.ms = ms;
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}

/** Resolves after `ms`, or at once when the signal aborts: the caller looks at the signal. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}

/** A signal of its own that follows another and can be aborted alone. `release` forgets the other. */
export function follow(signal: AbortSignal): { readonly controller: AbortController; readonly release: () => void } {
  const controller = new AbortController();
  const abort = () => controller.abort(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  return { controller, release: () => signal.removeEventListener("abort", abort) };
}

/** Many waits one after the other, as a stream has them: one timer and one listener serve them all. */
export interface Waits {
  /** As `within`. The one before must have ended. */
  within<T>(promise: Promise<T>, what: string, ms: number): Promise<T>;
  /** Call it when there are no more. */
  end(): void;
}

export function createWaits(signal: AbortSignal): Waits {
  let waiting: { readonly what: string; readonly ms: number; readonly until: number } | undefined;
  let fail: (reason: unknown) => void = () => {};
  let timer: NodeJS.Timeout | undefined;
  let ringsAt = Number.POSITIVE_INFINITY;
  const arm = (until: number, ms: number) => {
    clearTimeout(timer);
    ringsAt = until;
    timer = setTimeout(ring, ms);
  };
  // The timer is left running when a wait ends early, and looks at what is awaited when it rings.
  const ring = () => {
    ringsAt = Number.POSITIVE_INFINITY;
    if (!waiting) return;
    const left = waiting.until - performance.now();
    if (left > 0) arm(waiting.until, left);
    else fail(new TimeoutError(waiting.what, waiting.ms));
  };
  const aborted = () => fail(signal.reason);
  signal.addEventListener("abort", aborted, { once: true });
  return {
    within: (promise, what, ms) =>
      new Promise((resolve, reject) => {
        const until = performance.now() + ms;
        waiting = { what, ms, until };
        fail = reject;
        if (signal.aborted) aborted();
        else if (until < ringsAt) arm(until, ms);
        const done = () => {
          waiting = undefined;
        };
        promise.then(
          (value) => {
            done();
            resolve(value);
          },
          (error) => {
            done();
            reject(error);
          },
        );
      }),
    end() {
      clearTimeout(timer);
      signal.removeEventListener("abort", aborted);
    },
  };
}

/**
 * Waits for `promise` until the signal aborts or `ms` have passed, whichever is first; rejects with the signal's reason
 * or a `TimeoutError`. The promise itself goes on: whoever made it must have been told to stop by other means.
 */
export function within<T>(promise: Promise<T>, what: string, ms: number, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", aborted);
      settle();
    };
    const aborted = () => finish(() => reject(signal.reason));
    const timer = setTimeout(() => finish(() => reject(new TimeoutError(what, ms))), ms);
    if (signal.aborted) aborted();
    else signal.addEventListener("abort", aborted, { once: true });
    promise.then(
      (value) => finish(() => resolve(value)),
      (error) => finish(() => reject(error)),
    );
  });
}
