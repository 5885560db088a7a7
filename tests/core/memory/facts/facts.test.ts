import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { likeness, maxFactCharacters, readFactText } from "../../../../packages/core/src/memory/facts/fact-text.ts";
import {
  currentFacts,
  findFactId,
  holdsIn,
  shortIds,
  versionsOf,
} from "../../../../packages/core/src/memory/facts/fact-view.ts";
import { type FactsUnderTest, openFacts } from "./support.ts";

let memory: FactsUnderTest;
beforeEach(async () => {
  memory = await openFacts();
});

const source = (seq: number) => ({ thread: "t", seq, role: "user" as const });
const current = async () => currentFacts(await memory.facts.all(), memory.time.now).map(({ text }) => text);

describe("saving", () => {
  test("the same words again, in other case, spacing or marks, are one fact with both sources", async () => {
    const first = await memory.save("나는 탭을  쓴다.", { source: [source(1)] });
    const again = await memory.facts.save({ text: "나는 탭을 쓴다!", source: [source(7)], by: "assistant" });
    expect(again).toEqual({ kind: "known", fact: { ...first, source: [source(1), source(7)] } });
    await memory.facts.save({ text: "나는탭을쓴다", source: [source(7)], by: "assistant" });
    expect(await memory.facts.all()).toEqual([{ ...first, source: [source(1), source(7)] }]);
  });

  test.each([
    ["The lake is 1.5 km away", "The lake is 15 km away"],
    ["-5 degrees is cold", "5 degrees is cold"],
    ["방은 1 5층에 있다", "방은 15층에 있다"],
  ])("%j and %j are two facts", async (one, other) => {
    await memory.facts.save({ text: one, source: [], by: "user" });
    expect(await memory.facts.save({ text: other, source: [], by: "user" })).not.toMatchObject({ kind: "known" });
  });

  test("the same words saved by many at once are one fact", async () => {
    const saves = Array.from({ length: 8 }, (_, n) =>
      memory.facts.save({ text: "the same fact text", source: [source(n + 1)], by: "user" }),
    );
    const kinds = (await Promise.all(saves)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === "saved")).toHaveLength(1);
    expect(await memory.facts.all()).toHaveLength(1);
  });

  test("words that are said again after they were erased, or ended, are a fact again", async () => {
    const seoul = await memory.save("I live in Seoul");
    const busan = await memory.save("I live in Busan", { supersedes: seoul.id });
    await memory.facts.forget(seoul.id, { versions: "this" });
    const again = await memory.save("I live in Seoul", { keepBoth: true });
    expect(await current()).toEqual([busan.text, again.text]);
  });

  test("decomposed Hangul is the same fact as composed", async () => {
    await memory.save("한글을 쓴다".normalize("NFD"));
    expect(await current()).toEqual(["한글을 쓴다".normalize("NFC")]);
    expect((await memory.facts.save({ text: "한글을 쓴다", source: [], by: "user" })).kind).toBe("known");
  });

  test("nearly the same words are not saved, but named, unless both are wanted", async () => {
    const first = await memory.save("The budget of the garden project is 5,000 euros");
    const other = { text: "The budget of the garden project is 6,000 euros", source: [], by: "user" as const };
    expect(await memory.facts.save(other)).toEqual({ kind: "similar", fact: first });
    expect(await current()).toEqual([first.text]);
    expect(await memory.facts.save({ ...other, keepBoth: true })).toMatchObject({ kind: "saved" });
    expect(await current()).toEqual([first.text, other.text]);
  });

  test("words that hold elsewhere are another fact", async () => {
    await memory.save("We use tabs", { scope: { kind: "project", folder: "/a" } });
    await memory.save("We use tabs", { scope: { kind: "project", folder: "/b" } });
    await memory.save("We use tabs", { scope: { kind: "thread", thread: "/a" } });
    expect(await memory.facts.all()).toHaveLength(3);
  });

  test.each([
    ["", "needs words"],
    ["\u200b\u202e \n", "needs words"],
    ["x".repeat(maxFactCharacters + 1), "501 characters"],
  ])("%j is no fact", (text, why) => {
    expect(readFactText(text)).toMatchObject({ kind: "refused", failure: { message: expect.stringContaining(why) } });
  });

  test("what a terminal could be fooled with, or a reader not see, is gone", () => {
    expect(readFactText("likes \u001b[31mtea\u001b[0m\u{e0041}\r\nand\u202e milk")).toEqual({
      kind: "text",
      text: "likes tea and milk",
    });
  });

  test.each([
    "My OpenAI key is sk-proj-abcdefghijklmnopqrstuvwxyz123456",
    "use ghp_0123456789abcdefghijABCDEFGHIJ for GitHub",
    "AWS: AKIAIOSFODNN7EXAMPLE",
    "the database is at postgres://admin:hunter2@db.example/app",
    "-----BEGIN OPENSSH PRIVATE KEY----- b3BlbnNzaC1rZXktdjEAAAAA",
    "my password is hunter2!",
    "내 비밀번호는 Tiger2024! 이야",
    "와이파이 비번: a1b2c3d4",
    "token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc",
    "the card's PIN is 4931",
    "the wifi pw is blueberry99",
    "현관 비번은 4931 이다",
    "카드 번호는 4111 1111 1111 1111",
    "pay with 5500-0000-0000-0004",
    "주민번호 900101-1234567",
    "Q7fZk2LmX9pRt4Wv8YbN3sHd6JgC1uEa is what the service wants",
  ])("a secret is refused without being repeated: %j", async (text) => {
    const outcome = await memory.facts.save({ text, source: [], by: "assistant" });
    expect(outcome).toMatchObject({ kind: "refused", failure: { code: "usage" } });
    expect(JSON.stringify(outcome)).not.toMatch(/hunter2|Tiger|4931|4111|blueberry|1234567|abcdefghij|Q7fZk/);
    expect(await memory.facts.all()).toEqual([]);
  });

  test.each([
    "The password policy is reviewed every quarter",
    "비밀번호는 비밀번호 관리자에 있다",
    "The token limit is 128000 for this model",
    "The repository is https://example.com/team/chingu-terminal-assistant",
    "키는 180cm 이다",
    "order 4111 1111 1111 1112 has arrived",
    "the build id is 20260101123456",
    "call 010-1234-5678 or 02-123-4567",
    "createAuthorizationServerMetadataHandler lives in auth/server.ts",
    "commit 3f786850e387550fdab836ed7e6dc881de23001b broke it",
  ])("what only speaks of one is kept: %j", (text) => {
    expect(readFactText(text).kind).toBe("text");
  });
});

