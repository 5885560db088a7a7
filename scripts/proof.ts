import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";

/** `pnpm proof NAME [FLAGS]` runs `proof/NAME/run.ts`; without a name it lists what there is. */
const [name, ...flags] = process.argv.slice(2);
const folder = new URL("../proof/", import.meta.url);
const names = readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);
if (name === undefined || !names.includes(name)) {
  console.error(`usage: pnpm proof NAME [FLAGS]; there are ${names.join(", ")}`);
  process.exitCode = 2;
} else {
  const file = new URL(`${name}/run.ts`, folder).pathname;
  process.exitCode = spawnSync(process.execPath, [file, ...flags], { stdio: "inherit" }).status ?? 1;
}
