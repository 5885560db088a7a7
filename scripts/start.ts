import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/**
 * `pnpm start ARGS…` in the workspace is `chingu ARGS…`: builds when a source is newer than the build, then runs it in
 * this very process, so that terminal, signals and exit code are the command's own. Downloads need no question here:
 * the README's first command does its job on any machine.
 */
const root = new URL("..", import.meta.url).pathname;
const entry = join(root, "packages/cli/dist/chingu.js");

async function newestSource(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true });
  const times = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).mtimeMs));
  return Math.max(...times);
}

const built = await stat(entry).then(
  ({ mtimeMs }) => mtimeMs,
  () => 0,
);
const sources = ["core", "tools", "cli"].map((name) => newestSource(join(root, "packages", name, "src")));
if (Math.max(...(await Promise.all(sources))) > built) {
  process.stderr.write("building chingu…\n");
  const { build } = await import("./build.ts");
  await build();
}

process.env["CHINGU_DOWNLOAD"] ||= "1";
// The folder the user stands in, not the workspace's, where pnpm starts its scripts.
process.chdir(process.env["INIT_CWD"] || process.cwd());
await import(entry);
