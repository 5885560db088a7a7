import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { checkStructure } from "../../scripts/structure.ts";

/** A tree of source files in a folder of its own. */
async function tree(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "chingu-structure-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

test.each([
  ["upwards", "packages/core/src/model/a.ts", "packages/core/src/agent/b.ts", "core-model-looks-down-only"],
  ["sideways", "packages/core/src/memory/a.ts", "packages/core/src/mcp/b.ts", "core-memory-looks-down-only"],
  ["past the ground floor", "packages/tools/src/a.ts", "packages/core/src/agent/b.ts", "tools-use-the-ground-floor"],
  ["past the public face", "packages/cli/src/a.ts", "packages/core/src/agent/b.ts", "cli-uses-public-faces"],
])("an import that looks %s is found", async (_way, from, to, rule) => {
  const path = `${"../".repeat(from.split("/").length - 1)}${to}`;
  const folder = await tree({
    [from]: `import type { B } from "${path}";\nexport type A = B;\n`,
    [to]: "export type B = string;\n",
  });
  const report = await checkStructure(["packages"], folder);
  expect(report.violations).toEqual([`${rule}: ${from} → ${to}`]);
});

test("imports of lower floors are in order", async () => {
  const folder = await tree({
    "packages/core/src/agent/a.ts": 'import type { B } from "../protocol/index.ts";\nexport type A = B;\n',
    "packages/core/src/protocol/index.ts": "export type B = string;\n",
  });
  expect(await checkStructure(["packages"], folder)).toEqual({ modules: 2, violations: [] });
});
