import { stripVTControlCharacters } from "node:util";

/**
 * The characters that can move a cursor, hide text or reorder it: C0 but newline and tab, DEL, C1, bidi controls,
 * invisible operators, byte-order marks, interlinear anchors and tag characters, also the half of one that a chunk's
 * border cut off. Zero-width joiners and variation selectors stay: emoji and several scripts are written with them.
 */
const dangerous =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: dropping control characters is what this is for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\udb40]|[\u{e0000}-\u{e007f}]/gu;

/**
 * Makes foreign text safe to write to a terminal: whole control sequences go first, so that no residue is shown, then
 * every dangerous character. The second step looks at single characters only, so a sequence split over two chunks
 * stays harmless. Line ends become `\n`.
 */
export function sanitize(text: string): string {
  return stripVTControlCharacters(text).replace(/\r\n?/g, "\n").replace(dangerous, "");
}

/** Like `sanitize`, on one line: for names, titles and arguments shown in a row. */
export function sanitizeLine(text: string): string {
  return sanitize(text).replace(/\s+/g, " ").trim();
}

/** Shows what `sanitize` would drop, for a person who must judge the exact text: `ESC` becomes `␛`, others `<U+202E>`. */
export function reveal(text: string): string {
  return text.replace(/\r\n?/g, "\n").replace(dangerous, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    if (code === 0x7f) return "\u2421";
    return `<U+${code.toString(16).toUpperCase().padStart(4, "0")}>`;
  });
}

/** Text that every store, provider and tool takes: no lone surrogates, no NUL (rule 29). */
export function toValidUnicode(text: string): string {
  return text.toWellFormed().replaceAll("\u0000", "\ufffd");
}
