// What our tools cost around the engines that do the work, and how they keep their limits:
//   pnpm bench program [--quick] [--json] [--case NAME] [--rounds N] [--packages FOLDER]
// Both sides run in turns on the same machine; times are the best of each round. Where the name of a case ends in a
// figure, that is the floor. FOLDER holds wheels of sympy and mpmath; without it those of `chingu packages` are used. A
// case that cannot be measured here is named with the reason. pydantic's mcp-run-python, the nearest relative, is not
// compared: it needs Deno, which no registry that this project uses has.
import { mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { findPackages } from "../../packages/tools/src/index.ts";
import { printHead, printLine } from "../line.ts";
import { cases, type Stage } from "./cases.ts";
import { openPrograms } from "./tools.ts";

const { values: flags } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    case: { type: "string", multiple: true },
    rounds: { type: "string" },
    packages: { type: "string" },
  },
});
const wanted = cases.filter(({ name }) => flags.case?.some((part) => name.includes(part)) ?? true);
if (wanted.length === 0) {
  console.error(`there is no such case; there are:\n  ${cases.map(({ name }) => name).join("\n  ")}`);
  process.exit(2);
}

const cacheFolder = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "chingu", "artefacts");
const wheelFolder = flags.packages === undefined ? {} : { wheelFolder: resolve(flags.packages) };
const found = await findPackages({ cacheFolder, ...wheelFolder }, new AbortController().signal);
const sympy = ["sympy", "mpmath"];
const files = found.files.filter(({ modules }) => modules.some((module) => sympy.includes(module)));
const packages = async () => ({ files, missing: [] });

const snapshotFolder = await mkdtemp(join(tmpdir(), "chingu-bench-"));
const programs = openPrograms({ snapshotFolder });
const stage: Stage = {
  rounds: Number(flags.rounds ?? (flags.quick ? 1 : 5)),
  repeats: flags.quick ? 50 : 200,
  snapshotFolder,
  programs,
  wheels: files.length < sympy.length ? [] : files.map(({ path }) => path),
  openWithWheels: () => openPrograms({ snapshotFolder, packages }),
};
try {
  for (let n = 0; n < 100; n++) await programs.call("run_python", { code: "1 + 1" }, "2");
  await programs.prepare();
  if (!flags.json) printHead();
  for (const one of wanted) {
    const lines = await one.measure(stage);
    if (typeof lines === "string") console.error(`${one.name}: left out, it ${lines}`);
    else for (const line of lines) printLine("program", line, flags.json);
  }
} finally {
  await programs.close();
  await rm(snapshotFolder, { recursive: true, force: true });
}
process.exit();
