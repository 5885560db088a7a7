import { expect, test } from "vitest";
import { factLine, importFacts } from "../../../../packages/core/src/memory/facts/fact-lines.ts";
import { factIn } from "../facts.ts";
import { namespace, openFacts } from "./support.ts";

async function* of(...lines: string[]): AsyncGenerator<string> {
  yield* lines;
}

const importInto = async (memory: Awaited<ReturnType<typeof openFacts>>, ...lines: string[]) =>
  (
    await Array.fromAsync(importFacts(memory.store.facts(namespace), of(...lines), { now: () => Date.UTC(2026, 0, 3) }))
  ).map((outcome) => (outcome.kind === "refused" ? outcome.failure.message : outcome.kind));

test("exported facts are the same facts in another store, and a second import adds nothing", async () => {
  const [here, there] = [await openFacts(), await openFacts()];
  const old = await here.save("서울에 산다", { source: [{ thread: "t", seq: 3, role: "user" }], pinned: true });
  await here.save("부산에 산다", { supersedes: old.id, validTo: "2030-01-01T00:00:00.000Z" });
  const all = await here.facts.all();
  const lines = all.map(factLine);
  expect(await importInto(there, ...lines, "")).toEqual(["added", "added"]);
  expect(await there.facts.all()).toEqual(all);
  expect(await importInto(there, ...lines)).toEqual(["known", "known"]);
  expect(await there.facts.all()).toEqual(all);
});

test("a line that cannot be used is named by its number, and the others are in", async () => {
  const memory = await openFacts();
  const good = (id: string) => factIn({ kind: "user" }, id, `fact ${id}`);
  const outcomes = await importInto(
    memory,
    factLine(good("1")),
    "{torn",
    JSON.stringify({ ...good("2"), by: "wizard" }),
    factLine({ ...good("3"), validTo: "soon" }),
    factLine({ ...good("3"), validTo: "2027-02-30T00:00:00.000Z" }),
    factLine({ ...good("3"), at: "2026-01-05T00:00:00.000Z" }),
    factLine({ ...good("4"), text: "my password is hunter2!" }),
    factLine(good("5")),
  );
  expect(outcomes).toEqual([
    "added",
    "line 2 was not imported: it is not JSON",
    "line 3 was not imported: it is not a fact (by)",
    "line 4 was not imported: one of its times is none",
    "line 5 was not imported: one of its times is none",
    "line 6 was not imported: it was saved in the future",
    expect.stringMatching(/^line 7 was not imported: .*password/),
    "added",
  ]);
  expect((await memory.facts.all()).map(({ id }) => id)).toEqual(["1", "5"]);
});

test("an import never changes a fact that is there", async () => {
  const memory = await openFacts();
  const fact = await memory.save("mine");
  expect(await importInto(memory, factLine({ ...fact, text: "theirs" }))).toEqual(["known"]);
  expect(await memory.facts.all()).toEqual([fact]);
});

test("what could fool a terminal is gone from imported words", async () => {
  const memory = await openFacts();
  await importInto(memory, factLine(factIn({ kind: "user" }, "1", "tea\u001b[2J\u202e")));
  expect((await memory.facts.all())[0]?.text).toBe("tea");
});
