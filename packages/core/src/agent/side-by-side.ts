/**
 * Runs generators side by side, at most `limit` at once: yields what they yield as it comes and returns what they return,
 * in their own order. When one rejects, or the reader leaves, the others are ended.
 */
export async function* sideBySide<Event, Result>(
  starts: readonly (() => AsyncGenerator<Event, Result>)[],
  limit: number,
): AsyncGenerator<Event, Result[]> {
  const results: Result[] = [];
  const running = new Map<AsyncGenerator<Event, Result>, Promise<Stepped<Event, Result>>>();
  const advance = (index: number, generator: AsyncGenerator<Event, Result>) =>
    running.set(
      generator,
      generator.next().then((next) => ({ index, generator, next })),
    );
  let started = 0;
  try {
    for (;;) {
      for (let start = starts[started]; start && running.size < limit; start = starts[started])
        advance(started++, start());
      if (running.size === 0) return results;
      const { index, generator, next } = await Promise.race(running.values());
      if (next.done) {
        results[index] = next.value;
        running.delete(generator);
      } else {
        yield next.value;
        advance(index, generator);
      }
    }
  } finally {
    for (const [generator, step] of running) {
      // Its own failure has nobody to go to any more.
      step.catch(() => {});
      generator.return(undefined as never).catch(() => {});
    }
  }
}

interface Stepped<Event, Result> {
  readonly index: number;
  readonly generator: AsyncGenerator<Event, Result>;
  readonly next: IteratorResult<Event, Result>;
}
