/** One beat for everything that moves while a turn runs: text is flushed and the spinner turns on the same tick. */
export interface FlushClock {
  readonly start: () => void;
  readonly stop: () => void;
}

/** A flush takes a frame of its own; more often than this costs more than a reader gains. */
const beatMs = 66;

export function createFlushClock(onBeat: () => void): FlushClock {
  let timer: NodeJS.Timeout | undefined;
  return {
    start() {
      timer ??= setInterval(onBeat, beatMs);
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
    },
  };
}
