/** A day on somebody's calendar. Months count from 1. */
export interface Day {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** A stretch of time in ms since the epoch, its end excluded. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The day it is at an instant in a time zone (`Asia/Seoul`). */
export function dayAt(instant: number, zone: string): Day {
  const local = new Date(instant + offsetAt(instant, zone));
  return { year: local.getUTCFullYear(), month: local.getUTCMonth() + 1, day: local.getUTCDate() };
}

/** `2026-05-08 14:03`, on the clock of a time zone. */
export function minuteAt(instant: number, zone: string): string {
  return new Date(instant + offsetAt(instant, zone)).toISOString().slice(0, 16).replace("T", " ");
}

/** A day that many days later; a day or month beyond its limit counts on, as `Date` does. */
export function addDays({ year, month, day }: Day, days: number): Day {
  return dayAt(Date.UTC(year, month - 1, day + days), "UTC");
}

/** 0 is Monday. */
export function weekdayOf({ year, month, day }: Day): number {
  return (new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 6) % 7;
}

/** When a day begins in a time zone. */
function startOf({ year, month, day }: Day, zone: string): number {
  const utc = Date.UTC(year, month - 1, day);
  // The offset that holds there is found by asking near it; across a change of clocks, once more.
  const near = utc - offsetAt(utc, zone);
  return utc - offsetAt(near, zone);
}

/** The days from one to another, both included. */
export function spanOf(first: Day, last: Day, zone: string): Span {
  return { from: startOf(first, zone), to: startOf(addDays(last, 1), zone) };
}

/** A day as a person writes it, or an instant, as the span it stands for; undefined for anything else. */
export function parseDay(text: string, zone: string): Span | undefined {
  const [, year, month, day] = /^(\d{4})-(\d{1,2})(?:-(\d{1,2}))?$/.exec(text.trim()) ?? [];
  if (year === undefined || month === undefined) {
    const instant = /^\d{4}-\d\d-\d\dT/.test(text.trim()) ? Date.parse(text.trim()) : Number.NaN;
    return Number.isNaN(instant) ? undefined : { from: instant, to: instant };
  }
  const first = { year: Number(year), month: Number(month), day: Number(day ?? 1) };
  const last = day === undefined ? addDays({ ...first, month: first.month + 1 }, -1) : first;
  const real = addDays(first, 0);
  if (real.month !== first.month || real.day !== first.day) return undefined;
  return spanOf(first, last, zone);
}

function offsetAt(instant: number, zone: string): number {
  if (zone === "UTC") return 0;
  const parts = formatOf(zone).formatToParts(instant);
  const part = (type: string) => Number(parts.find((one) => one.type === type)?.value);
  const local = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
  return local - Math.floor(instant / 1000) * 1000;
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
}
