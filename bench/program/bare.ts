// What the tools are measured against: the same engines with nothing around them.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { text as readAll } from "node:stream/consumers";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { childEntry, javascriptLibraries } from "../../packages/tools/src/program/child-entry.ts";

/** Pyodide in this process, with the wheels to import from. */
export async function openPyodide(wheels: readonly string[] = []): Promise<(code: string) => unknown> {
  const home = childEntry("python").library;
  const { loadPyodide } = await import(pathToFileURL(`${home}/pyodide.mjs`).href);
  const pyodide = await loadPyodide({ indexURL: `${home}/` });
  for (const wheel of wheels) {
    const path = `/lib/${basename(wheel)}`;
    pyodide.FS.writeFile(path, readFileSync(wheel));
    pyodide.runPython(`import sys\nsys.path.append(${JSON.stringify(path)})`);
  }
  return (code) => pyodide.runPython(code);
}

/** QuickJS in this process; a new context for each program. */
export async function openQuickjs(): Promise<(code: string) => unknown> {
  const { core, engine } = javascriptLibraries();
  const url = (folder: string, file: string) => pathToFileURL(`${folder}/${file}`).href;
  const { newQuickJSWASMModuleFromVariant } = await import(url(core, "index.mjs"));
  const { QuickJSFFI } = await import(url(engine, "ffi.mjs"));
  const { default: createModule } = await import(url(engine, "emscripten-module.mjs"));
  const quickjs = await newQuickJSWASMModuleFromVariant({
    type: "sync",
    importFFI: async () => QuickJSFFI,
    importModuleLoader: async () => createModule,
  });
  return (code) => quickjs.evalCode(code);
}

/** The interpreter of this machine, started for each program; undefined where there is none. */
export async function findPython(imports = ""): Promise<((code: string) => Promise<string>) | undefined> {
  const run = async (python: string, code: string) =>
    (await promisify(execFile)(python, ["-I", "-c", code])).stdout.trim();
  try {
    // The file itself: what is found by name may be a script that looks for it.
    const python = await run("python3", "import sys; print(sys.executable)");
    await run(python, imports);
    return (code) => run(python, code);
  } catch {
    return undefined;
  }
}

/** A fresh process that loads Pyodide, runs `code` and ends. */
export async function runCold(code: string, wheels: readonly string[]): Promise<string> {
  const args = [fileURLToPath(import.meta.url), code, ...wheels];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [said] = await Promise.all([readAll(child.stdout), once(child, "exit")]);
  return said.trim();
}

if (import.meta.main) {
  const [code = "", ...wheels] = process.argv.slice(2);
  const run = await openPyodide(wheels);
  console.log(String(run(code)));
  process.exit();
}
