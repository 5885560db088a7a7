import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type ObtainOptions, obtain, wheelMembers } from "@chingu/core/artefacts";
import type { Failure } from "@chingu/core/protocol";
import { type PythonPackage, pythonPackages, withNeeds } from "./package-catalogue.ts";
import type { PythonPackages } from "./packages.ts";

/** What became of one package that was asked for. */
export type PulledPackage =
  | { readonly kind: "ready"; readonly name: string; readonly path: string }
  | { readonly kind: "failed"; readonly name: string; readonly failure: Failure };

/**
 * Fetches the named packages and what they need, each verified; the usual ones when none is named. Names nobody knows
 * are left out. Stops at the first that fails: what hinders one hinders the next.
 */
export async function pullPackages(
  names: readonly string[],
  options: ObtainOptions,
  signal: AbortSignal,
): Promise<readonly PulledPackage[]> {
  const known = await pythonPackages();
  const wanted = names.length > 0 ? names : known.filter(({ usual }) => usual).map(({ name }) => name);
  const pulled: PulledPackage[] = [];
  for (const { name, artefact } of withNeeds(wanted, known)) {
    const obtained = await obtain(artefact, options, signal);
    pulled.push({
      name,
      ...(obtained.kind === "failed" ? { ...obtained, failure: fitting(obtained.failure, artefact) } : obtained),
    });
    if (obtained.kind === "failed") break;
  }
  return pulled;
}

/** A package that no index has needs another way out than the others. */
function fitting(failure: Failure, { name, sources }: PythonPackage["artefact"]): Failure {
  if (failure.code !== "download_failed" || sources.some(({ kind }) => kind !== "url")) return failure;
  return {
    ...failure,
    hint: `${name} comes only from Pyodide's own distribution, which could not be reached. Check the network and HTTPS_PROXY, or name a folder of wheels that has it with tools.python.packages.`,
  };
}

export interface PackagePlaces {
  readonly cacheFolder: string;
  /**
   * A folder of the user's own wheels, which take the place of the packages with the same modules. They are not pinned:
   * the folder is the user's word.
   */
  readonly wheelFolder?: string;
}

/** The packages that are here, those from the cache verified, and the names of those that could be had. Fetches nothing. */
export async function findPackages(
  { cacheFolder, wheelFolder }: PackagePlaces,
  signal: AbortSignal,
): Promise<PythonPackages> {
  const options = { cacheFolder, offline: true, environment: {}, consent: async () => false };
  const [all, own] = await Promise.all([
    pythonPackages(),
    wheelFolder === undefined ? [] : findWheels(wheelFolder).then(({ files }) => files),
  ]);
  const replaced = new Set(own.flatMap(({ modules }) => modules));
  const known = all.filter(({ modules }) => !modules.some((module) => replaced.has(module)));
  const paths = new Map<string, string>();
  await Promise.all(
    known.map(async ({ name, artefact }) => {
      const obtained = await obtain(artefact, options, signal);
      if (obtained.kind === "ready") paths.set(name, obtained.path);
    }),
  );
  // One that lacks what it needs is missing: pulling it brings the rest.
  const usable = ({ name }: PythonPackage) => withNeeds([name], known).every((one) => paths.has(one.name));
  const pinned = known.filter(usable).map(({ name, version, modules, artefact }) => ({
    name: `${name} ${version}`,
    modules,
    path: paths.get(name) ?? "",
    sha256: artefact.sha256,
  }));
  const missing = known.filter((one) => !usable(one));
  return {
    files: [...own, ...pinned],
    missing: missing.flatMap(({ name, modules }) => modules.map((module) => ({ module, package: name }))),
  };
}

/** The wheels of a folder alone. One that cannot be read holds none, and a file that is no wheel is passed over. */
export async function findWheels(folder: string): Promise<PythonPackages> {
  const names = await readdir(folder).catch(() => []);
  const wheels = names.filter((name) => name.endsWith(".whl")).sort();
  const files = await Promise.all(
    wheels.map(async (file) => {
      const path = join(folder, file);
      const [name = file, version = ""] = file.split("-");
      try {
        const modules = modulesOf(await wheelMembers(path));
        const sha256 = createHash("sha256")
          .update(await readFile(path))
          .digest("hex");
        return [{ name: `${name} ${version}`, modules, path, sha256 }];
      } catch {
        return [];
      }
    }),
  );
  return { files: files.flat(), missing: [] };
}

/** What can be imported: folders and Python files at the top of a wheel. */
function modulesOf(members: readonly string[]): readonly string[] {
  const modules = members.flatMap((member) => /^(\w+)(?:\/.+|\.py)$/.exec(member)?.[1] ?? []);
  return [...new Set(modules)];
}
