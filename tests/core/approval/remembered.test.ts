import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openRememberedRules } from "../../../packages/core/src/approval/remembered.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "chingu-rules-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("a rule is kept for its folder alone, once, in a file only its owner can read", async () => {
  const file = join(folder, "state", "allowed-tools.json");
  const rules = openRememberedRules(file);
  expect(await rules.load("/a")).toEqual({ rules: [] });
  for (const rule of ["files__read", "files__write", "files__read"])
    expect(await rules.save("/a", rule)).toBeUndefined();

  expect(await openRememberedRules(file).load("/a")).toEqual({ rules: ["files__read", "files__write"] });
  expect(await rules.load("/b")).toEqual({ rules: [] });
  expect(await rules.load("constructor")).toEqual({ rules: [] });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(join(folder, "state"))).toEqual(["allowed-tools.json"]);
});

test("processes that remember at the same time lose nothing", async () => {
  const file = join(folder, "shared.json");
  const script = fileURLToPath(new URL("./remember.ts", import.meta.url));
  const names = ["a", "b", "c"];
  await Promise.all(names.map((name) => promisify(execFile)(process.execPath, [script, file, "/p", name, "8"])));
  const { rules } = await openRememberedRules(file).load("/p");
  expect(new Set(rules)).toEqual(new Set(names.flatMap((name) => Array.from({ length: 8 }, (_, n) => `${name}_${n}`))));
});

test("a damaged file allows nothing, says so, and is not overwritten", async () => {
  const file = join(folder, "damaged.json");
  await writeFile(file, '{"/p": ["files__*"');
  const rules = openRememberedRules(file);
  expect(await rules.load("/p")).toMatchObject({ rules: [], failure: { message: expect.stringContaining(file) } });
  expect(await rules.save("/p", "x")).toMatchObject({ message: expect.stringContaining("the rule is not kept") });
  expect(await readFile(file, "utf8")).toBe('{"/p": ["files__*"');
});
