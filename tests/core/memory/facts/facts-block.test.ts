import fc from "fast-check";
import { expect, test } from "vitest";
import { factsBlock } from "../../../../packages/core/src/memory/facts/facts-block.ts";
import type { Fact } from "../../../../packages/core/src/protocol/index.ts";
import { factIn } from "../facts.ts";
import { openFacts } from "./support.ts";

const now = Date.UTC(2026, 5, 1);
const user = { kind: "user" } as const;
const fact = (n: number, text: string, more: Partial<Fact> = {}): Fact => ({
  ...factIn(user, `FACT-${String(n).padStart(6, "0")}`, text),
  at: new Date(Date.UTC(2026, 0, n)).toISOString(),
  ...more,
});
const linesOf = (block = "") => block.split("\n").filter((line) => line.startsWith("- "));

test("nothing is quoted where nothing holds", () => {
  expect(factsBlock([], { now })).toBeUndefined();
  expect(
    factsBlock([fact(1, "x", { scope: { kind: "project", folder: "/b" } })], { now, project: "/a" }),
  ).toBeUndefined();
});

test("pinned facts come first, then the newest; each has the id it is superseded or forgotten by", () => {
  const facts = [fact(1, "one"), fact(2, "two", { pinned: true }), fact(3, "셋")];
  expect(linesOf(factsBlock(facts, { now }))).toEqual([
    '- (000002, user, 2026-01-02, pinned) "two"',
    '- (000003, user, 2026-01-03) "셋"',
    '- (000001, user, 2026-01-01) "one"',
  ]);
});

test("only what holds here and now is quoted", async () => {
  const memory = await openFacts();
  const old = await memory.save("I live in Seoul");
  await memory.save("I live in Busan", { supersedes: old.id });
  await memory.save("the office is closed", { validTo: new Date(memory.time.now + 5).toISOString() });
  await memory.save("we use tabs", { scope: { kind: "project", folder: "/a" } });
  await memory.save("elsewhere", { scope: { kind: "project", folder: "/b" } });
  await memory.save("this thread", { scope: { kind: "thread", thread: "t" } });
  await memory.save("that thread", { scope: { kind: "thread", thread: "u" } });
  const block = factsBlock(await memory.facts.all(), { project: "/a", thread: "t", now: memory.time.now + 1_000 });
  expect(linesOf(block).map((line) => JSON.parse(line.slice(line.indexOf('"'))))).toEqual([
    "this thread",
    "we use tabs",
    "I live in Busan",
  ]);
});

test("at most 1,500 tokens, and a line tells how many are left out and who shows them", () => {
  const facts = Array.from({ length: 100 }, (_, n) => fact(n + 1, `사실 ${n} ${"가".repeat(40)}`));
  const block = factsBlock(facts, { now: now * 2 }) ?? "";
  expect(Buffer.byteLength(block) / 3).toBeLessThanOrEqual(1_500);
  const shown = linesOf(block).length;
  expect(shown).toBeGreaterThan(15);
  expect(block.split("\n").at(-1)).toContain(`${100 - shown} more facts are left out`);
  expect(block).toContain("chingu memory list");
});

test("a pinned fact is never left out for newer ones", () => {
  const many = Array.from({ length: 100 }, (_, n) => fact(n + 2, `fact ${n} ${"x".repeat(100)}`));
  const block = factsBlock([fact(1, "the old one", { pinned: true }), ...many], { now: now * 2 });
  expect(linesOf(block)[0]).toContain("the old one");
});

test("no fact can leave its quotes, and the same facts give the same bytes", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary", maxLength: 120 }), { minLength: 1, maxLength: 12 }), (texts) => {
      const facts = texts.map((text, n) => fact(n + 1, text));
      const block = factsBlock(facts, { now: now * 2 });
      expect(factsBlock(facts.toReversed(), { now: now * 2 + 1_000 })).toBe(block);
      for (const line of linesOf(block)) {
        const quoted = line.slice(line.indexOf('"'));
        expect(texts).toContain(JSON.parse(quoted));
      }
      expect(block?.split("\n").filter((line) => !line.startsWith("- ") && !line.startsWith("["))).toEqual([]);
    }),
  );
});
