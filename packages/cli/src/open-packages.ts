import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { variable } from "@chingu/core";
import { describeProgress } from "@chingu/core/artefacts";
import { type FindPackages, findPackages, pullPackages } from "@chingu/tools";
import type { Io } from "./io.ts";
import { CommandFailure } from "./output/report-failure.ts";
import { artefactOptions, type Settings } from "./settings.ts";

/** A program waits for packages only so long; what has not come by then, it does without. */
const patienceMs = 90_000;

/**
 * The Python packages of this machine, for `createProgramTools`: those of the configured folder, and the pinned
 * ones of other names from the cache. Nobody is asked in the middle of a turn: only `--yes` and `CHINGU_DOWNLOAD=1` have missing ones
 * fetched, at the first need and once in a process. Throws a `CommandFailure` when the configured folder cannot be read.
 */
export async function openPackages(settings: Settings, io: Io): Promise<FindPackages> {
  const folder = wheelFolder(settings, io);
  if (folder !== undefined) await mustBeReadable(folder);
  const options = artefactOptions(settings, io);
  const agreed = settings.flags.yes === true || variable(io.environment, "CHINGU_DOWNLOAD") === "1";
  let fetched: Promise<unknown> | undefined;
  return async (onProgress) => {
    if (agreed && !options.offline) {
      // A failure is no error here: the program that misses a package is told how to get it.
      fetched ??= pullPackages(
        [],
        {
          ...options,
          onProgress: (now) => onProgress?.({ progress: now.bytes, message: describeProgress(now) }),
        },
        AbortSignal.any([io.signal, AbortSignal.timeout(patienceMs)]),
      ).catch(() => undefined);
      await fetched;
    }
    return findPackages(
      { cacheFolder: options.cacheFolder, ...(folder !== undefined && { wheelFolder: folder }) },
      io.signal,
    );
  };
}

/** The folder of wheels that the user set in place of the pinned packages. */
export function wheelFolder({ config }: Settings, io: Io): string | undefined {
  const folder = config.tools?.python?.packages;
  if (folder === undefined) return undefined;
  return folder.startsWith("~/") ? join(io.home, folder.slice(2)) : resolve(io.folder, folder);
}

async function mustBeReadable(folder: string): Promise<void> {
  try {
    await readdir(folder);
  } catch (error) {
    throw new CommandFailure({
      code: "usage",
      message: `the folder of Python packages ${folder} cannot be read (${(error as NodeJS.ErrnoException).code})`,
      hint: "correct tools.python.packages or CHINGU_TOOLS_PYTHON_PACKAGES; without it Chingu's own packages are used",
    });
  }
}
