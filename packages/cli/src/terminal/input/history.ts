/** The texts sent so far, and where in them the person is looking. */
export interface History {
  readonly add: (text: string) => void;
  /** The text before the one shown; `draft` comes back when walking forward past the newest. */
  readonly older: (draft: string) => string | undefined;
  readonly newer: () => string | undefined;
  /** Called when a text was changed or sent: looking starts from the newest again. */
  readonly leave: () => void;
}

export function createHistory(entries: readonly string[]): History {
  const texts = [...entries];
  let position = texts.length;
  let kept = "";
  return {
    add(text) {
      if (texts.at(-1) !== text) texts.push(text);
      position = texts.length;
    },
    older(draft) {
      if (position === 0) return undefined;
      if (position === texts.length) kept = draft;
      position--;
      return texts[position];
    },
    newer() {
      if (position >= texts.length) return undefined;
      position++;
      return position === texts.length ? kept : texts[position];
    },
    leave() {
      position = texts.length;
    },
  };
}
