import type { Clock } from "../protocol/index.ts";
import type { Artefact } from "./artefact.ts";

export interface ArtefactProgress {
  readonly artefact: Artefact;
  /**
   * `waiting`: another process fetches the same file. `switching`: this source failed for `reason` and the next is
   * tried.
   */
  readonly phase: "waiting" | "fetching" | "verifying" | "switching";
  readonly bytes: number;
  readonly total: number;
  /** Over the last seconds; absent until it can be told. */
  readonly bytesPerSecond?: number;
  readonly secondsLeft?: number;
  /** What the bytes come from. */
  readonly source?: string;
  readonly reason?: string;
}

const windowMs = 8_000;
const everyMs = 200;

/** Turns byte counts into progress with a rate over the last seconds, at most five times a second. */
export function meter(
  artefact: Artefact,
  source: string,
  clock: Clock,
  report: (progress: ArtefactProgress) => void,
): (bytes: number) => void {
  const samples: { at: number; bytes: number }[] = [];
  let lastAt = Number.NEGATIVE_INFINITY;
  return (bytes) => {
    const at = clock.now();
    if (at - lastAt < everyMs && bytes < artefact.bytes) return;
    lastAt = at;
    samples.push({ at, bytes });
    while (samples.length > 2 && at - (samples[0]?.at ?? at) > windowMs) samples.shift();
    const first = samples[0] ?? { at, bytes };
    const seconds = (at - first.at) / 1000;
    const rate = seconds >= 0.5 ? Math.max(0, (bytes - first.bytes) / seconds) : 0;
    report({
      artefact,
      phase: "fetching",
      bytes: Math.min(bytes, artefact.bytes),
      total: artefact.bytes,
      source,
      ...(rate > 0 && {
        bytesPerSecond: Math.round(rate),
        secondsLeft: Math.max(0, Math.ceil((artefact.bytes - bytes) / rate)),
      }),
    });
  };
}

/** One line for a terminal: `Qwen2.5-Coder 1.5B: 43 % of 1.1 GB · 12 MB/s · 50 s left · huggingface.co`. */
export function describeProgress(progress: ArtefactProgress): string {
  const { artefact, phase, bytes, total, bytesPerSecond, secondsLeft, source, reason } = progress;
  const share = `${Math.floor((bytes / total) * 100)} % of ${formatBytes(total)}`;
  switch (phase) {
    case "waiting":
      return `${artefact.name}: another process is fetching it (${share})`;
    case "verifying":
      return `${artefact.name}: checking the sum of ${formatBytes(total)}`;
    case "switching":
      return `${artefact.name}: not from ${source}: ${reason}`;
    case "fetching":
      return [
        `${artefact.name}: ${share}`,
        ...(bytesPerSecond === undefined ? [] : [`${formatBytes(bytesPerSecond)}/s`]),
        ...(secondsLeft === undefined ? [] : [`${formatSeconds(secondsLeft)} left`]),
        ...(source === undefined ? [] : [source]),
      ].join(" · ");
  }
}

/** Decimal units, two digits: `1.1 GB`, `470 MB`, `12 kB`, `7 B`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

function formatSeconds(seconds: number): string {
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
