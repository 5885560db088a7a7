import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { foldersOf } from "../../../packages/core/src/config/folders.ts";
import { saveSettings } from "../../../packages/core/src/config/save.ts";

let root: string;
let file: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "chingu-save-"));
  file = join(root, "config.yaml");
});
afterEach(() => rm(root, { recursive: true, force: true }));

const modeOf = async (path: string) => (await stat(path)).mode & 0o777;
const model = [{ path: ["model"], value: "a/one" }];

test("a file and its folder are made for their owner alone", async () => {
  const deep = join(root, "not/yet/there/config.yaml");
  await saveSettings(deep, [...model, { path: ["providers", "a"], value: { baseURL: "http://a/v1" } }]);
  expect(await readFile(deep, "utf8")).toBe("model: a/one\nproviders:\n  a:\n    baseURL: http://a/v1\n");
  expect(await modeOf(deep)).toBe(0o600);
  expect(await modeOf(join(root, "not/yet/there"))).toBe(0o700);
});

test("a file that others could read is closed when keys may come into it", async () => {
  await writeFile(file, "maxSteps: 3\n");
  await chmod(file, 0o644);
  await saveSettings(file, model);
  expect(await modeOf(file)).toBe(0o600);
});

test("what else stands in the file stays: order, comments, other providers", async () => {
  await writeFile(file, "# mine\nproviders:\n  b: {baseURL: http://b} # keep\nmaxSteps: 3\n");
  await saveSettings(file, [...model, { path: ["providers", "a"], value: { baseURL: "http://a/v1" } }]);
  const text = await readFile(file, "utf8");
  expect(text).toMatch(
    /^# mine\nproviders:\n {2}b: .*http:\/\/b.* # keep\n {2}a:\n {4}baseURL: http:\/\/a\/v1\nmaxSteps: 3\nmodel: a\/one\n$/,
  );
});

test("a setting that is there is replaced", async () => {
  await writeFile(file, "model: old\n");
  expect(await saveSettings(file, model)).toEqual({ model: "a/one" });
  expect(await readFile(file, "utf8")).toBe("model: a/one\n");
});

test("nothing is written over a file that cannot be understood, nor a setting that cannot be", async () => {
  for (const [text, settings] of [
    ["model: [unclosed\n", model],
    ["modle: misspelt\n", model],
    ["model: fine\n", [{ path: ["maxSteps"], value: -1 }]],
  ] as const) {
    await writeFile(file, text);
    await expect(saveSettings(file, settings)).rejects.toThrow();
    expect(await readFile(file, "utf8")).toBe(text);
  }
  expect(await readdir(root)).toEqual(["config.yaml"]);
});

test("a link to a file kept elsewhere stays a link", async () => {
  await mkdir(join(root, "dotfiles"));
  const kept = join(root, "dotfiles/chingu.yaml");
  await writeFile(kept, "maxSteps: 3\n");
  await symlink(kept, file);
  await saveSettings(file, model);
  expect((await lstat(file)).isSymbolicLink()).toBe(true);
  expect(await readFile(kept, "utf8")).toBe("maxSteps: 3\nmodel: a/one\n");
});

test("folders follow XDG, an empty variable being none, and Windows has its own", () => {
  expect(foldersOf({ XDG_CACHE_HOME: "/cache", XDG_DATA_HOME: "" }, "/home/me", "linux")).toEqual({
    config: "/home/me/.config/chingu",
    data: "/home/me/.local/share/chingu",
    cache: "/cache/chingu",
    state: "/home/me/.local/state/chingu",
  });
  expect(foldersOf({ APPDATA: "/roaming", LOCALAPPDATA: "/local" }, "/home/me", "win32")).toMatchObject({
    config: "/roaming/chingu",
    data: "/local/chingu",
  });
});
