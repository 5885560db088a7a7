/** Rows on their way to the scrollback, with single blank rows between what does not belong together. */
export interface Transcript {
  readonly add: (rows: readonly string[]) => void;
  /** Leaves one blank row before what comes next. */
  readonly gap: () => void;
  /** Whether the last row is blank, or none was added yet. */
  readonly isAtGap: () => boolean;
  /** Hands over the rows added since the last call. */
  readonly take: () => string[];
}

export function createTranscript(): Transcript {
  let pending: string[] = [];
  let atGap = true;
  return {
    add(rows) {
      if (rows.length === 0) return;
      pending.push(...rows);
      atGap = rows.at(-1) === "";
    },
    gap() {
      if (!atGap) pending.push("");
      atGap = true;
    },
    isAtGap: () => atGap,
    take() {
      const rows = pending;
      pending = [];
      return rows;
    },
  };
}
