import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { reveal, sanitize, sanitizeLine, toValidUnicode } from "../../../packages/core/src/text/index.ts";

const esc = "\u001b";
const st = `${esc}\\`;

/** Every way known to make a terminal do something by text, each between two harmless letters. */
const corpus: Readonly<Record<string, string>> = {
  colour: `${esc}[31m`,
  "256 colours": `${esc}[38;5;196m`,
  "true colour with colons": `${esc}[38:2::255:0:0m`,
  conceal: `${esc}[8m`,
  blink: `${esc}[5m`,
  "clear screen": `${esc}[2J`,
  "clear scrollback": `${esc}[3J`,
  "clear line": `${esc}[2K`,
  "cursor home": `${esc}[H`,
  "cursor up": `${esc}[10A`,
  "cursor to a place": `${esc}[12;40H`,
  "hide the cursor": `${esc}[?25l`,
  "alternate screen": `${esc}[?1049h`,
  "mouse reports": `${esc}[?1003;1006h`,
  "bracketed paste": `${esc}[?2004h`,
  "scroll region": `${esc}[1;5r`,
  "insert lines": `${esc}[5L`,
  "window title": `${esc}]0;owned\u0007`,
  "window title with ST": `${esc}]2;owned${st}`,
  "palette entry": `${esc}]4;1;rgb:00/00/00\u0007`,
  "current folder": `${esc}]7;file://host/etc\u0007`,
  link: `${esc}]8;;https://evil.example\u0007text${esc}]8;;\u0007`,
  notification: `${esc}]9;owned\u0007`,
  "text colour query": `${esc}]10;?\u0007`,
  "clipboard write": `${esc}]52;c;cm0gLXJm\u0007`,
  "clipboard read": `${esc}]52;c;?\u0007`,
  "rxvt notification": `${esc}]777;notify;owned;now\u0007`,
  "iTerm file": `${esc}]1337;File=inline=1:AAAA\u0007`,
  DCS: `${esc}P1$r0m${st}`,
  DECRQSS: `${esc}P$q"p${st}`,
  sixel: `${esc}Pq#0;2;0;0;0${st}`,
  APC: `${esc}_Gf=24;AAAA${st}`,
  PM: `${esc}^private${st}`,
  SOS: `${esc}Xstring${st}`,
  "8-bit CSI": "\u009b31m",
  "8-bit OSC": "\u009d0;owned\u009c",
  "8-bit DCS": "\u0090q\u009c",
  "status query": `${esc}[6n`,
  "attributes query": `${esc}[c`,
  "full reset": `${esc}c`,
  charset: `${esc}(0`,
  "shift out": "\u000e",
  bell: "\u0007",
  backspaces: "\b\b\b",
  "overwriting return": "\r",
  "vertical tab and form feed": "\u000b\u000c",
  delete: "\u007f",
  NUL: "\u0000",
  "bidi override": "\u202e",
  "bidi isolate": "\u2067\u2069",
  "Arabic letter mark": "\u061c",
  "zero-width space": "\u200b",
  "byte-order mark": "\ufeff",
  "invisible operators": "\u2061\u2064",
  "interlinear annotation": "\ufff9\ufffb",
  "tag characters": "\u{e0041}\u{e007f}",
  "unfinished CSI": `${esc}[31`,
  "unfinished OSC": `${esc}]0;owned`,
  "bare escape": esc,
};

const forbidden =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this is what must not be there
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/u;

describe.each(Object.entries(corpus))("%s", (_, sequence) => {
  const text = `앞${sequence}뒤`;

  test("leaves nothing a terminal obeys, whole or split at any place, and what stands before it stays", () => {
    expect(sanitize(text)).not.toMatch(forbidden);
    expect(sanitize(text).startsWith("앞")).toBe(true);
    for (let at = 0; at <= text.length; at++) {
      const split = sanitize(text.slice(0, at)) + sanitize(text.slice(at));
      expect(split).not.toMatch(forbidden);
    }
  });

  test("is shown by reveal, where a person must judge the exact text", () => {
    expect(reveal(text)).not.toMatch(forbidden);
    expect(reveal(text).startsWith("앞")).toBe(true);
    expect(reveal(text).endsWith("뒤")).toBe(true);
    expect(reveal(text).length).toBeGreaterThanOrEqual(text.length);
  });
});

test("a text of colours and titles leaves no residue", () => {
  expect(sanitize(`${esc}[1;31m오류:${esc}[0m 파일이 ${esc}]0;owned\u0007없습니다`)).toBe("오류: 파일이 없습니다");
});

test("ordinary text of any script stays as it is", () => {
  const texts = ["한글과 漢字", "한글".normalize("NFD"), "👨‍👩‍👧 ❤️ 1️⃣", "क्‍ष", "a\tb\nc", "← “quotes” … ≈", "\u3164"];
  for (const text of texts) {
    expect(sanitize(text)).toBe(text);
    expect(reveal(text)).toBe(text);
  }
});

test("line ends of every kind become one kind", () => {
  expect(sanitize("a\r\nb\rc\nd")).toBe("a\nb\nc\nd");
});

test("any text at all is harmless afterwards, and cleaning it twice changes nothing", () => {
  const nasty = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom(...Object.values(corpus)));
  fc.assert(
    fc.property(fc.array(nasty, { maxLength: 5 }), (parts) => {
      const text = parts.join("");
      expect(sanitize(text)).not.toMatch(forbidden);
      expect(reveal(text)).not.toMatch(forbidden);
      expect(sanitizeLine(text)).not.toMatch(/[\n\t]| {2}|^ | $/);
      expect(sanitizeLine(sanitizeLine(text))).toBe(sanitizeLine(text));
    }),
    { numRuns: 500 },
  );
});

test("reveal names what it shows", () => {
  expect(reveal(`rm ${esc}[8m-rf\u202e \u007f\u{e0041}`)).toBe("rm ␛[8m-rf<U+202E> ␡<U+E0041>");
});

test("toValidUnicode mends lone surrogates and NUL, and nothing else", () => {
  expect(toValidUnicode("a\ud800b\udc00c\u0000d")).toBe("a\ufffdb\ufffdc\ufffdd");
  expect(toValidUnicode("👍 한글\u001b")).toBe("👍 한글\u001b");
});
