import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { startPrograms } from "./harness.ts";

/** A zip of one file, not compressed: all that a wheel needs to be imported. */
function zipOf(name: string, content: string): Buffer {
  const data = Buffer.from(content);
  const head = Buffer.alloc(26);
  head.writeUInt16LE(20, 0);
  head.writeUInt16LE(0x21, 8);
  head.writeUInt32LE(crc32(data), 10);
  head.writeUInt32LE(data.length, 14);
  head.writeUInt32LE(data.length, 18);
  head.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from("PK\x03\x04"), head, Buffer.from(name), data]);
  const entry = Buffer.concat([Buffer.from("PK\x01\x02\x14\x00"), head, Buffer.alloc(14), Buffer.from(name)]);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(1, 4);
  end.writeUInt16LE(1, 6);
  end.writeUInt32LE(entry.length, 8);
  end.writeUInt32LE(local.length, 12);
  return Buffer.concat([local, entry, Buffer.from("PK\x05\x06"), end]);
}

const folder = mkdtempSync(join(tmpdir(), "chingu-wheels-"));
const path = join(folder, "cats-1.0-py3-none-any.whl");
writeFileSync(path, zipOf("cats/__init__.py", "paws = 4\n"));
const installed = { name: "cats 1.0", modules: ["cats"], path, sha256: "00" };
let files = [installed];
const programs = startPrograms({
  snapshotFolder: folder,
  packages: async () => ({
    files,
    missing: [
      { module: "numpy", package: "numpy" },
      { module: "dateutil", package: "python-dateutil" },
    ],
  }),
});
afterAll(async () => {
  await programs.close();
  rmSync(folder, { recursive: true, force: true });
});

test("a program imports the packages of this machine", async () => {
  expect((await programs.python("import cats\ncats.paws")).structured.value?.repr).toBe("4");
});

test.each([
  ["a known package", "import dateutil.parser", "chingu packages pull python-dateutil"],
  ["an unknown one", "import dogs", "installed are cats 1.0 and the standard library"],
  ["numpy, when it is used", "import numpy as np\nx = 1\nnp.array([1])", "chingu packages pull numpy"],
  ["a part of numpy, when it is used", "from numpy.linalg import inv", "chingu packages pull numpy"],
])("%s that is missing is an error that says what to do", async (_which, code, advice) => {
  const { structured } = await programs.python(code);
  expect(structured.error?.type).toBe("ModuleNotFoundError");
  expect(structured.error?.message).toContain(advice);
});

test("numpy may be imported and never used", async () => {
  expect((await programs.python("import numpy as np\n40 + 2", { thread: "habit" })).structured.value?.repr).toBe("42");
});

test("a package that came meanwhile is found by the next program after one that missed it", async () => {
  files = [];
  await programs.python("import cats", { thread: "late", fresh: true });
  await programs.python("import dogs", { thread: "late" });
  expect((await programs.python("import cats", { thread: "late" })).isError).toBe(true);
  // The user may take longer to get it than the model to go on.
  expect((await programs.python("1", { thread: "late" })).isError).toBe(false);
  files = [installed];
  const { structured } = await programs.python("import cats\ncats.paws", { thread: "late" });
  expect(structured).toMatchObject({ value: { repr: "4" }, session: { state: "lost" } });
  expect(structured.session.lost_because).toBe("the installed packages changed");
});

test("loading a package is not charged to the program", async () => {
  const slow = join(folder, "slow-1.0-py3-none-any.whl");
  const seconds = "import time\nend = time.monotonic() + 2\nwhile time.monotonic() < end: pass\npaws = 4\n";
  writeFileSync(slow, zipOf("slow/__init__.py", seconds));
  const other = startPrograms({
    packages: async () => ({ files: [{ name: "slow 1.0", modules: ["slow"], path: slow, sha256: "01" }], missing: [] }),
  });
  const { structured } = await other.python("import slow\nslow.paws", { timeoutMs: 1_000 });
  await other.close();
  expect(structured.value?.repr).toBe("4");
});

test("a time zone without tzdata is an error that says how to get it", async () => {
  const other = startPrograms({
    packages: async () => ({ files: [], missing: [{ module: "tzdata", package: "tzdata" }] }),
  });
  const { structured } = await other.python("import zoneinfo\nzoneinfo.ZoneInfo('Asia/Seoul')");
  await other.close();
  expect(structured.error?.message).toContain("chingu packages pull tzdata");
});

test("a program in a code fence is run without it, and an async solution is awaited", async () => {
  const code = "```python\nasync def solution():\n    return 41 + 1\n```";
  expect((await programs.python(code, { thread: "fence" })).structured.value?.repr).toBe("42");
});
