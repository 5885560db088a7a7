import { realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname } from "node:path";
import { fileURLToPath } from "node:url";
import { programLimits } from "./limits.ts";

/** A child's entry file and what it must be able to read, as real paths: the permission model does not follow links. */
export interface ChildEntry {
  readonly file: string;
  /** The library the child loads: a folder for pyodide and the JavaScript engine, a file for mathjs. */
  readonly library: string;
  /** Everything it may read. */
  readonly readable: readonly string[];
  /** Node's flags beside those of every child. */
  readonly flags: readonly string[];
}

export type ChildName = "python" | "math" | "javascript";

const require = createRequire(import.meta.url);

/**
 * Where the child entries lie: beside this file as TypeScript when run from source, beside the importing chunk as
 * JavaScript when bundled.
 */
export function childEntry(name: ChildName): ChildEntry {
  const extension = extname(import.meta.url);
  // From source this child is a folder of files; the bundle makes one of them.
  const path = name === "math" && extension === ".ts" ? "calculate/math-child.ts" : `${name}-child${extension}`;
  const file = realpathSync(fileURLToPath(new URL(`./${path}`, import.meta.url)));
  const own = path.includes("/") ? dirname(file) : file;
  switch (name) {
    case "python": {
      const library = dirname(realpathSync(require.resolve("pyodide/package.json")));
      return { file, library, readable: [own, library], flags: [] };
    }
    case "math": {
      const library = realpathSync(require.resolve("mathjs/lib/browser/math.js"));
      return { file, library, readable: [own, library], flags: [] };
    }
    case "javascript": {
      const { engine, ...rest } = javascriptLibraries();
      const flags = [`--stack-size=${programLimits.javascript.v8StackKilobytes}`];
      return { file, library: engine, readable: [own, engine, ...Object.values(rest)], flags };
    }
  }
}

/** The folders that make up the JavaScript child's engine. */
export interface JavascriptLibraries {
  readonly engine: string;
  readonly core: string;
  readonly types: string;
  readonly parser: string;
}

export function javascriptLibraries(): JavascriptLibraries {
  const folder = (entry: string, from = require) => dirname(realpathSync(from.resolve(entry)));
  const core = folder("quickjs-emscripten-core");
  return {
    engine: folder("@jitl/quickjs-wasmfile-release-sync"),
    core,
    types: folder("@jitl/quickjs-ffi-types", createRequire(`${core}/index.js`)),
    parser: folder("acorn"),
  };
}
