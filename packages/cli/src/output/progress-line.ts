import type { WriteStream } from "node:tty";
import { fitCells, sanitizeLine } from "@chingu/core/text";

export interface ProgressLine {
  /** Shows where a long job stands; `progress` runs from 0 to 1. */
  show(text: string, progress?: number): void;
  /** Takes the line away, so that something else can be written. */
  clear(): void;
}

const framesPerSecond = 5;
const secondsBetweenLines = 10;

/**
 * Progress on stderr: one line rewritten in place on a terminal, elsewhere a new line for every job and then one
 * every ten seconds, nothing where the user wants it quiet.
 */
export function createProgressLine(
  stderr: WriteStream,
  options: { readonly quiet: boolean; readonly now: () => number; readonly plain?: boolean },
): ProgressLine {
  // A terminal that can only print lines gets them like a file does.
  const rewrites = stderr.isTTY && !options.plain;
  let shownAt = Number.NEGATIVE_INFINITY;
  let shown = "";
  const clear = () => {
    if (shown && rewrites) stderr.write("\r\u001b[K");
    shown = "";
  };
  if (options.quiet) return { show: () => {}, clear: () => {} };
  if (!rewrites) {
    return {
      show(text, progress) {
        const now = options.now();
        const job = sanitizeLine(text).replaceAll(/\d+([.,]\d+)?/g, "#");
        if (job === shown && now - shownAt < secondsBetweenLines * 1000) return;
        shown = job;
        shownAt = now;
        stderr.write(`${line(text, progress)}\n`);
      },
      clear: () => {},
    };
  }
  return {
    show(text, progress) {
      const now = options.now();
      if (now - shownAt < 1000 / framesPerSecond && progress !== 1) return;
      shownAt = now;
      shown = line(text, progress);
      stderr.write(`\r${fitCells(shown, Math.max(20, (stderr.columns ?? 80) - 1))}\u001b[K`);
    },
    clear,
  };
}

function line(text: string, progress: number | undefined): string {
  return progress === undefined ? sanitizeLine(text) : `${sanitizeLine(text)} ${Math.floor(progress * 100)} %`;
}
