import { cellWidth } from "@chingu/core/text";
import { graphemes } from "../input/editor.ts";

/** Text on its way to the scrollback: rows leave once no further text can change them. */
export interface RowStream {
  /** Takes clean text and returns the rows it finished. */
  readonly push: (text: string) => string[];
  /** The row still being written. */
  readonly open: () => string;
  /** Finishes the open row: the text is over. */
  readonly end: () => string[];
  /** Forgets the open row: the text is withdrawn. */
  readonly drop: () => void;
  readonly resize: (columns: number) => void;
}

export function createRowStream(columns: number): RowStream {
  let width = columns;
  let tail = "";
  return {
    push(text) {
      const lines = (tail + expandTabs(text)).split("\n");
      const last = lines.pop() ?? "";
      const open = wrapLine(last, width);
      tail = last.slice(open.lastStart);
      return [...lines.flatMap((line) => wrapLine(line, width).rows), ...open.rows.slice(0, -1)];
    },
    // A row that became too long by a resize is shown from its end, where the writing goes on.
    open: () => wrapLine(tail, width).rows.at(-1) ?? "",
    end() {
      const rows = tail === "" ? [] : wrapLine(tail, width).rows;
      tail = "";
      return rows;
    },
    drop() {
      tail = "";
    },
    resize(next) {
      width = next;
    },
  };
}

/** Cuts a text into rows of at most `columns` cells: at spaces where a row has one, else between graphemes. */
export function wrapText(text: string, columns: number): string[] {
  return expandTabs(text)
    .split("\n")
    .flatMap((line) => wrapLine(line, columns).rows);
}

/** Rows with a first and a following indent of equal width, as lists and quoted blocks have them. */
export function wrapIndented(text: string, columns: number, first: string, following: string): string[] {
  const rows = wrapText(text, Math.max(4, columns - cellWidth(first)));
  return rows.map((row, index) => (index === 0 ? first : following) + row);
}

interface WrappedLine {
  /** At least one, possibly empty. */
  readonly rows: string[];
  /** Where the last row begins in the line. */
  readonly lastStart: number;
}

function wrapLine(line: string, columns: number): WrappedLine {
  const rows: string[] = [];
  let start = 0;
  let cells = 0;
  const breakAt = (end: number, next: number) => {
    rows.push(line.slice(start, end).trimEnd());
    start = next;
    cells = 0;
  };
  for (const { 0: word, index } of line.matchAll(/ +|[^ ]+/g)) {
    const wide = cellWidth(word);
    // Spaces hang over the edge; they are dropped where the row breaks.
    if (word.startsWith(" ")) cells += wide;
    else if (cells + wide <= columns) cells += wide;
    else {
      if (index > start && line.slice(start, index).trim() !== "") breakAt(index, index);
      let offset = index;
      for (const grapheme of wide > columns - cells ? graphemes(word) : [word]) {
        const cell = cellWidth(grapheme);
        if (cells + cell > columns && offset > start) breakAt(offset, offset);
        cells += cell;
        offset += grapheme.length;
      }
    }
  }
  rows.push(line.slice(start).trimEnd());
  return { rows, lastStart: start };
}

function expandTabs(text: string): string {
  return text.replaceAll("\t", "    ");
}
