import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { startChild } from "../../../packages/tools/src/program/child.ts";

/** A child that runs `script` for its one call: `say(frame)` writes a frame, `id` is the request's. */
function startLiar(script: string) {
  const main = `
    const say = (frame) => process.stdout.write(JSON.stringify(frame) + "\\n");
    say({ kind: "ready", engine: "liar" });
    let asked = 0;
    require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
      if (asked++ === 0) return;
      const { id } = JSON.parse(line);
      ${script}
    });
  `;
  return startChild({ command: process.execPath, args: ["-e", main], env: {} }, {});
}

const options = { timeoutMs: 20_000, residentBytes: 2 ** 30, signal: new AbortController().signal };

test.each([
  ["says what is no frame", 'process.stdout.write("hello\\n");', "died"],
  ["answers another request", 'say({ kind: "result", id: "1", result: 666 });', "died"],
  ["says again that it is ready", 'say({ kind: "ready", engine: "evil" });', "died"],
  ["answers without end", 'const more = () => process.stdout.write("x".repeat(65536), more); more();', "died"],
  [
    "prints without end",
    'const out = JSON.stringify({ kind: "output", id, stream: "stdout", text: "x".repeat(60000) }) + "\\n"; const more = () => process.stdout.write(out, more); more();',
    "output",
  ],
  ["ends", "process.exit(0);", "died"],
])("a child that %s is ended, and the call says why", async (_what, script, reason) => {
  const child = startLiar(script);
  await child.ready;
  expect(await child.call({}, options)).toMatchObject({ kind: "stopped", reason });
  expect(child.alive).toBe(false);
});

test("only the first of two answers counts, and the child that gave two is ended", async () => {
  const child = startLiar(
    'say({ kind: "result", id, result: 1 }); setTimeout(() => say({ kind: "result", id, result: 2 }), 20);',
  );
  await child.ready;
  expect(await child.call({}, options)).toMatchObject({ kind: "result", result: 1 });
  await expect.poll(() => child.alive).toBe(false);
});

test("a call that waits until the child has answered for the last one keeps the process alive", async () => {
  const child = `
    const say = (frame) => console.log(JSON.stringify(frame));
    say({ kind: "ready", engine: "slow" });
    let asked = 0;
    require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
      if (asked++ === 0) return;
      const { id, ping } = JSON.parse(line);
      if (ping === undefined) say({ kind: "result", id, result: asked });
      else setTimeout(() => say({ kind: "pong", id: ping }), 200);
    });`;
  const main = `
    import { startChild } from ${JSON.stringify(new URL("../../../packages/tools/src/program/child.ts", import.meta.url).href)};
    const command = { command: process.execPath, args: ["-e", ${JSON.stringify(child)}], env: {} };
    const child = startChild(command, {}, { pings: true });
    await child.ready;
    const call = () => child.call({}, { timeoutMs: 20_000, residentBytes: 2 ** 30, signal: new AbortController().signal });
    await call();
    console.log((await call()).kind);
    child.kill();`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", main]);
  expect(stdout).toBe("result\n");
});
