import type { ToolContext } from "@chingu/core/protocol";

/**
 * Asked before a Python process starts and again after a program missed a package, so that one pulled meanwhile is
 * found. It may fetch what its caller agreed to, saying how far it is; else it is quick. It must not reject.
 */
export type FindPackages = (onProgress?: ToolContext["onProgress"]) => Promise<PythonPackages>;

/**
 * Python packages that programs may import beside the standard library. They are found, fetched and verified elsewhere;
 * here they are only mounted into the interpreter.
 */
export interface PythonPackages {
  readonly files: readonly PythonPackageFile[];
  /** What could be had and is not there: named with the command that gets it when a program imports it. */
  readonly missing: readonly MissingPackage[];
}

export interface PythonPackageFile {
  /** `sympy 1.14.0`; for the person and the model. */
  readonly name: string;
  /** The modules it brings, as they are imported: `["sympy"]`, `["dateutil"]`. */
  readonly modules: readonly string[];
  /** Absolute path of a wheel, or of a zip laid out like one: the modules lie at its top. */
  readonly path: string;
  /** Lower-case hexadecimal; part of the key of a snapshot that holds the package. */
  readonly sha256: string;
}

export interface MissingPackage {
  /** As it is imported: `dateutil`. */
  readonly module: string;
  /** As the user asks for it: `chingu packages pull PACKAGE`. */
  readonly package: string;
}

export const noPackages: PythonPackages = { files: [], missing: [] };
