import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { findSnapshot, snapshotKey } from "../../../packages/tools/src/program/snapshot.ts";
import { startPrograms } from "./harness.ts";

const folder = mkdtempSync(join(tmpdir(), "chingu-snapshots-"));
// One zone for all: a snapshot of another would be another snapshot.
const options = { snapshotFolder: folder, timeZone: "Asia/Seoul" };
const snapshots = () => readdirSync(folder).filter((name) => name.endsWith(".snapshot"));
const pathOf = (name = snapshots()[0] ?? "") => join(folder, name);

/** Makes the snapshot unless a right one is there. */
async function keep(): Promise<boolean> {
  const programs = startPrograms(options);
  const kept = await programs.keepSnapshot();
  await programs.close();
  return kept;
}

/** As a command does that runs one program and ends with its answer. */
async function answerOnce(): Promise<string | undefined> {
  const programs = startPrograms(options);
  const { structured } = await programs.python("x = 6\nx * 7");
  await programs.close();
  return structured.value?.repr;
}

const kept = join(mkdtempSync(join(tmpdir(), "chingu-snapshots-")), "kept");
beforeAll(async () => {
  expect(await keep()).toBe(true);
  copyFileSync(pathOf(), kept);
});
afterAll(() => {
  for (const path of [folder, dirname(kept)]) rmSync(path, { recursive: true, force: true });
});

test("a snapshot is one file that only the user may read, named after what it holds", async () => {
  expect(snapshots()).toHaveLength(1);
  expect(statSync(pathOf()).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(snapshots());
});

test("every start draws other random numbers, and reads the clock in its zone", async () => {
  const draw = async () => {
    const programs = startPrograms(options);
    await programs.keepSnapshot();
    const { structured } = await programs.python("import random, time\n(random.random(), time.localtime(0).tm_hour)");
    await programs.close();
    return z.tuple([z.number(), z.number()]).parse(structured.value?.json);
  };
  const [[first, hour], [second]] = [await draw(), await draw()];
  expect(first).not.toBe(second);
  expect(hour).toBe(9);
});

test.each([
  ["cut short", () => truncateSync(pathOf(), 1_000_000)],
  ["empty", () => truncateSync(pathOf(), 0)],
  [
    "changed in one byte",
    () => {
      const bytes = readFileSync(pathOf());
      bytes[5_000_000] = (bytes[5_000_000] ?? 0) ^ 1;
      writeFileSync(pathOf(), bytes);
    },
  ],
  [
    "of another content under a right name",
    () => {
      // The sum in the name is that of the content, so only loading it shows that it is none.
      const name = snapshots()[0] ?? "";
      const content = Buffer.alloc(2_000_000, "no snapshot");
      const sum = createHash("sha256").update(content).digest("hex");
      rmSync(pathOf(name));
      writeFileSync(join(folder, name.replace(/-[0-9a-f]{64}/, `-${sum}`)), content, { mode: 0o600 });
    },
  ],
])("a snapshot that is %s costs only time, and is thrown away", async (_how, spoil) => {
  const name = snapshots()[0] ?? "";
  spoil();
  expect(await answerOnce()).toBe("42");
  await expect.poll(snapshots, { timeout: 10_000 }).toEqual([]);
  copyFileSync(kept, join(folder, name));
});

test("a snapshot that is gone is made again by the next program, however short its command is", async () => {
  rmSync(pathOf());
  // What a process that was killed while making one leaves behind.
  const left = join(folder, "python-0123456789abcdef.1.part");
  writeFileSync(left, "half");
  utimesSync(left, 0, 0);
  expect(await answerOnce()).toBe("42");
  expect(snapshots()).toHaveLength(1);
  expect(existsSync(left)).toBe(false);
  const sum = createHash("sha256").update(readFileSync(pathOf())).digest("hex");
  expect(pathOf()).toContain(sum);
  expect(statSync(pathOf()).size).toBeGreaterThan(20_000_000);
});

test("a snapshot of another version, zone or package is never taken", async () => {
  const content = { node: "v1", pyodide: "1", timeZone: "UTC", content: "", packages: [] };
  const key = snapshotKey(content);
  for (const other of [{ node: "v2" }, { pyodide: "2" }, { timeZone: "Asia/Seoul" }, { content: "x" }]) {
    expect(snapshotKey({ ...content, ...other })).not.toBe(key);
  }
  const sympy = { name: "sympy 1", sha256: "ab" };
  expect(snapshotKey({ ...content, packages: [sympy] })).not.toBe(key);
  expect(snapshotKey({ ...content, packages: [{ ...sympy, sha256: "cd" }] })).not.toBe(
    snapshotKey({ ...content, packages: [sympy] }),
  );
  expect(await findSnapshot(folder, key)).toBeUndefined();
});

test("a folder that cannot be written costs only time", async () => {
  const file = join(folder, "not-a-folder");
  writeFileSync(file, "");
  const programs = startPrograms({ snapshotFolder: file });
  expect(await programs.keepSnapshot()).toBe(false);
  expect((await programs.python("40 + 2")).structured.value?.repr).toBe("42");
  await programs.close();
});
