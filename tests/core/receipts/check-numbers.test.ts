import { describe, expect, test } from "vitest";
import { unsupportedNumbers } from "../../../packages/core/src/receipts/check-numbers.ts";

const texts = (answer: string, ...sources: string[]) => unsupportedNumbers(answer, sources).map(({ text }) => text);

describe("a number is supported by", () => {
  test.each([
    ["the same digits", "51개입니다", "(51, 0)"],
    ["itself with other separators", "1,234,567.50원", "1234567.5"],
    ["itself without separators", "1234567", '{"total":"1,234,567"}'],
    ["its neighbour in a list without blanks", "408과 153입니다", "[408,153,255]"],
    ["a longer number that it rounds", "약 3.14입니다", "3.141592653589793"],
    ["a longer number that it rounds to a whole one", "약 3입니다", "2.7182"],
    ["a fraction, as a percentage", "33.3 %입니다", "0.33333333"],
    ["a fraction, in words", "25퍼센트", "0.25"],
    ["the same percentage", "25%", "25"],
    ["itself with 만", "5만 원", "50000"],
    ["itself written with 만", "50,000원", "5만 원"],
    ["itself with a decimal before 억", "1.25억 원", "125000000"],
    ["a longer one that it rounds in 만", "약 123만 명", "1234567"],
    ["the sum of its parts", "3만 5천 원", "35000"],
    ["the sum of its parts with 천만", "1억 2천만 원", "120000000"],
    ["the sum of its parts with a plain end", "2만3,456원", "23456"],
    ["the same sum written otherwise", "35,000원", "3만 5천 원"],
    ["itself in English words", "1.2 million people", "1200000"],
    ["itself with a sign", "-5 or −5", "-5"],
    ["itself in another notation", "1.2e6", "1200000"],
    ["every digit of a very long one", "618970019642690137449562111", "618970019642690137449562111"],
    ["a float that is not quite it", "0.3", "0.30000000000000004"],
    ["digits of a source's identifier", "3번 상자", "box3 = 1"],
    ["any of several sources", "17과 24", "17 상자", "24개"],
  ])("%s: %s ← %s", (_, answer, ...sources) => {
    expect(texts(answer, ...sources)).toEqual([]);
  });
});

describe("a number is not supported by", () => {
  test.each([
    ["nothing", "12.5", []],
    ["another number", "52", ["51"]],
    ["a number it does not round", "3.15", ["3.14159"]],
    ["a shorter one", "3.1416", ["3.14"]],
    ["a fraction that is another percentage", "33.3", ["0.36"]],
    ["a fraction far from its percentage", "12", ["0.5"]],
    ["one ten times as large", "5", ["500000"]],
    ["a part of other digits", "23", ["1234"]],
    ["a long one that differs in its last digit", "618970019642690137449562112", ["618970019642690137449562111"]],
    ["a long one a float would take for it", "1234567890124", ["1234567890123"]],
  ])("%s", (_, number, sources) => {
    for (const answer of [`답은 ${number}입니다`, `답은 ${number}%입니다`, `${number}만 원`]) {
      expect(texts(answer, ...sources)).toEqual([number]);
    }
  });

  test("the parts of a sum when the whole is another", () => {
    expect(texts("3만 6천 원", "35000")).toEqual(["3", "6"]);
  });
});

describe("no claim is made by", () => {
  test.each([
    ["the numbers of a list", "1. 하나\n2. 둘\n  3) 셋"],
    ["the numbers of a list in Markdown", "**1. 하나**\n> 2. 둘\n### 3. 셋\n- 4) 넷"],
    ["digits inside words and identifiers", "utf8, r2d2, x_1, v26, A4"],
    ["versions and addresses", "3.14.2, 192.168.0.1"],
    ["numbers in words", "세 개와 둘"],
  ])("%s", (_, answer) => {
    expect(texts(answer)).toEqual([]);
  });

  test("but a sentence that begins with a number is one", () => {
    expect(texts("12 사과가 있습니다")).toEqual(["12"]);
    expect(texts("합은\n12.\n끝")).toEqual([]);
  });
});

test("each is given with its place, in the order of the answer, as often as it stands there", () => {
  expect(unsupportedNumbers("값은 12.5, 다시 12.5와 7.", ["7"])).toEqual([
    { text: "12.5", start: 3, end: 7 },
    { text: "12.5", start: 12, end: 16 },
  ]);
});

test("a long answer with many sources is checked in no time worth mentioning", () => {
  const numbers = Array.from({ length: 2_000 }, (_, index) => String(index * 7));
  expect(texts(numbers.join(" 그리고 "), numbers.join("\n"))).toEqual([]);
  expect(texts(`${"9".repeat(100_000)}!`)).toHaveLength(1);
  expect(texts("1,".repeat(50_000))).toEqual([]);
});
