import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeEach, expect, test } from "vitest";
import { startChild } from "../../../packages/tools/src/program/child.ts";
import { childEntry } from "../../../packages/tools/src/program/child-entry.ts";
import { bubblewrapped } from "../../../packages/tools/src/program/confine.ts";
import { startPrograms } from "../../tools/program/harness.ts";

// Where the system lets nobody make namespaces each of these is reported as skipped, by name and with the reason.
beforeEach(({ skip }) => {
  const { status } = spawnSync("bwrap", ["--unshare-all", "--ro-bind", "/", "/", "true"], { timeout: 30_000 });
  if (status !== 0) skip("bubblewrap is not installed here, or may not make namespaces.");
});

const snapshotFolder = mkdtempSync(join(tmpdir(), "chingu-wrapped-"));
const timeZone = "Asia/Seoul";
const programs = startPrograms({ snapshotFolder, timeZone, bubblewrap: "bwrap" });
afterAll(async () => {
  await programs.close();
  rmSync(snapshotFolder, { recursive: true, force: true });
});

/** The command lines of all processes that run under bubblewrap and hold `word`. */
function wrapped(word: string): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        return line.startsWith("bwrap ") && line.includes(word) ? [line] : [];
      } catch {
        return [];
      }
    });
}

test("each tool works inside bubblewrap, Python from a snapshot too", async () => {
  expect(await programs.keepSnapshot()).toBe(true);
  const python = await programs.python("import time\ntime.timezone");
  expect(python.structured.value?.repr).toBe("-32400");
  expect((await programs.javascript("[1, 2].map((x) => x * 21)[1]")).structured.value?.repr).toBe("42");
  expect((await programs.calculate("1/3 + 1/7")).structured.exact).toBe("10/21");
  expect(wrapped(snapshotFolder)).not.toEqual([]);
  for (const child of ["javascript-child", "math-child"]) expect(wrapped(child)).not.toEqual([]);
});

test.each([
  ["is interrupted and keeps its names", "while True: pass", "kept", "1"],
  ["is killed when it hears no interrupt, and starts anew", "sum(range(10**12))", "1 + 1", "2"],
])("inside bubblewrap a program over its time %s", async (_what, code, next, repr) => {
  await programs.python("kept = 1");
  expect((await programs.python(code, { timeoutMs: 500 })).structured.limit).toBe("time");
  expect((await programs.python(next)).structured.value?.repr).toBe(repr);
});

test("a child that is ended while bubblewrap still starts leaves no process behind", async () => {
  const mark = `Etc/Mark-${process.pid}`;
  const command = bubblewrapped("bwrap", childEntry("math"), { node: process.execPath, timeZone: mark });
  for (let ms = 0; ms < 60; ms++) {
    const child = startChild(command, {});
    await delay(ms);
    child.kill();
  }
  await expect.poll(() => wrapped(mark).length, { timeout: 10_000 }).toBe(0);
});
