import { appendFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

const entrySchema = z.object({
  /** Of one model call: its later entry takes the place of the earlier. */
  id: z.string(),
  /** The day it is counted to, also when it ends after midnight: `2026-11-21`. */
  day: z.iso.date(),
  /** ISO 8601, UTC. */
  at: z.iso.datetime(),
  model: z.string(),
  /** A reservation holds its sum until the call is settled, or for an hour where the process died. */
  state: z.enum(["reserved", "spent"]),
  usd: z.number().nonnegative().nullable(),
});
export type SpendEntry = z.infer<typeof entrySchema>;

export interface DaySpend {
  /** Reservations of calls under way included. */
  readonly usd: number;
  /** Calls whose price nobody knows: what they cost comes on top. */
  readonly unknown: number;
}

/** What was spent, as it was spent. Only appended to; both methods reject when the place it is kept in does. */
export interface SpendLedger {
  append(entry: SpendEntry): Promise<void>;
  total(day: string, now: number): Promise<DaySpend>;
}

const reservedMs = 60 * 60 * 1000;

/**
 * The ledger as one file a day, for any number of processes: an entry is one write to the end of the file. A line that
 * a crash has torn is passed over, and costs its neighbours nothing.
 */
export function createFileLedger(folder: string): SpendLedger {
  const fileOf = (day: string) => join(folder, `${day}.jsonl`);
  return {
    async append(entry) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      // The line end before it closes a line that was torn.
      await appendFile(fileOf(entry.day), `\n${JSON.stringify(entrySchema.parse(entry))}\n`, { mode: 0o600 });
    },
    async total(day, now) {
      const text = await readFile(fileOf(day), "utf8").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return "";
        throw error;
      });
      return sumOf(text.split("\n").flatMap(readLine), now);
    },
  };
}

/** Tells the calendar day of a moment, where the clock on the wall is `timeZone`'s; absent: this machine's. */
export function createCalendar(timeZone?: string): (at: number) => string {
  // Made when first asked, and once: a formatter costs a hundred times what it takes to use it.
  let format: Intl.DateTimeFormat | undefined;
  return (at) => {
    // Sweden writes dates as ISO does.
    format ??= new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", ...(timeZone && { timeZone }) });
    return format.format(at);
  };
}

function sumOf(entries: readonly SpendEntry[], now: number): DaySpend {
  const latest = new Map(entries.map((entry) => [entry.id, entry]));
  // Two processes may write in an order of their own: what was spent stands against what was reserved.
  for (const entry of entries) if (entry.state === "spent") latest.set(entry.id, entry);
  const counted = [...latest.values()].filter(
    ({ state, at }) => state === "spent" || now - Date.parse(at) < reservedMs,
  );
  return {
    usd: counted.reduce((sum, { usd }) => sum + (usd ?? 0), 0),
    unknown: counted.filter(({ usd }) => usd === null).length,
  };
}

function readLine(line: string): SpendEntry[] {
  if (line === "") return [];
  try {
    return [entrySchema.parse(JSON.parse(line))];
  } catch {
    return [];
  }
}
