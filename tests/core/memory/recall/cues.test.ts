import { describe, expect, test } from "vitest";
import { minuteAt, parseDay } from "../../../../packages/core/src/memory/recall/calendar.ts";
import { cuesOf } from "../../../../packages/core/src/memory/recall/cues.ts";

const zone = "Asia/Seoul";
// A Saturday, at one in the morning in Seoul: in London it is still Friday.
const now = Date.parse("2026-11-20T16:00:00Z");

/** The days a question speaks of, first and last, on the clock of Seoul. */
const daysIn = (query: string) =>
  cuesOf(query, { now, zone }).times.map(({ from, to }) =>
    [from, to - 1].map((instant) => minuteAt(instant, zone).slice(0, 10)).join(" to "),
  );

describe("the time a question speaks of", () => {
  test.each([
    ["what did I say yesterday?", "2026-11-20 to 2026-11-20"],
    ["어제 뭐라고 했지?", "2026-11-20 to 2026-11-20"],
    ["오늘 한 얘기", "2026-11-21 to 2026-11-21"],
    ["그저께 정한 이름", "2026-11-19 to 2026-11-19"],
    ["the plan of the day before yesterday", "2026-11-19 to 2026-11-19"],
    ["what we planned last week", "2026-11-09 to 2026-11-15"],
    ["지난주 회의", "2026-11-09 to 2026-11-15"],
    ["이번 주 회의", "2026-11-16 to 2026-11-22"],
    ["지난달에 산 책", "2026-10-01 to 2026-10-31"],
    ["the trip last month", "2026-10-01 to 2026-10-31"],
    ["작년 여행", "2025-01-01 to 2025-12-31"],
    ["3 days ago", "2026-11-18 to 2026-11-18"],
    ["two weeks ago", "2026-11-02 to 2026-11-08"],
    ["3일 전에 말한 것", "2026-11-18 to 2026-11-18"],
    ["2주 전 회의", "2026-11-02 to 2026-11-08"],
    ["7월에 간 식당", "2026-07-01 to 2026-07-31"],
    ["12월에 간 식당", "2025-12-01 to 2025-12-31"],
    ["2024년 3월 5일 회의", "2024-03-05 to 2024-03-05"],
    ["the restaurant in May", "2026-05-01 to 2026-05-31"],
    ["in December we met", "2025-12-01 to 2025-12-31"],
    ["on May 8th, 2023", "2023-05-08 to 2023-05-08"],
    ["the talk of 8 May 2023", "2023-05-08 to 2023-05-08"],
    ["June 2024 in Busan", "2024-06-01 to 2024-06-30"],
    ["since 2024", "2024-01-01 to 2024-12-31"],
    ["2023년에 산 차", "2023-01-01 to 2023-12-31"],
    ["2026-02-28 기록", "2026-02-28 to 2026-02-28"],
    ["last Friday", "2026-11-20 to 2026-11-20"],
    ["on Saturday", "2026-11-14 to 2026-11-14"],
    ["월요일에 정한 것", "2026-11-16 to 2026-11-16"],
  ])("%s is %s", (query, days) => {
    expect(daysIn(query)).toEqual([days]);
  });

  test("words that only look like a time are none", () => {
    for (const query of ["you may march on", "2000 units of it", "7월드컵", "한 달에 얼마", "13월", "it is not now"]) {
      expect(daysIn(query)).toEqual([]);
    }
  });
});

describe("whose words a question looks for", () => {
  const roleIn = (query: string) => cuesOf(query, { now, zone, names: { user: ["하늘"], assistant: ["Chingu"] } }).role;

  test.each([
    ["what did I say about the budget?", "user"],
    ["the book I mentioned", "user"],
    ["내가 말한 책", "user"],
    ["제가 뭐라고 했죠?", "user"],
    ["하늘 생일", "user"],
    ["what did you recommend?", "assistant"],
    ["the place you suggested to me", "assistant"],
    ["네가 추천한 식당", "assistant"],
    ["what chingu proposed", "assistant"],
    ["what did you say that I should do?", "assistant"],
  ])("%s: the %s's", (query, role) => {
    expect(roleIn(query)).toBe(role);
  });

  test("a question that names nobody looks for everybody's", () => {
    for (const query of ["budget of the trip", "회식 장소", "안내 문구"]) expect(roleIn(query)).toBeUndefined();
  });
});

describe("days as people write them", () => {
  test("a day and a month are spans on the user's clock", () => {
    expect(parseDay("2026-05-08", "Asia/Seoul")).toEqual({
      from: Date.parse("2026-05-07T15:00:00Z"),
      to: Date.parse("2026-05-08T15:00:00Z"),
    });
    expect(parseDay("2026-02", "UTC")).toEqual({ from: Date.parse("2026-02-01"), to: Date.parse("2026-03-01") });
  });

  test("the day on which clocks change has its own length", () => {
    const day = parseDay("2026-03-08", "America/New_York");
    expect((day?.to ?? 0) - (day?.from ?? 0)).toBe(23 * 3_600_000);
  });

  test("what is no day is nothing", () => {
    for (const text of ["", "tomorrow", "2026-13-01", "2026-02-30", "20260508"]) {
      expect(parseDay(text, "UTC")).toBeUndefined();
    }
  });
});