describe("superseding", () => {
  test("the old fact ends, stays visible in the chain, and no longer holds", async () => {
    const first = await memory.save("I live in Seoul", { pinned: true, scope: { kind: "thread", thread: "t" } });
    const second = await memory.save("I live in Busan", { supersedes: first.id });
    const third = await memory.save("I live in Daegu", { supersedes: second.id });
    expect(third).toMatchObject({ pinned: true, scope: first.scope });
    expect(await current()).toEqual(["I live in Daegu"]);
    const all = await memory.facts.all();
    expect(versionsOf(all, second).map(({ text }) => text)).toEqual([first.text, second.text, third.text]);
    expect(all.find(({ id }) => id === first.id)?.validTo).toBe(second.at);
  });

  test("what was said before can be said again later", async () => {
    const seoul = await memory.save("I live in Seoul");
    const busan = await memory.save("I live in Busan", { supersedes: seoul.id });
    await memory.save("I live in Seoul", { supersedes: busan.id });
    expect(await current()).toEqual(["I live in Seoul"]);
  });

  test("a fact that has been superseded is not superseded again: the newest one is named", async () => {
    const first = await memory.save("tea");
    const second = await memory.save("coffee", { supersedes: first.id });
    const outcome = await memory.facts.save({ text: "milk", source: [], by: "user", supersedes: first.id });
    expect(outcome).toMatchObject({ kind: "refused", failure: { hint: expect.stringContaining(second.id) } });
    expect(await current()).toEqual(["coffee"]);
  });

  test("holds also when the program died before the old fact was closed", async () => {
    const first = await memory.save("tea");
    const second = await memory.save("coffee", { supersedes: first.id });
    await memory.store.facts("default").put(first);
    expect(await current()).toEqual(["coffee"]);
    await memory.facts.forget(second.id, { versions: "this" });
    expect(await current()).toEqual([]);
  });
});

