import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { ObtainOptions } from "../../../packages/core/src/artefacts/index.ts";
import { findPackages, pullPackages, pythonPackages } from "../../../packages/tools/src/index.ts";
import { buildWheel } from "../../core/artefacts/kit.ts";

const signal = () => new AbortController().signal;
const six = "six-1.17.0-py2.py3-none-any.whl";

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "chingu-packages-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const optionsFor = (cacheFolder: string, environment: NodeJS.ProcessEnv = {}): ObtainOptions => ({
  cacheFolder,
  offline: false,
  environment: { ...process.env, ...environment },
  consent: async () => true,
});

/** An index of this folder alone. */
const onlyFrom = (folder: string) => ({ PIP_NO_INDEX: "1", PIP_FIND_LINKS: folder });

test("a package comes from the package index with what it needs, and is found from then on", async () => {
  const cache = await temporaryFolder();
  expect(await findPackages({ cacheFolder: cache }, signal())).toMatchObject({
    files: [],
    missing: [
      { module: "sympy", package: "sympy" },
      { module: "mpmath", package: "mpmath" },
      { module: "dateutil", package: "python-dateutil" },
      { module: "six", package: "six" },
      { module: "tzdata", package: "tzdata" },
      { module: "numpy", package: "numpy" },
    ],
  });

  const pulled = await pullPackages(["python-dateutil"], optionsFor(cache), signal());

  expect(pulled.map(({ kind, name }) => `${name} ${kind}`)).toEqual(["python-dateutil ready", "six ready"]);
  const { files } = await findPackages({ cacheFolder: cache }, signal());
  expect(files).toMatchObject([
    { name: "python-dateutil 2.9.0.post0", modules: ["dateutil"] },
    { name: "six 1.17.0", modules: ["six"], path: join(cache, six) },
  ]);
}, 60_000);

test("a wheel with other bytes than the pinned ones is not taken, whatever its name", async () => {
  const [cache, index] = [await temporaryFolder(), await temporaryFolder()];
  await buildWheel(index, "six", "1.17.0", Buffer.from("not six"));

  const [pulled] = await pullPackages(["six"], optionsFor(cache, onlyFrom(index)), signal());

  expect(pulled).toMatchObject({ kind: "failed", failure: { code: "download_failed" } });
  expect((await findPackages({ cacheFolder: cache }, signal())).files).toEqual([]);
  expect(await readdir(cache)).toEqual([]);
}, 60_000);

test("a wheel that was damaged counts as missing, and the next pull brings it whole again", async () => {
  const [cache, index] = [await temporaryFolder(), await temporaryFolder()];
  await pullPackages(["six"], optionsFor(cache), signal());
  await copyFile(join(cache, six), join(index, six));
  const whole = await readFile(join(cache, six));
  const damaged = Buffer.from(whole);
  damaged.write("damage", 5_000);
  await writeFile(join(cache, six), damaged);

  expect((await findPackages({ cacheFolder: cache }, signal())).missing).toContainEqual({
    module: "six",
    package: "six",
  });
  await pullPackages(["six"], optionsFor(cache, onlyFrom(index)), signal());

  expect(await readFile(join(cache, six))).toEqual(whole);
}, 60_000);

test("a package that lacks what it needs is missing: pulling it brings the rest", async () => {
  const cache = await temporaryFolder();
  await pullPackages(["python-dateutil"], optionsFor(cache), signal());
  await rm(join(cache, six));

  const { files, missing } = await findPackages({ cacheFolder: cache }, signal());

  expect(files).toEqual([]);
  expect(missing).toContainEqual({ module: "dateutil", package: "python-dateutil" });
}, 60_000);

test("numpy is the build that the installed Pyodide pins, from where its own loader would take it", async () => {
  const numpy = (await pythonPackages()).find(({ name }) => name === "numpy");
  expect(numpy).toMatchObject({
    version: expect.stringMatching(/^\d+\.\d+/),
    usual: false,
    artefact: {
      file: expect.stringMatching(/^numpy-.*wasm32\.whl$/),
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      sources: [{ kind: "url", url: expect.stringMatching(/^https:\/\/.*\/v[\d.]+\/.*wasm32\.whl$/) }],
    },
  });
});

test("a folder of wheels takes the place of the packages with the same modules; what is no wheel in it is passed over", async () => {
  const [cache, wheelFolder] = [await temporaryFolder(), await temporaryFolder()];
  await buildWheel(wheelFolder, "six", "9.9", Buffer.from("data"));
  await writeFile(join(wheelFolder, "broken-1.0-py3-none-any.whl"), "not a zip file");
  await writeFile(join(wheelFolder, "notes.txt"), "");

  const { files, missing } = await findPackages({ cacheFolder: cache, wheelFolder }, signal());

  expect(files).toEqual([
    {
      name: "six 9.9",
      modules: ["six"],
      path: join(wheelFolder, "six-9.9-py3-none-any.whl"),
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    },
  ]);
  expect(missing.map(({ module }) => module)).toEqual(["sympy", "mpmath", "dateutil", "tzdata", "numpy"]);
});
