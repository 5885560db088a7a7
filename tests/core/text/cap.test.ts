import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { capText, cellWidth, fitCells } from "../../../packages/core/src/text/index.ts";

const note = (bytes: number) => `[… ${bytes} bytes left out …]`;

describe("capText", () => {
  test("leaves a text within the limits as it is", () => {
    expect(capText("한 줄\n두 줄", { bytes: 100, lines: 2 }, note)).toEqual({ text: "한 줄\n두 줄", omittedBytes: 0 });
  });

  test("keeps the first three quarters and the last quarter of the lines", () => {
    const lines = Array.from({ length: 20 }, (_, index) => `줄 ${index}`);
    const { text } = capText(lines.join("\n"), { bytes: 10_000, lines: 8 }, () => "…");
    expect(text.split("\n")).toEqual([...lines.slice(0, 6), "…", ...lines.slice(-2)]);
  });

  test("cuts at a line end that is near, so that no half line is read as a whole one", () => {
    const lines = Array.from({ length: 100 }, (_, index) => `value ${String(index).padStart(3, "0")}`);
    const { text } = capText(lines.join("\n"), { bytes: 400, lines: 1_000 }, () => "…");
    for (const line of text.split("\n")) expect(line).toMatch(/^(value \d{3}|…)$/);
  });

  test("never cuts inside a character", () => {
    const { text } = capText("한글👍".repeat(1_000), { bytes: 101, lines: 10 }, note);
    expect(text).not.toContain("\ufffd");
  });

  test("says how many bytes are missing", () => {
    const whole = "가".repeat(1_000);
    const { text, omittedBytes } = capText(whole, { bytes: 300, lines: 10 }, note);
    const kept = Buffer.byteLength(text) - Buffer.byteLength(`\n${note(omittedBytes)}\n`);
    expect(omittedBytes).toBe(Buffer.byteLength(whole) - kept);
    expect(text).toContain(note(omittedBytes));
  });

  test("holds for any text and any limits: head and tail fit, are the text's own ends, and overlap nowhere", () => {
    const line = fc.string({ unit: fc.constantFrom("a", "한", "é", "👍", " "), maxLength: 30 });
    const text = fc.array(line, { maxLength: 40 }).map((lines) => lines.join("\n"));
    const limits = fc.record({ bytes: fc.integer({ min: 4, max: 300 }), lines: fc.integer({ min: 1, max: 30 }) });
    fc.assert(
      fc.property(text, limits, (whole, limit) => {
        const mark = "\u0001";
        const capped = capText(whole, limit, () => mark);
        if (!capped.text.includes(mark)) {
          expect(capped).toEqual({ text: whole, omittedBytes: 0 });
          expect(Buffer.byteLength(whole)).toBeLessThanOrEqual(limit.bytes);
          expect(whole.split("\n").length).toBeLessThanOrEqual(limit.lines);
          return;
        }
        const [head = "", tail = ""] = capped.text.split(`\n${mark}\n`);
        expect(whole.startsWith(head)).toBe(true);
        expect(whole.endsWith(tail)).toBe(true);
        expect(capped.text.isWellFormed()).toBe(true);
        expect(Buffer.byteLength(head) + Buffer.byteLength(tail)).toBeLessThanOrEqual(limit.bytes + 1);
        // A line that is cut in its middle counts on both sides.
        expect(lineCount(head) + lineCount(tail)).toBeLessThanOrEqual(limit.lines + 1);
        expect(head.length + tail.length).toBeLessThanOrEqual(whole.length);
        expect(capped.omittedBytes).toBe(Buffer.byteLength(whole) - Buffer.byteLength(head) - Buffer.byteLength(tail));
      }),
      { numRuns: 2_000 },
    );
  });
});

const lineCount = (text: string) => (text === "" ? 0 : text.split("\n").length);

describe("fitCells", () => {
  test("counts Hangul as two cells and never splits a syllable", () => {
    expect(fitCells("안녕하세요", 10)).toBe("안녕하세요");
    expect(fitCells("안녕하세요", 9)).toBe("안녕하세…");
    expect(fitCells("한글".normalize("NFD"), 3)).toBe(`${"한".normalize("NFD")}…`);
  });

  test("gives a text that fits, whatever it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 40 }), fc.integer({ min: 1, max: 40 }), (text, cells) => {
        expect(cellWidth(fitCells(text, cells))).toBeLessThanOrEqual(cells);
      }),
    );
  });
});
