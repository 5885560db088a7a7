import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matchesIn, queryTokensOf, shinglesOf, tokensOf } from "../../../packages/core/src/text/tokens.ts";

/** Whether a text has any of what a question looks for. */
const finds = (query: string, text: string) => {
  const tokens = new Set(tokensOf(text));
  return queryTokensOf(query).some(({ term, prefix }) =>
    prefix ? [...tokens].some((token) => token.startsWith(term)) : tokens.has(term),
  );
};
const terms = (query: string) => queryTokensOf(query).map(({ term }) => term);

describe("what is written in another form is the same word", () => {
  test.each([
    ["meetings", "We met; the meeting was long."],
    ["RUNNING", "she runs"],
    ["cafe", "the café at the corner"],
    ["ＡＢＣ", "abc"],
    ["한국어", "한국어".normalize("NFD")],
    ["한국어".normalize("NFD"), "한국어를 배운다"],
    ["useEffect", "useEffect에서 두 번 불린다"],
    ["useEffect에서", "the useEffect hook"],
    ["effect", "useEffect"],
    ["max_steps", "MAX_STEPS = 3"],
    ["steps", "max_steps"],
    ["html", "parseHTMLBody"],
    ["배포계획", "배포 계획을 세웠다"],
    ["회의록이", "회의록을 썼다"],
    ["밥", "아침밥을 먹었다"],
    ["밥", "밥은 먹었니"],
    ["東京", "東京都に行った"],
  ])("%s is found in %s", (query, text) => {
    expect(finds(query, text)).toBe(true);
  });

  test("what only looks alike is not found", () => {
    expect(finds("밥", "법을 지켰다")).toBe(false);
    expect(finds("art", "start the party")).toBe(false);
  });
});

describe("a question looks for what it is about", () => {
  test("English words that only ask are left out", () => {
    expect(terms("What did I say about the budget, and when was it?")).toEqual(["sai", "budget"]);
  });

  test("Korean question words and particles are left out", () => {
    expect(terms("민수가 언제 서울에 왔지?")).toEqual(["민수", "서울", "왔지"]);
    expect(terms("useEffect에서")).toEqual(terms("useEffect"));
  });

  test("one that only asks looks for nothing", () => {
    for (const query of ["", "   ", "what was it?", "그게 뭐였지?", "!!! …", "🎉"]) expect(terms(query)).toEqual([]);
  });

  test("each word counts once", () => {
    expect(terms("budget budget Budgets")).toEqual(["budget"]);
  });
});

test("every word of a text but the ones that only ask is found by itself, whatever the text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const tokens = new Set(tokensOf(text));
      const asked = queryTokensOf(text).filter(({ prefix }) => !prefix);
      expect(asked.filter(({ term }) => !tokens.has(term))).toEqual([]);
    }),
  );
});

test("matches are the words that were looked for, where they stand in the text", () => {
  const shown = (text: string, query: string) =>
    matchesIn(text, queryTokensOf(query)).map(({ start, end }) => text.slice(start, end));
  expect(shown("The budgets of 2026: one budget each.", "budget")).toEqual(["budgets", "budget"]);
  expect(shown("새 배포 계획은 배포계획서에 있다", "배포 계획")).toEqual(["배포", "계획", "배포계획"]);
  expect(shown("밥솥과 아침밥", "밥")).toEqual(["밥", "밥"]);
});

test("texts that differ in case and white space only have the same pairs", () => {
  expect(shinglesOf("The  Plan\nof May")).toEqual(shinglesOf("the plan of may"));
});
