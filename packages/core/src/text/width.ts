import stringWidth from "string-width";

/** How many terminal cells a text takes: 2 for Hangul, 한자 and most emoji, 0 for marks. */
export function cellWidth(text: string): number {
  return stringWidth(text);
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** The longest head of `text` that fits into `cells`, ending with `…` where something was cut. Never splits a syllable. */
export function fitCells(text: string, cells: number): string {
  if (cellWidth(text) <= cells) return text;
  let head = "";
  let used = 1;
  for (const { segment } of graphemes.segment(text)) {
    used += cellWidth(segment);
    if (used > cells) break;
    head += segment;
  }
  return `${head}…`;
}
