/** Where the real cursor stands, counted from the top left of the live rows, in cells. */
export interface Caret {
  readonly x: number;
  readonly y: number;
}

export interface LiveRows {
  /** Each fits one terminal row. */
  readonly rows: readonly string[];
  readonly caret?: Caret;
}

export interface Frame {
  readonly live: LiveRows;
  /** Blocks of rows on their way to the scrollback; grows within an epoch. */
  readonly committed: readonly string[];
  /** Changes when `committed` starts anew. */
  readonly epoch: number;
}

/** What the terminal shows: rows that are final, and the live rows below them. Drawing is someone else's. */
export interface Screen {
  /** Publishes one frame: final rows and the live rows that belong with them arrive together. */
  readonly show: (committed: readonly string[], live: LiveRows) => void;
  readonly frame: () => Frame;
  readonly subscribe: (onChange: () => void) => () => void;
}

/** Blocks already in the scrollback need not be kept; starting anew costs a frame, so it is done rarely. */
const blocksPerEpoch = 2000;

export function createScreen(): Screen {
  const listeners = new Set<() => void>();
  let frame: Frame = { live: { rows: [] }, committed: [], epoch: 0 };
  return {
    show(rows, live) {
      const added = rows.length === 0 ? [] : [rows.join("\n")];
      frame =
        added.length > 0 && frame.committed.length >= blocksPerEpoch
          ? { live, committed: added, epoch: frame.epoch + 1 }
          : {
              live,
              committed: added.length === 0 ? frame.committed : [...frame.committed, ...added],
              epoch: frame.epoch,
            };
      for (const listener of listeners) listener();
    },
    frame: () => frame,
    subscribe(onChange) {
      listeners.add(onChange);
      return () => listeners.delete(onChange);
    },
  };
}
