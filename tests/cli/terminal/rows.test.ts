import { cellWidth } from "@chingu/core/text";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createRowStream, wrapText } from "../../../packages/cli/src/terminal/stream/rows.ts";

test("rows break at spaces, and inside a word only when it is longer than a row", () => {
  expect(wrapText("one two three", 8)).toEqual(["one two", "three"]);
  expect(wrapText("한국어는 두 칸입니다", 9)).toEqual(["한국어는", "두", "칸입니다"]);
  expect(wrapText("가나다라마", 5)).toEqual(["가나", "다라", "마"]);
  expect(wrapText("a\n\n  b", 8)).toEqual(["a", "", "  b"]);
});

test("a row leaves as soon as nothing can change it, and the open row is what is left", () => {
  const rows = createRowStream(10);
  expect(rows.push("one two")).toEqual([]);
  expect(rows.open()).toBe("one two");
  expect(rows.push("two three")).toEqual(["one twotwo"]);
  expect(rows.open()).toBe("three");
  expect(rows.push("\nnext")).toEqual(["three"]);
  expect(rows.end()).toEqual(["next"]);
  expect(rows.open()).toBe("");
});

const text = fc.string({ unit: fc.constantFrom("a", "bc", " ", "  ", "한", "글", "\n", "\t", ".", "é") });

test("however the text is cut, the rows are those of the whole text and fit the width", () => {
  fc.assert(
    fc.property(
      text.map((one) => `${one}.`),
      fc.integer({ min: 4, max: 12 }),
      fc.array(fc.integer({ min: 1, max: 5 })),
      (whole, width, cuts) => {
        const stream = createRowStream(width);
        const rows: string[] = [];
        let left = whole;
        for (const cut of [...cuts, whole.length]) {
          rows.push(...stream.push(left.slice(0, cut)));
          left = left.slice(cut);
        }
        rows.push(...stream.end());
        for (const row of rows) expect(cellWidth(row)).toBeLessThanOrEqual(width);
        expect(rows.join("").replace(/\s/g, "")).toBe(whole.replace(/\s/g, ""));
        expect(rows).toEqual(wrapText(whole, width));
      },
    ),
  );
});
