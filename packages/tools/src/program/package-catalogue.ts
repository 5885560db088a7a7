import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import type { Artefact, Source } from "@chingu/core/artefacts";
import { z } from "zod";

/** A Python package that programs may import, as a pinned wheel. */
export interface PythonPackage {
  /** As the user asks for it: `python-dateutil`. */
  readonly name: string;
  readonly version: string;
  /** As programs import it. */
  readonly modules: readonly string[];
  /** Names of the packages it does not work without. */
  readonly needs: readonly string[];
  /** Whether it is fetched when nothing is named. */
  readonly usual: boolean;
  readonly artefact: Artefact;
}

/** Pure Python: the wheels of the user's own package index, as their authors published them. */
const pure: readonly PythonPackage[] = [
  {
    ...wheel("sympy", "1.14.0", "sympy-1.14.0-py3-none-any.whl", {
      bytes: 6_299_353,
      sha256: "e091cc3e99d2141a0ba2847328f5479b05d94a6635cb96148ccb3f34671bd8f5",
      licence: "BSD-3-Clause",
    }),
    modules: ["sympy"],
    needs: ["mpmath"],
  },
  {
    // sympy 1.14 asks for a version below 1.4.
    ...wheel("mpmath", "1.3.0", "mpmath-1.3.0-py3-none-any.whl", {
      bytes: 536_198,
      sha256: "a0b2b9fe80bbcd81a6647ff13108738cfb482d481d826cc0e02f5b35e5c88d2c",
      licence: "BSD-3-Clause",
    }),
    modules: ["mpmath"],
    needs: [],
  },
  {
    ...wheel("python-dateutil", "2.9.0.post0", "python_dateutil-2.9.0.post0-py2.py3-none-any.whl", {
      bytes: 229_892,
      sha256: "a8b2bc7bffae282281c8140a97d3aa9c14da0b136dfe83f850eea9a5f7470427",
      licence: "Apache-2.0, BSD-3-Clause",
    }),
    modules: ["dateutil"],
    needs: ["six"],
  },
  {
    ...wheel("six", "1.17.0", "six-1.17.0-py2.py3-none-any.whl", {
      bytes: 11_050,
      sha256: "4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274",
      licence: "MIT",
    }),
    modules: ["six"],
    needs: [],
  },
  {
    // What zoneinfo reads.
    ...wheel("tzdata", "2026.6", "tzdata-2026.6-py2.py3-none-any.whl", {
      bytes: 348_210,
      sha256: "0a10eec6e13ef16b627fabed9a5f2ba61a62b1c67f327305f4e7e412a70b4aec",
      licence: "Apache-2.0",
    }),
    modules: ["tzdata"],
    needs: [],
  },
];

function wheel(name: string, version: string, file: string, pin: Pick<Artefact, "bytes" | "sha256" | "licence">) {
  const source: Source = { kind: "wheel", spec: `${name}==${version}` };
  return { name, version, usual: true, artefact: { name: `${name} ${version}`, file, ...pin, sources: [source] } };
}

/** Every package that can be had, in the order they are listed. */
export async function pythonPackages(): Promise<readonly PythonPackage[]> {
  return [...pure, await numpy()];
}

/** The named packages and what they need, each once; names nobody knows are left out. */
export function withNeeds(names: readonly string[], known: readonly PythonPackage[]): readonly PythonPackage[] {
  const wanted = new Set(names);
  // A set that grows while it is walked is walked to its new end.
  for (const name of wanted) for (const need of known.find((one) => one.name === name)?.needs ?? []) wanted.add(need);
  return known.filter(({ name }) => wanted.has(name));
}

const lockSchema = z.object({
  packages: z.object({ numpy: z.object({ version: z.string(), file_name: z.string(), sha256: z.string() }) }),
});

/**
 * numpy is native code: only Pyodide's distribution has it for this interpreter. What is pinned, and where the
 * distribution is, says the installed Pyodide itself.
 */
async function numpy(): Promise<PythonPackage> {
  const home = dirname(createRequire(import.meta.url).resolve("pyodide/package.json"));
  const [lock, distribution] = await Promise.all([
    readFile(`${home}/pyodide-lock.json`, "utf8"),
    distributionOf(`${home}/`),
  ]);
  const { version, file_name, sha256 } = lockSchema.parse(JSON.parse(lock)).packages.numpy;
  return {
    name: "numpy",
    version,
    modules: ["numpy"],
    needs: [],
    usual: false,
    artefact: {
      name: `numpy ${version}`,
      file: file_name,
      // The lock pins the sum and says no size.
      bytes: 20_000_000,
      upTo: true,
      sha256,
      licence: "BSD-3-Clause",
      sources: distribution === undefined ? [] : [{ kind: "url", url: new URL(file_name, distribution).href }],
    },
  };
}

const settingsSchema = z.object({ API: z.object({ config: z.object({ cdnUrl: z.url() }) }) });

/** Where Pyodide's loader would fetch packages from; it is stopped before the interpreter starts. */
async function distributionOf(home: string): Promise<string | undefined> {
  const { loadPyodide } = (await import(pathToFileURL(`${home}pyodide.mjs`).href)) as typeof import("pyodide");
  let address: string | undefined;
  const createPyodideModule = (settings: unknown) => {
    address = settingsSchema.safeParse(settings).data?.API.config.cdnUrl;
    throw new Error("known");
  };
  await loadPyodide({ indexURL: home, createPyodideModule } as Parameters<typeof loadPyodide>[0]).catch(() => {});
  return address;
}
