import { cellWidth } from "@chingu/core/text";
import fc from "fast-check";
import { expect, test } from "vitest";
import { editorOf } from "../../../packages/cli/src/terminal/input/editor.ts";
import { english } from "../../../packages/cli/src/terminal/labels.ts";
import { layoutLive } from "../../../packages/cli/src/terminal/live.ts";
import { createStyle } from "../../../packages/cli/src/terminal/style.ts";

const parts = { labels: english, style: createStyle(false) };

test("idle, there is only the prompt, with the cursor behind it", () => {
  const state = { editor: editorOf(""), turn: undefined, queued: [], atGap: true, hint: "", question: undefined };
  expect(layoutLive(state, { columns: 80, rows: 24 }, parts)).toEqual({ rows: ["> "], caret: { x: 2, y: 0 } });
});

test("the live rows are always fewer than the screen has, fit its width, and hold the cursor", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "한글", " ", "\n"), maxLength: 400 });
  const turn = fc.option(
    fc.record({ openRow: fc.constant("open"), tools: fc.array(fc.constant("* tool")), status: text }),
    { nil: undefined },
  );
  fc.assert(
    fc.property(
      fc.record({
        editor: text.chain((value) =>
          fc.integer({ min: 0, max: value.length }).map((caret) => ({ text: value, caret })),
        ),
        turn: turn.map((one) => one && { ...one, status: one.status.replaceAll("\n", " "), activity: "" }),
        queued: fc.array(text),
        atGap: fc.boolean(),
        hint: fc.constantFrom("", "a hint"),
        question: fc.option(fc.constant(english.approvalQuestion), { nil: undefined }),
      }),
      fc.integer({ min: 20, max: 60 }),
      fc.integer({ min: 2, max: 30 }),
      (state, columns, rows) => {
        const live = layoutLive(state, { columns, rows }, parts);
        expect(live.rows.length).toBeLessThan(rows);
        for (const row of live.rows) expect(cellWidth(row)).toBeLessThan(columns);
        expect(live.caret?.y).toBeLessThan(live.rows.length);
        expect(live.caret?.x).toBeLessThan(columns);
      },
    ),
  );
});

test("a long input shows the rows round the cursor, at most eight", () => {
  const lines = Array.from({ length: 20 }, (_, index) => `line ${index}`).join("\n");
  const state = { editor: editorOf(lines), turn: undefined, queued: [], atGap: true, hint: "", question: undefined };
  const live = layoutLive(state, { columns: 80, rows: 24 }, parts);
  expect(live.rows).toHaveLength(8);
  expect(live.rows.at(-1)).toBe("  line 19");
  expect(live.caret).toEqual({ x: 9, y: 7 });
});
