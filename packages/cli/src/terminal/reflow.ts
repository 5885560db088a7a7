import { stripVTControlCharacters } from "node:util";
import { layoutEditor } from "./input/editor.ts";
import type { LiveRows } from "./screen.ts";

/**
 * What to write when a terminal has become `columns` wide, before the live rows are drawn anew. The terminal has cut
 * rows that no longer fit into several; drawing erases as many rows as it wrote, so the ones above would stay as
 * ghosts. This erases them all and leaves the cursor as far below the first as it was.
 */
export function eraseReflowed({ rows, caret }: LiveRows, columns: number): string {
  if (caret === undefined) return "";
  const parts = (row: string) => layoutEditor({ text: stripVTControlCharacters(row), caret: 0 }, columns).rows.length;
  const above = rows.slice(0, caret.y).reduce((sum, row) => sum + parts(row) - 1, 0);
  // The cursor's own row may have been cut in front of it.
  const inside = Math.floor(caret.x / columns);
  const extra = above + inside;
  if (extra === 0) return "";
  const down = caret.y === 0 ? "" : `\u001b[${caret.y}B`;
  return `\u001b[${caret.y + extra}A\r\u001b[J${down}`;
}
