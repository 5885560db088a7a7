import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { named } from "../../../proof/attacks-program/ends.ts";
import {
  javascriptBombs,
  javascriptEscapes,
  javascriptPoisons,
} from "../../../proof/attacks-program/javascript-cases.ts";
import { startPrograms } from "../../tools/program/harness.ts";

const secret = "the canary sings 7261";
const folder = mkdtempSync(join(tmpdir(), "chingu-canary-"));
const secretFile = join(folder, "secret.txt");
const connections: string[] = [];
const server = createServer((socket) => {
  connections.push("touched");
  socket.destroy();
});
let port = 0;
const programs = startPrograms();

beforeAll(async () => {
  vi.stubEnv("CANARY", secret);
  writeFileSync(secretFile, secret);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as { port: number }).port;
});
afterAll(async () => {
  await programs.close();
  server.close();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const nextIsRight = async () =>
  expect((await programs.javascript("[1, 2].map((x) => x * 21)[1]")).structured.value?.repr).toBe("42");

test.each(javascriptEscapes)("$name reaches nothing outside, and the next call is right", async ({ code }) => {
  const aimed = code.replaceAll("SECRET_FILE", secretFile).replaceAll("PORT", String(port));
  const { content, structured } = await programs.javascript(aimed, { timeoutMs: 3_000 });
  const said = content + JSON.stringify(structured);
  expect(said).not.toContain(secret);
  expect(said).not.toContain("javascript-child");
  expect(readdirSync(folder)).toEqual(["secret.txt"]);
  expect(connections).toEqual([]);
  await nextIsRight();
});

/** One of each way to end; the proof `attacks-program` tries them all. */
const sample = [
  "a loop that catches everything",
  "a loop of promises",
  "timers that set timers",
  "a regular expression",
  "an error whose message loops",
  "an array that grows",
  "objects linked without end",
  "a filled array",
  "recursion",
  "recursion through a proxy",
  "deep JSON to read",
  "deep brackets for eval",
  "deep brackets in the program",
  "a join of a sparse array",
  "a power of a BigInt",
  "an error of ten megabytes",
  "printing without end",
];

test.each(javascriptBombs.filter(({ name }) => sample.includes(name)))(
  "$name ends, and the next call is right",
  async ({ code, ends }) => {
    // A slow machine needs its time to reach the other limits.
    const timeoutMs = named(ends).includes("time") ? 500 : 10_000;
    const { structured, isError } = await programs.javascript(code, { timeoutMs });
    expect(isError).toBe(true);
    expect(named(ends)).toContain(structured.limit ?? "itself");
    await nextIsRight();
  },
);

test.each(javascriptPoisons)("changing $name does not spoil the next result", async ({ code }) => {
  await programs.javascript(code, { thread: "poisoned", fresh: true });
  const { structured } = await programs.javascript("({ a: ['x', 1 + 1] })", { thread: "poisoned" });
  expect(structured.value).toMatchObject({ repr: "{a: ['x', 2]}", json: { a: ["x", 2] } });
});
