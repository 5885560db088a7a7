import {
  deleteForward,
  type EditorState,
  editorOf,
  emptyEditor,
  graphemes,
  insert,
  killToEnd,
  killToStart,
  killWord,
  left,
  lineEnd,
  lineStart,
  moveRow,
  removeBetween,
  right,
  wordLeft,
  wordRight,
} from "./input/editor.ts";
import { createHistory } from "./input/history.ts";
import type { Key } from "./input/keys.ts";
import type { InputEvent } from "./input/parser.ts";
import { createPastes } from "./input/pastes.ts";
import type { TerminalLabels } from "./labels.ts";

/** The input line: an editor, the texts sent before, and pasted text. */
export interface Composer {
  /** Takes one event; returns a text when Enter sent one, in NFC and with pastes in full. */
  readonly take: (event: InputEvent) => string | undefined;
  readonly state: () => EditorState;
  readonly beforeCaret: () => string;
  readonly clear: () => void;
  /** Puts texts that were not sent before what is being written. */
  readonly restore: (texts: readonly string[]) => void;
}

export function createComposer(options: {
  readonly labels: TerminalLabels;
  readonly sent: readonly string[];
  /** Cells a row of the input has, for moving between rows. */
  readonly width: () => number;
}): Composer {
  const history = createHistory(options.sent);
  const pastes = createPastes(options.labels.pasted);
  let state = emptyEditor;

  function edit(next: EditorState): void {
    if (next.text !== state.text) history.leave();
    state = next;
  }

  function enter(): string | undefined {
    if (state.text[state.caret - 1] === "\\") {
      edit(insert(removeBetween(state, state.caret - 1, state.caret), "\n"));
      return undefined;
    }
    const text = pastes.expand(state.text).normalize("NFC").trim();
    state = emptyEditor;
    history.leave();
    if (text === "") return undefined;
    history.add(text);
    return text;
  }

  function vertical(direction: "up" | "down"): void {
    const moved = moveRow(state, direction, options.width());
    if (moved !== undefined) {
      state = moved;
      return;
    }
    const text = direction === "up" ? history.older(state.text) : history.newer();
    if (text !== undefined) state = editorOf(text);
  }

  function press(key: Key): string | undefined {
    const command = key.ctrl ? controls[key.name] : undefined;
    if (command !== undefined) {
      edit(command(state));
      return undefined;
    }
    if (key.name === "enter") {
      if (!key.ctrl && !key.alt && !key.shift) return enter();
      edit(insert(state, "\n"));
    } else if (key.name === "newline" || (key.ctrl && key.name === "j")) edit(insert(state, "\n"));
    else if (key.name === "up" || key.name === "down") vertical(key.name);
    else if (key.name === "backspace") edit(key.alt || key.ctrl ? killWord(state) : pastes.backspace(state));
    else if (key.alt || key.ctrl) edit((words[key.name] ?? same)(state));
    else if (moves[key.name] !== undefined) edit((moves[key.name] ?? same)(state));
    else if (graphemes(key.name).length === 1) edit(insert(state, key.name));
    return undefined;
  }

  return {
    take(event) {
      if (event.type === "text") edit(insert(state, event.text));
      else if (event.type === "paste") edit(pastes.insert(state, event.text));
      else if (event.type === "key") return press(event);
      return undefined;
    },
    state: () => state,
    beforeCaret: () => graphemes(state.text.slice(0, state.caret)).at(-1) ?? "",
    clear() {
      edit(emptyEditor);
    },
    restore(texts) {
      const written = state.text === "" ? [] : [state.text];
      state = editorOf([...texts, ...written].join("\n"));
    },
  };
}

type Edit = (state: EditorState) => EditorState;

const same: Edit = (state) => state;

const moves: Readonly<Record<string, Edit>> = {
  left,
  right,
  home: lineStart,
  end: lineEnd,
  delete: deleteForward,
};

const words: Readonly<Record<string, Edit>> = {
  left: wordLeft,
  right: wordRight,
  b: wordLeft,
  f: wordRight,
};

const controls: Readonly<Record<string, Edit>> = {
  a: lineStart,
  e: lineEnd,
  b: left,
  f: right,
  d: deleteForward,
  k: killToEnd,
  u: killToStart,
  w: killWord,
};
