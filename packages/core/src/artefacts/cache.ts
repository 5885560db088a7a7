import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { type Artefact, fits } from "./artefact.ts";
import { sha256File } from "./hash.ts";
import { isLocked } from "./lock.ts";

export interface CachedArtefact {
  readonly artefact: Artefact;
  readonly path: string;
  /** `partial` is an interrupted download that the next one continues; a `damaged` file, the next one replaces. */
  readonly state: "present" | "damaged" | "partial" | "absent";
  /** On disk, everything that belongs to it included. */
  readonly bytes: number;
}

export function pathOf(cacheFolder: string, artefact: Artefact): string {
  return join(cacheFolder, artefact.file);
}

/** Carries the sum in its name, so that what is left of an older pin is never continued. */
export function partPathOf(cacheFolder: string, artefact: Artefact): string {
  return join(cacheFolder, `${artefact.file}.${artefact.sha256.slice(0, 12)}.part`);
}

/** Says that the file as it is now (size and time) was verified, so that a start does not hash a gigabyte. */
const markSchema = z.object({ sha256: z.string(), bytes: z.number(), modified: z.number() });

/**
 * Whether the cached file is the pinned one. A file that somebody put there by hand is hashed once; a wrong one is
 * not ready and stays until a download replaces it.
 */
export async function isReady(path: string, artefact: Artefact, signal: AbortSignal): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile() || !fits(artefact, found.size)) return false;
  const mark = await readMark(path);
  if (mark && mark.sha256 === artefact.sha256 && mark.bytes === found.size && mark.modified === found.mtimeMs)
    return true;
  if ((await sha256File(path, signal)) !== artefact.sha256) return false;
  // A read-only cache that somebody filled is as good as ours: it is hashed at each start then.
  await writeMark(path, artefact).catch(() => {});
  return true;
}

export async function writeMark(path: string, artefact: Artefact): Promise<void> {
  const { size, mtimeMs } = await stat(path);
  const mark: z.infer<typeof markSchema> = { sha256: artefact.sha256, bytes: size, modified: mtimeMs };
  await writeFile(markPath(path), `${JSON.stringify(mark)}\n`);
}

/** What of the known artefacts is on this machine. Nothing is hashed: a file of the right size counts as present. */
export async function listArtefacts(
  cacheFolder: string,
  known: readonly Artefact[],
): Promise<readonly CachedArtefact[]> {
  return Promise.all(
    known.map(async (artefact) => {
      const path = pathOf(cacheFolder, artefact);
      const files = await filesOf(cacheFolder, artefact);
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
      return { artefact, path, bytes, state: stateOf(artefact, path, files) };
    }),
  );
}

function stateOf(artefact: Artefact, path: string, files: readonly CacheFile[]): CachedArtefact["state"] {
  const file = files.find((one) => one.path === path);
  if (file) return fits(artefact, file.bytes) ? "present" : "damaged";
  const part = partPathOf(dirname(path), artefact);
  return files.some((one) => one.path === part) ? "partial" : "absent";
}

/**
 * Deletes the file and all that was made for it (parts, marks, saved states) and returns the bytes freed; undefined,
 * and nothing deleted, while a process is fetching it.
 */
export async function removeArtefact(cacheFolder: string, artefact: Artefact): Promise<number | undefined> {
  if (await isLocked(pathOf(cacheFolder, artefact))) return undefined;
  const files = await filesOf(cacheFolder, artefact);
  await Promise.all(files.map((file) => rm(file.path, { recursive: true, force: true })));
  return files.reduce((sum, file) => sum + file.bytes, 0);
}

interface CacheFile {
  readonly path: string;
  readonly bytes: number;
}

async function filesOf(cacheFolder: string, artefact: Artefact): Promise<readonly CacheFile[]> {
  const names = await readdir(cacheFolder).catch(() => []);
  const own = names.filter((name) => name === artefact.file || name.startsWith(`${artefact.file}.`));
  return Promise.all(
    own.map(async (name) => {
      const path = join(cacheFolder, name);
      const found = await stat(path).catch(() => undefined);
      return { path, bytes: found?.isFile() ? found.size : 0 };
    }),
  );
}

async function readMark(path: string): Promise<z.infer<typeof markSchema> | undefined> {
  try {
    return markSchema.parse(JSON.parse(await readFile(markPath(path), "utf8")));
  } catch {
    return undefined;
  }
}

function markPath(path: string): string {
  return `${path}.verified`;
}
