/** Whether work ends in time; it goes on when it does not. Rejects as the work does, and with the signal's reason. */
export async function settles(work: Promise<void>, ms: number, signal: AbortSignal): Promise<boolean> {
  const given = deadline(signal, ms);
  const stopped = Promise.withResolvers<boolean>();
  const stop = () => (signal.aborted ? stopped.reject(signal.reason) : stopped.resolve(false));
  given.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([work.then(() => true), stopped.promise]);
  } finally {
    given.removeEventListener("abort", stop);
    // The one that lost the race may still fail: then the next search tells.
    work.catch(() => {});
  }
}

/** The signal, or the end of so many ms. */
export function deadline(signal: AbortSignal, ms: number): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(ms)]);
}