describe("holding", () => {
  test("ends at the day given, and begins at once also when the clock goes back", async () => {
    await memory.save("the office is closed", { validTo: new Date(memory.time.now + 1_000).toISOString() });
    expect(await current()).toEqual(["the office is closed"]);
    memory.time.now += 2_000;
    expect(await current()).toEqual([]);
    await memory.save("tea");
    memory.time.now -= 3_600_000;
    expect(await current()).toContain("tea");
  });

  test("facts of other projects and threads do not hold here", () => {
    const here = { project: "/a", thread: "1" };
    expect(holdsIn({ kind: "user" }, {})).toBe(true);
    expect(holdsIn({ kind: "project", folder: "/a" }, here)).toBe(true);
    expect(holdsIn({ kind: "project", folder: "/a/b" }, here)).toBe(false);
    expect(holdsIn({ kind: "thread", thread: "1" }, here)).toBe(true);
    expect(holdsIn({ kind: "thread", thread: "2" }, here)).toBe(false);
  });
});

describe("forgetting", () => {
  test("erases one fact, or it and all that it superseded", async () => {
    const first = await memory.save("tea");
    const second = await memory.save("coffee", { supersedes: first.id });
    expect(await memory.facts.forget(second.id, { versions: "this" })).toEqual([second.id]);
    expect(await current()).toEqual([]);
    const third = await memory.save("milk", { supersedes: first.id });
    expect(await memory.facts.forget(third.id, { versions: "earlier" })).toEqual([first.id, third.id]);
    expect(await memory.facts.all()).toEqual([]);
    expect(await memory.facts.forget(third.id, { versions: "earlier" })).toEqual([]);
  });
});

test("pins are set and taken", async () => {
  const { id } = await memory.save("tea");
  expect(await memory.facts.pin(id, true)).toMatchObject({ id, pinned: true });
  expect(await memory.facts.pin(id, false)).toMatchObject({ id, pinned: false });
  expect(await memory.facts.pin("none", true)).toBeUndefined();
});

test("an id is found by its start or end in either case, and what is unclear is told", () => {
  const ids = ["01M7AAAAAA", "01M7BBBBBB", "01M7CCCAAA"];
  expect(findFactId(ids, "01M7AAAAAA")).toEqual({ kind: "found", id: "01M7AAAAAA" });
  expect(findFactId(ids, "bbbb")).toEqual({ kind: "found", id: "01M7BBBBBB" });
  expect(findFactId(ids, "01m7b")).toEqual({ kind: "found", id: "01M7BBBBBB" });
  expect(findFactId(ids, "01M7")).toEqual({ kind: "unclear", candidates: ids });
  expect(findFactId(ids, "BBBBXB")).toEqual({ kind: "unclear", candidates: ["01M7BBBBBB"] });
  expect(findFactId(ids, "A")).toEqual({ kind: "unclear", candidates: [] });
});

test("every short id leads back to its fact", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.stringMatching(/^[01]{8,12}$/), { minLength: 1, maxLength: 40 }), (ids) => {
      const short = shortIds(ids);
      for (const id of ids) {
        const own = short.get(id) ?? "";
        expect(ids.filter((each) => each === own || each.endsWith(own)).length === 1 || own === id).toBe(true);
        expect(own.length).toBeGreaterThanOrEqual(6);
      }
    }),
  );
});

test("likeness is 1 for the same words, symmetric, and small for other words", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      expect(likeness(a, a)).toBe(1);
      expect(likeness(a, b)).toBe(likeness(b, a));
    }),
  );
  expect(likeness("나는 서울에 산다", "회의는 매주 월요일이다")).toBeLessThan(0.2);
});
