import { afterAll, beforeAll, expect, test } from "vitest";
import { freshMachine, type Machine } from "../kit/cli.ts";
import { type ModelRequestRecord, startModelServer, text } from "../kit/model-server.ts";

let machine: Machine;
beforeAll(async () => {
  // A model whose window is known, and small.
  machine = await freshMachine({ CHINGU_MODEL: "gpt-3.5-turbo" });
});
afterAll(() => machine[Symbol.asyncDispose]());

const letters = [..."abcdefghijklmnopqrstuvwxyz"];
/** Nothing in it says itself over again. */
const long = `because ${letters.flatMap((a) => letters.map((b) => `${a}${b}${a}word`)).join(" ")}`;
const summary = "## Goal\nfind out why\n## Done\nthe reasons were given";
const isSummary = ({ body }: ModelRequestRecord) => body.messages[0].content.startsWith("You summarise");

test("with memory.summaries off older messages are left out without one, and stderr says so", async () => {
  await using quiet = await freshMachine({ CHINGU_MODEL: "gpt-3.5-turbo" });
  await quiet.write("home/.config/chingu/config.yaml", "memory: { summaries: false }\n");
  await using model = await startModelServer(() => text("I see."), { models: ["gpt-3.5-turbo"] });
  const env = { OPENAI_BASE_URL: model.baseURL };
  let said = "";
  for (let turn = 0; turn < 4; turn++) {
    const { stderr, exitCode } = await quiet.run([`number ${turn}: ${long} ${long}`, "--continue"], { env });
    expect(exitCode).toBe(0);
    said += stderr;
  }
  expect(said).toMatch(/\d earlier messages no longer fit and are left out from here on/);
  expect(model.requests).toHaveLength(4);
  expect(model.requests.some(isSummary)).toBe(false);
});

test("a long conversation goes on with a summary, shows what gave way to it, and takes it back", async () => {
  await using model = await startModelServer((request) => text(isSummary(request) ? summary : long), {
    models: ["gpt-3.5-turbo"],
  });
  const env = { OPENAI_BASE_URL: model.baseURL };
  const terminal = machine.open([], { env });
  const says = (words: string) => terminal.everything().join("\n").includes(words);
  await terminal.until("/help");
  for (let turn = 0; !says("A summary stands for"); turn++) {
    expect(turn).toBeLessThan(20);
    const answered = model.requests.length;
    terminal.send(`why number ${turn}?\r`);
    await terminal.until(() => model.requests.length > answered);
    await terminal.until(() => !terminal.screen().join("\n").includes(`why number ${turn}?`));
    await terminal.until(() => !terminal.screen().join("\n").includes("Esc to stop"));
  }
  await terminal.until(/A summary stands for \d+ earlier messages from here on/);

  terminal.send("/compact show\r");
  await terminal.until("+ the reasons were given");
  expect(terminal.everything()).toContainEqual(expect.stringMatching(/^- 2 assistant: because aaaword/));
  expect(terminal.everything()).toContain("+ find out why");

  terminal.send("/uncompact\r");
  await terminal.until("no longer counts");
  terminal.send("/quit\r");
  expect((await terminal.exited).exitCode).toBe(0);
  terminal.close();

  const asked = model.requests.filter(isSummary).length;
  const { stdout } = await machine.run(["and now?", "--continue", "--output", "jsonl"], { env });
  const events = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(events.at(-1)).toMatchObject({ type: "turn_end", reason: "completed" });
  expect(model.requests.filter(isSummary)).toHaveLength(asked);
  const sent: { content: string }[] = model.requests.at(-1)?.body.messages;
  expect(sent.some(({ content }) => content.includes("find out why"))).toBe(false);
  expect(sent.some(({ content }) => content.includes("why number 0?"))).toBe(true);
});
