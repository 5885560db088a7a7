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
    pulled.push({ name, ...obtained });
    if (obtained.kind === "failed") break;
  }
  return pulled;
}

/** The packages in the cache, each verified, and the names of those that could be had. Fetches nothing. */
export async function findPackages(cacheFolder: string, signal: AbortSignal): Promise<PythonPackages> {
  const options = { cacheFolder, offline: true, environment: {}, consent: async () => false };
  const known = await pythonPackages();
  const paths = new Map<string, string>();
  await Promise.all(
    known.map(async ({ name, artefact }) => {
      const obtained = await obtain(artefact, options, signal);
      if (obtained.kind === "ready") paths.set(name, obtained.path);
    }),
  );
  // One that lacks what it needs is missing: pulling it brings the rest.
  const usable = ({ name }: PythonPackage) => withNeeds([name], known).every((one) => paths.has(one.name));
  return {
    files: known.filter(usable).map(({ name, version, modules, artefact }) => ({
      name: `${name} ${version}`,
      modules,
      path: paths.get(name) ?? "",
      sha256: artefact.sha256,
    })),
    missing: known
      .filter((one) => !usable(one))
      .flatMap(({ name, modules }) => modules.map((module) => ({ module, package: name }))),
  };
}

/**
 * The wheels of a folder of the user's, in place of the packages above. They are not pinned: the folder is the user's
 * word. Rejects when the folder cannot be read; a file that is no wheel is passed over.
 */
export async function findWheels(folder: string): Promise<PythonPackages> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".whl")).sort();
  const files = await Promise.all(
    names.map(async (file) => {
      const path = join(folder, file);
      const [name = file, version = ""] = file.split("-");
      const members = await wheelMembers(path).catch(() => undefined);
      if (members === undefined) return [];
      const sha256 = createHash("sha256")
        .update(await readFile(path))
        .digest("hex");
      return [{ name: `${name} ${version}`, modules: modulesOf(members), path, sha256 }];
    }),
  );
  return { files: files.flat(), missing: [] };
}

/** What can be imported: folders and Python files at the top of a wheel. */
function modulesOf(members: readonly string[]): readonly string[] {
  const modules = members.flatMap((member) => /^(\w+)(?:\/.+|\.py)$/.exec(member)?.[1] ?? []);
  return [...new Set(modules)];
}
