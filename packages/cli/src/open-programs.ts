import { join } from "node:path";
import { createProgramTools, type ProgramTools, programTimeZone } from "@chingu/tools";
import type { Io } from "./io.ts";
import { openPackages } from "./open-packages.ts";
import type { Settings } from "./settings.ts";

/**
 * Our tools that run programs, with the Python packages of this machine; closed when the command has ended. Throws a
 * `CommandFailure` when the configured folder of packages cannot be read.
 */
export async function openPrograms(settings: Settings, io: Io): Promise<ProgramTools> {
  const programs = createProgramTools({
    packages: await openPackages(settings, io),
    timeZone: programTimeZone(io.environment),
    snapshotFolder: join(settings.folders.cache, "interpreters"),
  });
  io.cleanup.defer(() => programs.close());
  return programs;
}
