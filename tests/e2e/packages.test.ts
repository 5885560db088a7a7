import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { buildWheel } from "../core/artefacts/kit.ts";
import { freshMachine, type Machine } from "../kit/cli.ts";
import { startModelServer, text, toolCall } from "../kit/model-server.ts";

const cacheOf = (machine: Machine) => join(machine.home, ".cache/chingu/artefacts");

test("packages lists what programs may import and whether it is here", async () => {
  await using machine = await freshMachine();
  const told = await machine.run(["packages"]);
  expect(told).toMatchObject({ stderr: "", exitCode: 0 });
  expect(told.stdout).toMatch(/^sympy +1\.14\.0 +6\.3 MB, BSD-3-Clause, not downloaded\n/);
  const rows = JSON.parse((await machine.run(["packages", "list", "--output", "json"])).stdout);
  expect(rows.map(({ name, state }: { name: string; state: string }) => [name, state])).toEqual([
    ["sympy", "absent"],
    ["mpmath", "absent"],
    ["python-dateutil", "absent"],
    ["six", "absent"],
    ["tzdata", "absent"],
    ["numpy", "absent"],
  ]);
});

test("packages pull does nothing offline: exit 5 with the way out", async () => {
  await using machine = await freshMachine();
  const offline = await machine.run(["packages", "pull"], { env: { CHINGU_OFFLINE: "1", CHINGU_DOWNLOAD: "1" } });
  expect(offline).toMatchObject({ stdout: "", exitCode: 5 });
  expect(offline.stderr).toMatch(/^error: [^\n]*sympy 1\.14\.0[^\n]*\n {2}[^\n]*CHINGU_OFFLINE[^\n]*\n$/);
});

test("packages pull fetches what is named without a question, and once what two processes want; rm asks, and --yes answers", async () => {
  await using machine = await freshMachine();
  const both = await Promise.all([
    machine.run(["packages", "pull", "six", "--quiet"]),
    machine.run(["packages", "pull", "six", "--quiet"]),
  ]);
  const file = join(cacheOf(machine), "six-1.17.0-py2.py3-none-any.whl");
  for (const told of both) expect(told).toMatchObject({ stdout: `${file}\n`, stderr: "", exitCode: 0 });
  expect((await readdir(cacheOf(machine))).filter((name) => !name.endsWith(".verified"))).toHaveLength(1);

  const asked = await machine.run(["packages", "rm", "six"]);
  expect(asked).toMatchObject({
    stderr: "error: six was not removed\n  --yes removes it without asking\n",
    exitCode: 2,
  });
  const good = await readFile(file);
  for (const damaged of [good.subarray(1), good.toReversed()]) {
    await writeFile(file, damaged);
    expect((await machine.run(["packages"])).stdout).toMatch(/six .*, damaged: pull it again/);
  }
  expect((await machine.run(["packages", "pull", "six", "--yes", "--quiet"])).exitCode).toBe(0);
  expect(await readFile(file)).toEqual(good);

  const removed = await machine.run(["packages", "rm", "six", "--yes", "--output", "json"]);
  expect(JSON.parse(removed.stdout)).toMatchObject([{ name: "six" }]);
  expect((await machine.run(["packages"])).stdout).toMatch(/six .*not downloaded/);
});

test("a package nobody knows is a usage error that names those there are", async () => {
  await using machine = await freshMachine();
  const unknown = await machine.run(["packages", "pull", "torch", "--yes"]);
  expect(unknown).toMatchObject({ stdout: "", exitCode: 2 });
  expect(unknown.stderr).toMatch(/there is no Python package "torch"[^\n]*\n[^\n]*sympy, mpmath/);
  // Who misses `dateutil` need not know what its package is called.
  const byModule = await machine.run(["packages", "rm", "dateutil", "--yes", "--output", "json"]);
  expect(JSON.parse(byModule.stdout)).toEqual([{ name: "python-dateutil", freed: 0 }]);
});

test("no way to the package index is one sentence with the way out, exit 5", async () => {
  await using machine = await freshMachine({ PIP_NO_INDEX: "1", PIP_FIND_LINKS: "/nonexistent" });
  const { stdout, stderr, exitCode } = await machine.run(["packages", "pull", "six", "--yes", "--quiet"]);
  expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 5 });
  expect(stderr).toMatch(
    /^error: six 1\.17\.0 [^\n]*could not be fetched\. Python package index: [^\n]*\n {2}[^\n]*pip[^\n]*\n$/,
  );
});

const leapDay = `from datetime import date
from dateutil.relativedelta import relativedelta
(date(2024, 1, 31) + relativedelta(months=1)).isoformat()`;

test("a program that misses a package is told the command that gets it; once agreed to, packages come at the first need", async () => {
  await using model = await startModelServer([
    toolCall("run_python", { code: leapDay }),
    text("모르겠습니다."),
    toolCall("run_python", { code: leapDay }),
    text("2024-02-29입니다."),
  ]);
  await using machine = await freshMachine({ OPENAI_BASE_URL: model.baseURL, CHINGU_MODEL: "test-model" });

  await machine.run(["한 달 뒤는?"]);
  expect(toolResultIn(model.requests[1])).toContain("chingu packages pull python-dateutil");
  expect(await readdir(cacheOf(machine)).catch(() => [])).toEqual([]);

  const { stdout, stderr } = await machine.run(["한 달 뒤는?"], { env: { CHINGU_DOWNLOAD: "1" } });
  expect(toolResultIn(model.requests[3])).toContain("2024-02-29");
  expect(stdout).toContain("2024-02-29");
  expect(stderr).toContain("sympy 1.14.0");
});

test("programs import from a folder of wheels of one's own; one that cannot be read is a usage error", async () => {
  await using model = await startModelServer([
    toolCall("run_python", { code: "import tiny_tools\ntiny_tools.__name__" }),
    text("됩니다."),
  ]);
  await using machine = await freshMachine({ OPENAI_BASE_URL: model.baseURL, CHINGU_MODEL: "test-model" });
  const folder = join(machine.home, "wheels");
  await mkdir(folder);
  await buildWheel(folder, "tiny_tools", "1.2.3", Buffer.from("data"));
  await machine.write("home/.config/chingu/config.yaml", "tools: {python: {packages: ~/wheels}}\n");

  await machine.run(["되나?"]);
  expect(toolResultIn(model.requests[1])).toContain("Value: 'tiny_tools'");
  expect((await machine.run(["packages"])).stderr).toBe(`the wheels in ${folder} come before these\n`);

  const wrong = await machine.run(["되나?"], { env: { CHINGU_TOOLS_PYTHON_PACKAGES: "/nowhere" } });
  expect(wrong).toMatchObject({ stdout: "", exitCode: 2 });
  expect(wrong.stderr).toContain("/nowhere cannot be read (ENOENT)");
});

function toolResultIn(request: { readonly body: { readonly messages: readonly { content: string }[] } } | undefined) {
  return request?.body.messages.at(-1)?.content;
}
