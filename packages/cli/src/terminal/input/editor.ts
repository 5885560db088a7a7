import { cellWidth } from "@chingu/core/text";

/** A text being written and where the caret stands: a UTF-16 offset, always between graphemes. */
export interface EditorState {
  readonly text: string;
  readonly caret: number;
}

export const emptyEditor: EditorState = { text: "", caret: 0 };

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** What a reader sees as characters: a syllable is one, however many code points it took. */
export function graphemes(text: string): string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

export function editorOf(text: string): EditorState {
  return { text, caret: text.length };
}

export function insert(state: EditorState, added: string): EditorState {
  return {
    text: state.text.slice(0, state.caret) + added + state.text.slice(state.caret),
    caret: state.caret + added.length,
  };
}

export function left(state: EditorState): EditorState {
  return { ...state, caret: before(state) };
}

export function right(state: EditorState): EditorState {
  return { ...state, caret: after(state) };
}

export function wordLeft(state: EditorState): EditorState {
  const skipped = /(\S+|^)\s*$/u.exec(state.text.slice(0, state.caret));
  return { ...state, caret: skipped?.index ?? 0 };
}

export function wordRight(state: EditorState): EditorState {
  const skipped = /^\s*\S*/u.exec(state.text.slice(state.caret));
  return { ...state, caret: state.caret + (skipped?.[0].length ?? 0) };
}

export function lineStart(state: EditorState): EditorState {
  return { ...state, caret: state.text.lastIndexOf("\n", state.caret - 1) + 1 };
}

export function lineEnd(state: EditorState): EditorState {
  const end = state.text.indexOf("\n", state.caret);
  return { ...state, caret: end < 0 ? state.text.length : end };
}

export function backspace(state: EditorState): EditorState {
  return removeBetween(state, before(state), state.caret);
}

export function deleteForward(state: EditorState): EditorState {
  return removeBetween(state, state.caret, after(state));
}

/** Removes to the end of the line; at its end, the line break. */
export function killToEnd(state: EditorState): EditorState {
  const end = lineEnd(state).caret;
  return end === state.caret ? deleteForward(state) : removeBetween(state, state.caret, end);
}

export function killToStart(state: EditorState): EditorState {
  return removeBetween(state, lineStart(state).caret, state.caret);
}

export function killWord(state: EditorState): EditorState {
  return removeBetween(state, wordLeft(state).caret, state.caret);
}

export function removeBetween(state: EditorState, start: number, end: number): EditorState {
  return { text: state.text.slice(0, start) + state.text.slice(end), caret: start };
}

/**
 * Moves one row up or down as the text is laid out at `width`, keeping the cell column; undefined on the first or
 * last row, where the key means history.
 */
export function moveRow(state: EditorState, direction: "up" | "down", width: number): EditorState | undefined {
  const layout = layoutEditor(state, width);
  const target = layout.rows[layout.caretRow + (direction === "up" ? -1 : 1)];
  if (target === undefined) return undefined;
  let cells = 0;
  let caret = target.start;
  for (const grapheme of graphemes(target.text)) {
    cells += cellsOf(grapheme);
    if (cells > layout.caretColumn) break;
    caret += grapheme.length;
  }
  return { ...state, caret };
}

export interface EditorRow {
  readonly text: string;
  /** Offset of the row's first character in the text. */
  readonly start: number;
}

export interface EditorLayout {
  readonly rows: readonly EditorRow[];
  readonly caretRow: number;
  /** In cells. */
  readonly caretColumn: number;
}

/** Lays the text out in rows of at most `width` cells, cut between graphemes; a caret behind a full row stands on the next. */
export function layoutEditor(state: EditorState, width: number): EditorLayout {
  const rows: EditorRow[] = [];
  let caretRow = 0;
  let caretColumn = 0;
  let start = 0;
  let offset = 0;
  let cells = 0;
  const endRow = (end: number, next: number) => {
    rows.push({ text: state.text.slice(start, end), start });
    start = next;
    cells = 0;
  };
  for (const grapheme of graphemes(state.text)) {
    const wide = cellsOf(grapheme);
    if (cells + wide > width && cells > 0) endRow(offset, offset);
    if (offset === state.caret) {
      if (cells >= width) endRow(offset, offset);
      caretRow = rows.length;
      caretColumn = cells;
    }
    offset += grapheme.length;
    if (grapheme === "\n") endRow(offset - grapheme.length, offset);
    else cells += wide;
  }
  if (state.caret >= offset) {
    if (cells >= width) endRow(offset, offset);
    caretRow = rows.length;
    caretColumn = cells;
  }
  endRow(offset, offset);
  return { rows, caretRow, caretColumn };
}

/** A tab in the input is drawn as one cell. */
function cellsOf(grapheme: string): number {
  if (grapheme === "\t") return 1;
  return grapheme === "\n" ? 0 : cellWidth(grapheme);
}

function before(state: EditorState): number {
  const last = graphemes(state.text.slice(0, state.caret)).at(-1);
  return state.caret - (last?.length ?? 0);
}

function after(state: EditorState): number {
  const [first] = graphemes(state.text.slice(state.caret));
  return state.caret + (first?.length ?? 0);
}
