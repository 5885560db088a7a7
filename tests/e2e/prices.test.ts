import { expect, test } from "vitest";
import { freshMachine } from "../kit/cli.ts";

const price = {
  model: "gpt-5-mini",
  known: true,
  input: 0.25,
  cacheRead: 0.025,
  cacheWrite: 0.25,
  output: 2,
  reasoning: 2,
  above: null,
  source: "github.com/Wei-Shaw/model-price-repo, after LiteLLM",
  asOf: "2026-07-24",
};

test("prices are a table with source and date, and say where one's own go", async () => {
  await using machine = await freshMachine();

  const { stdout, stderr, exitCode } = await machine.run(["prices", "gpt-5-mini", "gpt-99"]);

  expect(stdout.trimEnd().split("\n")).toEqual([
    "model                             input   cached  written   output  source",
    "gpt-5-mini                         0.25    0.025     0.25        2  github.com/Wei-Shaw/model-price-repo, after LiteLLM, 2026-07-24",
    "gpt-99                         unknown",
  ]);
  expect(stderr).toBe(
    `US dollars per million tokens. Your own prices go into ${machine.home}/.config/chingu/prices.yaml.\n`,
  );
  expect(exitCode).toBe(0);
});

test("prices come as JSON, one array or an object a line", async () => {
  await using machine = await freshMachine();

  const json = await machine.run(["prices", "gpt-5-mini", "--output", "json"]);
  expect(JSON.parse(json.stdout)).toEqual([price]);
  const jsonl = await machine.run(["prices", "gemini-3", "--output", "jsonl", "--quiet"]);
  const rows = jsonl.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(rows.length).toBeGreaterThan(1);
  expect(rows.every(({ model }) => model.includes("gemini-3"))).toBe(true);
  expect(jsonl.stderr).toBe("");
});

test("a user's own prices come first", async () => {
  await using machine = await freshMachine();
  const file = await machine.write(
    "home/.config/chingu/prices.yaml",
    "prices:\n  gpt-5-mini: { input: 9, output: 9 }\n",
  );

  const { stdout } = await machine.run(["prices", "gpt-5-mini", "--output", "json"]);

  expect(JSON.parse(stdout)).toMatchObject([{ model: "gpt-5-mini", input: 9, output: 9, source: file, asOf: null }]);
});

test("a price file that cannot be read ends with its name, its key and exit code 2", async () => {
  await using machine = await freshMachine();
  const file = await machine.write("home/.config/chingu/prices.yaml", "prices:\n  mine: { input: 9 }\n");

  const { stdout, stderr, exitCode } = await machine.run(["prices"]);

  expect(stdout).toBe("");
  expect(stderr).toContain(`The prices in ${file} cannot be read: prices.mine.output: `);
  expect(exitCode).toBe(2);
});
