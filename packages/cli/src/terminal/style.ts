/** The few styles of the screen. Every function styles one row and leaves the terminal as it was. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly accent: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly error: (text: string) => string;
}

const plain = (text: string) => text;

const sgr = (on: number, off: number) => (text: string) => (text === "" ? "" : `\u001b[${on}m${text}\u001b[${off}m`);

/** Without colour no control sequence at all is written. */
export function createStyle(color: boolean): Style {
  if (!color) return { bold: plain, dim: plain, accent: plain, warning: plain, error: plain };
  return { bold: sgr(1, 22), dim: sgr(2, 22), accent: sgr(36, 39), warning: sgr(33, 39), error: sgr(31, 39) };
}
