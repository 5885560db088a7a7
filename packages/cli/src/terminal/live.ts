import { fitCells } from "@chingu/core/text";
import { type EditorState, layoutEditor } from "./input/editor.ts";
import type { TerminalLabels } from "./labels.ts";
import type { LiveRows } from "./screen.ts";
import type { Style } from "./style.ts";
import type { LiveTurn } from "./turn-view.ts";

/** Everything the live rows are made of. */
export interface LiveState {
  readonly editor: EditorState;
  /** The running turn, with its status row. */
  readonly turn: (LiveTurn & { readonly status: string }) | undefined;
  readonly queued: readonly string[];
  /** Whether the scrollback ends in a blank row. */
  readonly atGap: boolean;
  /** A short word above the input while nothing runs. */
  readonly hint: string;
  /** A question that takes the input's place. */
  readonly question: string | undefined;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const inputRows = 8;
const statusCells = 60;
const prompt = "> ";

/** How wide a row may be. One cell stays free: terminals that draw some signs wider than we count do not wrap. */
export function rowWidth(size: Size): number {
  return Math.max(8, size.columns - 1);
}

/** How wide a row of the input may be, behind the prompt. */
export function inputWidth(size: Size): number {
  return rowWidth(size) - prompt.length;
}

/**
 * Lays the live rows out, never more than the screen has rows less one: the input first, then the status, the open
 * row, the running calls and the queue, as far as there is room.
 */
export function layoutLive(state: LiveState, size: Size, parts: { labels: TerminalLabels; style: Style }): LiveRows {
  const { labels, style } = parts;
  const width = rowWidth(size);
  const limit = Math.max(1, size.rows - 1);
  const input =
    state.question === undefined
      ? inputBlock(state, size, limit, style)
      : questionBlock(state.question, width, limit, style);
  let room = limit - input.rows.length;
  const take = (rows: readonly string[]): readonly string[] => {
    const taken = rows.slice(0, Math.max(0, room));
    room -= taken.length;
    return taken;
  };
  const { turn } = state;
  const status = take(
    turn === undefined
      ? state.hint === ""
        ? []
        : [style.dim(fitCells(state.hint, width))]
      : [style.dim(fitCells(turn.status, Math.min(statusCells, width)))],
  );
  const open = take(turn === undefined || turn.openRow === "" ? [] : [turn.openRow]);
  const tools = take(turn === undefined ? [] : folded(turn.tools, 4, labels.moreTools));
  const queued = take(
    folded(
      state.queued.map((text) => `${labels.queued}: ${text.replace(/\s+/g, " ")}`),
      3,
      labels.moreQueued,
    ).map((row) => style.dim(fitCells(row, width))),
  );
  // Blank rows are a comfort for screens that have them.
  const roomy = size.rows >= 12;
  const gap = (needed: boolean) => (roomy && needed ? take([""]) : []);
  const beforeStatus = gap(turn !== undefined && (open.length + tools.length > 0 || !state.atGap));
  const beforeInput = gap(turn !== undefined);
  const above = [...open, ...tools, ...beforeStatus, ...status, ...beforeInput, ...queued];
  return {
    rows: [...above, ...input.rows],
    caret: { x: input.caret.x, y: input.caret.y + above.length },
  };
}

interface Block {
  readonly rows: readonly string[];
  readonly caret: { readonly x: number; readonly y: number };
}

function inputBlock(state: LiveState, size: Size, limit: number, style: Style): Block {
  const layout = layoutEditor(state.editor, inputWidth(size));
  // On a low screen half of the rows stay with the answer.
  const shown = Math.min(layout.rows.length, inputRows, Math.max(1, Math.floor(limit / 2)));
  const first = Math.min(Math.max(0, layout.caretRow - shown + 1), layout.rows.length - shown);
  const rows = layout.rows
    .slice(first, first + shown)
    .map((row, index) => (first + index === 0 ? style.accent(prompt) : "  ") + row.text.replaceAll("\t", " "));
  return { rows, caret: { x: prompt.length + layout.caretColumn, y: layout.caretRow - first } };
}

function questionBlock(question: string, width: number, limit: number, style: Style): Block {
  const layout = layoutEditor({ text: question, caret: question.length }, width - 1);
  const rows = layout.rows.slice(0, limit);
  return {
    rows: rows.map((row) => style.warning(row.text)),
    caret: { x: layout.caretColumn + (layout.caretColumn > 0 ? 1 : 0), y: rows.length - 1 },
  };
}

function folded(rows: readonly string[], most: number, more: (count: number) => string): readonly string[] {
  return rows.length <= most ? rows : [...rows.slice(0, most - 1), more(rows.length - most + 1)];
}
