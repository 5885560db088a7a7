import { latinKey } from "./hangul.ts";

/** A key that is not text. `name` is a word (`enter`, `left`, `backspace`…) or, with ctrl or alt, a character. */
export interface Key {
  readonly name: string;
  readonly ctrl: boolean;
  readonly alt: boolean;
  readonly shift: boolean;
}

export interface KeyEvent extends Key {
  readonly type: "key";
}

/** With Ctrl or Alt down a jamo means the key it is printed on: Ctrl+ㅊ is Ctrl+C. */
export function key(name: string, modifiers: Partial<Key> = {}): KeyEvent {
  const { ctrl = false, alt = false, shift = false } = modifiers;
  return { type: "key", name: ctrl || alt ? latinKey(name) : name, ctrl, alt, shift };
}

const finals: Readonly<Record<string, string>> = {
  A: "up",
  B: "down",
  C: "right",
  D: "left",
  F: "end",
  H: "home",
};

const tildes: Readonly<Record<number, string>> = {
  1: "home",
  3: "delete",
  4: "end",
  5: "pageup",
  6: "pagedown",
  7: "home",
  8: "end",
};

const codePoints: Readonly<Record<number, string>> = {
  9: "tab",
  13: "enter",
  27: "escape",
  32: " ",
  127: "backspace",
  57414: "enter",
};

/**
 * The key of a CSI or SS3 sequence without its introducer, or undefined for a terminal's reply. Understands xterm's
 * modifiers, `modifyOtherKeys` and the kitty protocol's `CSI code;modifiers u`.
 */
export function controlSequenceKey(sequence: string): KeyEvent | undefined {
  const final = sequence.at(-1) ?? "";
  const parameters = sequence.slice(0, -1);
  if (!/^[\d;:]*$/.test(parameters)) return undefined;
  const fields = parameters.split(";").map((field) => field.split(":"));
  const number = (field: number, part = 0) => Number.parseInt(fields[field]?.[part] ?? "", 10);
  const modifiers = decodeModifiers(number(1));
  // The kitty protocol marks key releases with 3: only presses count.
  if (number(1, 1) === 3) return ignored;

  const named = finals[final];
  if (named !== undefined) return key(named, modifiers);
  if (final === "Z") return key("tab", { shift: true });
  if (final === "M" && parameters === "") return key("enter");
  if (final === "~") {
    if (number(0) === 27) return characterKey(number(2), modifiers);
    const tilde = tildes[number(0)];
    return tilde === undefined ? ignored : key(tilde, modifiers);
  }
  if (final === "u" && parameters !== "") return characterKey(number(0), modifiers, number(0, 2));
  if ("PQS".includes(final)) return ignored;
  return undefined;
}

const ignored = key("ignored");

function characterKey(code: number, modifiers: Partial<Key>, baseCode = Number.NaN): KeyEvent {
  const named = codePoints[code];
  if (named !== undefined) return key(named, modifiers);
  // Private use: function, lock and modifier keys of the kitty protocol.
  if (!Number.isInteger(code) || code < 32 || code > 0x10ffff || (code >= 57344 && code <= 63743)) return ignored;
  const character = String.fromCodePoint(code);
  const latin = latinKey(character);
  // A layout without Latin letters reports the key of the standard layout beside its own.
  if (latin === character && code > 127 && baseCode > 32 && baseCode < 127) {
    return key(String.fromCharCode(baseCode), modifiers);
  }
  return key(character, modifiers);
}

function decodeModifiers(field: number): Partial<Key> {
  const bits = Number.isInteger(field) && field > 0 ? field - 1 : 0;
  return { shift: (bits & 1) !== 0, alt: (bits & 2) !== 0, ctrl: (bits & 4) !== 0 };
}
