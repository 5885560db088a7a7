import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createInputParser, type InputEvent } from "../../../packages/cli/src/terminal/input/parser.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Feeds each read and lets all waits run out; events in short form. */
function read(...reads: (string | Uint8Array)[]): string[] {
  const seen: string[] = [];
  const parser = createInputParser((events) => seen.push(...events.map(short)));
  for (const one of reads) parser.write(one);
  vi.runAllTimers();
  parser.close();
  return seen;
}

function short(event: InputEvent): string {
  switch (event.type) {
    case "text":
      return `"${event.text}"`;
    case "paste":
      return `paste:${event.text}`;
    case "reply":
      return "reply";
    case "key":
      return [event.ctrl && "ctrl", event.alt && "alt", event.shift && "shift", event.name].filter(Boolean).join("+");
  }
}

test("a syllable and Enter in one read are text and then Enter", () => {
  expect(read("안녕\r")).toEqual(['"안녕"', "enter"]);
  expect(read("a\rb\rc")).toEqual(['"a"', "enter", '"b"', "enter", '"c"']);
});

test("a syllable cut between its bytes arrives whole", () => {
  const bytes = Buffer.from("한글");
  expect(read(bytes.subarray(0, 2), bytes.subarray(2, 5), bytes.subarray(5))).toEqual(['"한"', '"글"']);
});

test("Esc alone is Esc; Esc in front of a sequence that comes later is part of it", () => {
  expect(read("\u001b")).toEqual(["escape"]);
  expect(read("\u001b\u001b")).toEqual(["escape", "escape"]);
  expect(read("\u001b", "[A")).toEqual(["up"]);
  expect(read("\u001b[", "1;5", "D")).toEqual(["ctrl+left"]);
});

test("Esc that stood alone for 50 ms is a key, and what follows is its own", () => {
  const seen: string[] = [];
  const parser = createInputParser((events) => seen.push(...events.map(short)));
  parser.write("\u001b");
  vi.advanceTimersByTime(49);
  expect(seen).toEqual([]);
  vi.advanceTimersByTime(1);
  parser.write("x");
  expect(seen).toEqual(["escape", '"x"']);
});

test.each([
  ["\u001b[A", "up"],
  ["\u001bOA", "up"],
  ["\u001b[1~", "home"],
  ["\u001b[F", "end"],
  ["\u001b[3~", "delete"],
  ["\u001b[Z", "shift+tab"],
  ["\u0001", "ctrl+a"],
  ["\u0003", "ctrl+c"],
  ["\u007f", "backspace"],
  ["\u001b\u007f", "alt+backspace"],
  ["\n", "newline"],
  ["\u001b\r", "newline"],
  ["\u001bb", "alt+b"],
  ["\u001bㅠ", "alt+b"],
])("the bytes %j are the key %s", (bytes, name) => {
  expect(read(bytes)).toEqual([name]);
});

test.each([
  ["\u001b[99;5u", "ctrl+c"],
  ["\u001b[12618;5u", "ctrl+c"],
  ["\u001b[12618::99;5u", "ctrl+c"],
  ["\u001b[1089::99;5u", "ctrl+c"],
  ["\u001b[13;2u", "shift+enter"],
  ["\u001b[27u", "escape"],
  ["\u001b[127;3u", "alt+backspace"],
  ["\u001b[27;2;13~", "shift+enter"],
])("the kitty and modifyOtherKeys form %j is the key %s", (bytes, name) => {
  expect(read(bytes)).toEqual([name]);
});

test.each([
  "\u001b]11;rgb:1e1e/1e1e/1e1e\u001b\\",
  "\u001b]11;rgb:1e1e/1e1e/1e1e\u0007",
  "\u001b[24;80R",
  "\u001b[?62;4c",
  "\u001b[?1u",
  "\u001b[I",
  "\u001b[O",
  "\u001bP1$r0m\u001b\\",
  "\u001b_Gi=31;OK\u001b\\",
])("the terminal's reply %j never becomes text or a key, however it is cut", (reply) => {
  for (let cut = 1; cut < reply.length; cut++) {
    expect(read(`a${reply.slice(0, cut)}`, `${reply.slice(cut)}b`)).toEqual(['"a"', "reply", '"b"']);
  }
});

test("a paste is one event with everything in it, however it is cut", () => {
  const pasted = "첫 줄\r\n\u001b[31m둘째\r";
  const bytes = `\u001b[200~${pasted}\u001b[201~\r`;
  for (let cut = 1; cut < bytes.length; cut++) {
    expect(read(bytes.slice(0, cut), bytes.slice(cut)).filter((event) => event !== "paste:")).toEqual([
      `paste:${pasted}`,
      "enter",
    ]);
  }
});

test("no bytes whatever make text with control characters in it", () => {
  const piece = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("\u001b", "\u001b[", "\u001b]", "\u001bO", "\u001b[200~", "\u001b[201~", "\r", "\u009b"),
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const events: InputEvent[] = [];
      const parser = createInputParser((some) => events.push(...some));
      for (const one of pieces) parser.write(one);
      vi.runAllTimers();
      for (const event of events) {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
        if (event.type === "text") expect(event.text).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      }
    }),
  );
});
