import {
  type CachedArtefact,
  describeProgress,
  formatBytes,
  isReady,
  listArtefacts,
  removeArtefact,
} from "@chingu/core/artefacts";
import { type PythonPackage, pullPackages, pythonPackages } from "@chingu/tools";
import { confirm } from "../confirm.ts";
import type { Io } from "../io.ts";
import { wheelFolder } from "../open-packages.ts";
import { openPrograms } from "../open-programs.ts";
import { stateText } from "../output/format.ts";
import { createProgressLine } from "../output/progress-line.ts";
import { CommandFailure } from "../output/report-failure.ts";
import { writeRows } from "../output/rows.ts";
import { artefactOptions, type CommonFlags, readSettings } from "../settings.ts";

interface PackageRow {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly state: CachedArtefact["state"];
  /** On disk, or what a download takes, at most. */
  readonly bytes: number;
}

/** `chingu packages`: the Python packages that programs may import, and which are on this machine. */
export async function listPackages(flags: CommonFlags, io: Io): Promise<number> {
  const settings = await readSettings(flags, io);
  const { messages } = settings;
  const known = await pythonPackages();
  const cached = await listArtefacts(
    artefactOptions(settings, io).cacheFolder,
    known.map(({ artefact }) => artefact),
  );
  const rows = await Promise.all(
    known.map(async ({ name, version, artefact }, index): Promise<PackageRow> => {
      const { state: seen = "absent", bytes = 0, path = "" } = cached[index] ?? {};
      // Packages are small: what stands there is hashed, unlike a model.
      const state = seen === "present" && !(await isReady(path, artefact, io.signal)) ? "damaged" : seen;
      return { name, version, licence: artefact.licence, state, bytes: state === "present" ? bytes : artefact.bytes };
    }),
  );
  const line = ({ name, version, licence, state, bytes }: PackageRow) =>
    `${name.padEnd(16)}  ${version.padEnd(12)}  ${formatBytes(bytes)}, ${licence}, ${stateText(state, messages)}`;
  writeRows(rows, line, flags.output, io);
  const folder = wheelFolder(settings, io);
  if (folder !== undefined && !flags.quiet) io.stderr.write(`${messages.ownPackages(folder)}\n`);
  return 0;
}

/** `chingu packages pull`: fetches packages and what they need, with progress on stderr. */
export async function pullNamed(names: readonly string[], flags: CommonFlags, io: Io): Promise<number> {
  const settings = await readSettings(flags, io);
  const known = await pythonPackages();
  const wanted = names.map((name) => packageNamed(name, known).name);
  const progress = createProgressLine(io.stderr, { quiet: flags.quiet ?? false, now: Date.now });
  const pulled = await pullPackages(
    wanted,
    {
      ...artefactOptions(settings, io),
      // Who names the command has said yes.
      consent: async () => true,
      onProgress: (now) => {
        const { source: _host, ...rest } = now;
        progress.show(describeProgress(now.phase === "fetching" ? rest : now));
      },
    },
    io.signal,
  );
  // Importing sympy takes longer than most programs: an interpreter that has done so is kept, so that none waits for it.
  if (pulled.some(({ kind, name }) => kind === "ready" && name === "sympy")) {
    progress.show(settings.messages.keepingInterpreter);
    await (await openPrograms(settings, io)).keepSnapshot();
  }
  progress.clear();
  const rows = pulled.flatMap((one) => (one.kind === "ready" ? [{ name: one.name, path: one.path }] : []));
  writeRows(rows, ({ path }) => path, flags.output, io);
  const failed = pulled.find((one) => one.kind === "failed");
  if (failed) throw new CommandFailure({ ...failed.failure, code: "packages_unavailable" });
  return 0;
}

/** `chingu packages rm`: deletes a package's file. */
export async function removePackage(asked: string, flags: CommonFlags, io: Io): Promise<number> {
  const settings = await readSettings(flags, io);
  const { name, artefact } = packageNamed(asked, await pythonPackages());
  if (!flags.yes && !(await confirm(settings.messages.removeQuestion(name), io))) {
    throw new CommandFailure({
      code: "usage",
      message: `${name} was not removed`,
      hint: "--yes removes it without asking",
    });
  }
  const freed = await removeArtefact(artefactOptions(settings, io).cacheFolder, artefact);
  if (freed === undefined) {
    throw new CommandFailure({ code: "busy", message: `${name} is being downloaded`, hint: "wait for it, or stop it" });
  }
  const text =
    freed === 0
      ? `${name}: ${settings.messages.notInstalled}`
      : `${settings.messages.removed(name)} (${formatBytes(freed)})`;
  writeRows([{ name, freed }], () => text, flags.output, io);
  return 0;
}

/** By its own name, or by that of a module it brings: who misses `dateutil` need not know what it is called. */
function packageNamed(name: string, known: readonly PythonPackage[]): PythonPackage {
  const found = known.find((one) => one.name === name || one.modules.includes(name));
  if (found) return found;
  throw new CommandFailure({
    code: "usage",
    message: `there is no Python package "${name}" for programs`,
    hint: `there are ${known.map((one) => one.name).join(", ")}; for others put wheels into a folder of your own and set tools.python.packages`,
  });
}
