import { expect, test } from "vitest";
import { type Composer, createComposer } from "../../../packages/cli/src/terminal/composer.ts";
import { layoutEditor } from "../../../packages/cli/src/terminal/input/editor.ts";
import { key } from "../../../packages/cli/src/terminal/input/keys.ts";
import { korean } from "../../../packages/cli/src/terminal/labels.ts";

const write = (sent: readonly string[] = []) => createComposer({ labels: korean, sent, width: () => 40 });

const type = (composer: Composer, text: string) => composer.take({ type: "text", text });
const press = (composer: Composer, ...names: string[]) => {
  let sent: string | undefined;
  for (const name of names) {
    const ctrl = name.startsWith("ctrl+");
    const alt = name.startsWith("alt+");
    const shift = name.startsWith("shift+");
    sent = composer.take(key(name.replace(/^(ctrl|alt|shift)\+/, ""), { ctrl, alt, shift })) ?? sent;
  }
  return sent;
};

test("Enter sends what was written and empties the input", () => {
  const composer = write();
  type(composer, "안녕하세요");
  expect(press(composer, "enter")).toBe("안녕하세요");
  expect(composer.state().text).toBe("");
  expect(press(composer, "enter")).toBeUndefined();
});

test("text in decomposed jamo is sent composed", () => {
  const composer = write();
  type(composer, "한글".normalize("NFD"));
  expect(press(composer, "enter")).toBe("한글");
});

test("backspace removes one syllable, decomposed or not, and one emoji", () => {
  const composer = write();
  type(composer, `가${"각".normalize("NFD")}👩‍👩‍👧`);
  press(composer, "backspace");
  expect(composer.state().text.normalize("NFC")).toBe("가각");
  press(composer, "backspace");
  expect(composer.state().text).toBe("가");
});

test("two steps left stand before two syllables, and what is typed goes in there", () => {
  const composer = write();
  type(composer, "안녕하세요 세계");
  press(composer, "left", "left");
  expect(layoutEditor(composer.state(), 40).caretColumn).toBe(11);
  type(composer, "새 ");
  expect(composer.state().text).toBe("안녕하세요 새 세계");
});

test("Ctrl-A, E, K, U and W move and cut as in a shell", () => {
  const composer = write();
  type(composer, "one two three");
  press(composer, "ctrl+w");
  expect(composer.state().text).toBe("one two ");
  press(composer, "ctrl+a", "ctrl+k");
  expect(composer.state().text).toBe("");
  type(composer, "one two");
  press(composer, "ctrl+a");
  type(composer, "0 ");
  press(composer, "ctrl+e", "alt+left", "ctrl+u");
  expect(composer.state()).toEqual({ text: "two", caret: 0 });
});

test("Ctrl-J, Shift+Enter, Alt+Enter and a backslash before Enter make lines instead of sending", () => {
  const composer = write();
  type(composer, "1");
  press(composer, "newline");
  type(composer, "2");
  press(composer, "shift+enter");
  type(composer, "3");
  press(composer, "alt+enter");
  type(composer, "4\\");
  expect(press(composer, "enter")).toBeUndefined();
  type(composer, "5");
  expect(press(composer, "enter")).toBe("1\n2\n3\n4\n5");
});

test("Up and Down walk through sent texts and come back to the draft", () => {
  const composer = write(["first", "second"]);
  type(composer, "draft");
  press(composer, "up");
  expect(composer.state().text).toBe("second");
  press(composer, "up", "up");
  expect(composer.state().text).toBe("first");
  press(composer, "down", "down");
  expect(composer.state().text).toBe("draft");
});

test("in a text of several rows Up and Down move between them, by cells", () => {
  const composer = write(["earlier"]);
  type(composer, "가나다라");
  press(composer, "newline");
  type(composer, "abcd");
  press(composer, "up");
  expect(composer.state()).toEqual({ text: "가나다라\nabcd", caret: 2 });
  press(composer, "up");
  expect(composer.state().text).toBe("earlier");
});

test("a paste is cleaned of everything a terminal would obey, and does not send", () => {
  const composer = write();
  expect(composer.take({ type: "paste", text: "a\u001b[2Jb\r\nc\u0007" })).toBeUndefined();
  expect(composer.state().text).toBe("ab\nc");
});

test("a long paste stands as a mark, is removed as one, and is sent in full", () => {
  const composer = write();
  const long = Array.from({ length: 12 }, (_, index) => `줄 ${index}`).join("\n");
  type(composer, "보기: ");
  composer.take({ type: "paste", text: long });
  expect(composer.state().text).toBe("보기: [붙여넣기 #1, 12줄]");
  press(composer, "backspace");
  expect(composer.state().text).toBe("보기: ");
  composer.take({ type: "paste", text: long });
  expect(press(composer, "enter")).toBe(`보기: ${long}`);
});

test("the caret behind a full row stands on the next one, also when the width is odd", () => {
  expect(layoutEditor({ text: "가나다", caret: 3 }, 6)).toMatchObject({ caretRow: 1, caretColumn: 0 });
  expect(layoutEditor({ text: "가나다", caret: 3 }, 5)).toMatchObject({
    rows: [{ text: "가나" }, { text: "다" }],
    caretRow: 1,
    caretColumn: 2,
  });
});
