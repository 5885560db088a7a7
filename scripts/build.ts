import { rename, rm } from "node:fs/promises";
import { rolldown } from "rolldown";

/**
 * Bundles the command line: one folder of chunks, the children of the evaluator as entries of their own beside them.
 * Packages that carry native code or data stay outside and are loaded from where they are installed.
 */
const external = [
  ...[/^node:/, "node-llama-cpp", "react-devtools-core"],
  ...["pyodide", /^pyodide\//, "mathjs", /^mathjs\//],
  ...["quickjs-emscripten-core", /^@jitl\//, "acorn"],
];

/** The new build takes the old one's place in one step: whoever starts meanwhile gets either, never half of one. */
export async function build(): Promise<void> {
  const dist = new URL("../packages/cli/dist", import.meta.url).pathname;
  const fresh = `${dist}.${process.pid}.new`;
  const old = `${dist}.${process.pid}.old`;
  const bundle = await rolldown({
    input: {
      chingu: "packages/cli/src/chingu.ts",
      "python-child": "packages/tools/src/program/python-child.ts",
      "javascript-child": "packages/tools/src/program/javascript-child.ts",
      "math-child": "packages/tools/src/program/calculate/math-child.ts",
    },
    external,
    platform: "node",
    transform: { define: { "process.env.NODE_ENV": '"production"' } },
    logLevel: "warn",
  });
  await bundle.write({ dir: fresh, format: "esm", chunkFileNames: "[name]-[hash].js", minify: true, sourcemap: false });
  await bundle.close();
  await rename(dist, old).catch(() => {});
  await rename(fresh, dist);
  await rm(old, { recursive: true, force: true });
}

if (import.meta.main) await build();
