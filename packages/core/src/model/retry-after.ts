const longestMs = 60_000;

/**
 * How long the provider asks to wait, in ms from `now`, at most a minute. Understands `retry-after-ms`, and
 * `retry-after` as seconds or as an HTTP date; a date in the past is 0, and what cannot be read is undefined.
 */
export function parseRetryAfter(headers: Headers, now: number): number | undefined {
  const milliseconds = decimal(headers.get("retry-after-ms"));
  if (milliseconds !== undefined) return capped(milliseconds);
  const header = headers.get("retry-after");
  const seconds = decimal(header);
  if (seconds !== undefined) return capped(seconds * 1000);
  // Without a letter it is no HTTP date, though `Date.parse` would make one of it.
  const date = header && /[a-z]/i.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(date) ? undefined : capped(date - now);
}

function decimal(text: string | null): number | undefined {
  return text !== null && /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : undefined;
}

const capped = (ms: number): number => Math.min(longestMs, Math.max(0, Math.ceil(ms)));
