import { realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname } from "node:path";
import { fileURLToPath } from "node:url";

/** A child's entry file and what it must be able to read, as real paths: the permission model does not follow links. */
export interface ChildEntry {
  readonly file: string;
  /** The library the child loads: a folder for pyodide, a file for mathjs. */
  readonly library: string;
}

/**
 * Where the child entries lie: beside this file as TypeScript when run from source, beside the importing chunk as
 * JavaScript when bundled.
 */
export function childEntry(name: "python-child" | "math-child"): ChildEntry {
  const file = fileURLToPath(new URL(`./${name}${extname(import.meta.url)}`, import.meta.url));
  const require = createRequire(import.meta.url);
  const library =
    name === "python-child"
      ? dirname(realpathSync(require.resolve("pyodide/package.json")))
      : realpathSync(require.resolve("mathjs/lib/browser/math.js"));
  return { file: realpathSync(file), library };
}
