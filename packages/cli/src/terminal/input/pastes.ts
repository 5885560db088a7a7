import { sanitize } from "@chingu/core/text";
import { backspace, type EditorState, insert, removeBetween } from "./editor.ts";

/** A paste above either size stands in the input as one short mark, and is sent whole. */
const longLines = 10;
const longCharacters = 1000;

export interface Pastes {
  /** Inserts pasted text, cleaned; long ones as a mark. */
  readonly insert: (state: EditorState, pasted: string) => EditorState;
  /** Removes what stands before the caret: a mark as a whole, else one grapheme. */
  readonly backspace: (state: EditorState) => EditorState;
  /** The text with every mark replaced by what was pasted. */
  readonly expand: (text: string) => string;
}

export function createPastes(mark: (number: number, lines: number) => string): Pastes {
  const kept = new Map<string, string>();
  return {
    insert(state, pasted) {
      const text = sanitize(pasted);
      const lines = text.split("\n").length;
      if (lines <= longLines && text.length <= longCharacters) return insert(state, text);
      const name = mark(kept.size + 1, lines);
      kept.set(name, text);
      return insert(state, name);
    },
    backspace(state) {
      const head = state.text.slice(0, state.caret);
      const name = [...kept.keys()].find((one) => head.endsWith(one));
      return name === undefined ? backspace(state) : removeBetween(state, state.caret - name.length, state.caret);
    },
    expand(text) {
      if (kept.size === 0) return text;
      // One pass: a paste may hold the words of another mark.
      const marks = new RegExp([...kept.keys()].map((name) => RegExp.escape(name)).join("|"), "g");
      return text.replace(marks, (name) => kept.get(name) ?? name);
    },
  };
}
