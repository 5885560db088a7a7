import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import lockfile from "proper-lockfile";
import { z } from "zod";
import type { Failure } from "../protocol/index.ts";

/** The rules a person answered "always" with, kept per project folder. */
export interface RememberedRules {
  /** What was remembered for the folder; with `failure` when the file cannot be used, and then nothing. */
  load(folder: string): Promise<{ readonly rules: readonly string[]; readonly failure?: Failure }>;
  /** Adds a rule. Safe between processes; a failure when it could not be kept, and then the file is as it was. */
  save(folder: string, rule: string): Promise<Failure | undefined>;
}

const fileSchema = z.record(z.string(), z.array(z.string()));
type Book = z.infer<typeof fileSchema>;

/** Rules in one file that only its owner can read, replaced in one step at every change. */
export function openRememberedRules(file: string): RememberedRules {
  return {
    async load(folder) {
      try {
        const book = await read(file);
        return { rules: Object.hasOwn(book, folder) ? (book[folder] ?? []) : [] };
      } catch (error) {
        return { rules: [], failure: unusable(file, error, "cannot be read; no rule in it counts") };
      }
    },
    async save(folder, rule) {
      try {
        await mkdir(dirname(file), { recursive: true, mode: 0o700 });
        const release = await lockfile.lock(file, lockOptions);
        try {
          const book = new Map(Object.entries(await read(file)));
          book.set(folder, [...new Set([...(book.get(folder) ?? []), rule])]);
          await replace(file, Object.fromEntries(book));
        } finally {
          await release();
        }
        return undefined;
      } catch (error) {
        return unusable(file, error, "cannot be changed; the rule is not kept");
      }
    },
  };
}

/** A holder writes one small file: who waits longer than this waits for a process that died. */
const lockOptions = {
  realpath: false,
  stale: 5_000,
  retries: { retries: 60, minTimeout: 20, maxTimeout: 200, factor: 1.3 },
};

/** A missing file remembers nothing. Throws for one that cannot be understood. */
async function read(file: string): Promise<Book> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return {};
    throw error;
  }
  const parsed = fileSchema.safeParse(JSON.parse(text));
  if (!parsed.success) throw new Error("it is not an object of folders with their rules");
  return parsed.data;
}

async function replace(file: string, book: Book): Promise<void> {
  const next = `${file}.${process.pid}.new`;
  await writeFile(next, `${JSON.stringify(book, undefined, 2)}\n`, { mode: 0o600 });
  await chmod(next, 0o600);
  await rename(next, file);
}

function unusable(file: string, error: unknown, what: string): Failure {
  return {
    code: "rules_unusable",
    message: `the remembered rules ${file} ${what} (${error instanceof Error ? error.message : String(error)})`,
    hint: "correct the file, or move it away: Chingu then asks again",
  };
}
