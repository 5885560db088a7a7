import type { ReadStream, WriteStream } from "node:tty";

const pasteOn = "\u001b[?2004h";
const pasteOff = "\u001b[?2004l";
const askKitty = "\u001b[?u";
/** Disambiguated escape codes only: reporting all keys would take composed text away from an input method. */
const kittyOn = "\u001b[>1u";
const kittyOff = "\u001b[<u";
const showCursor = "\u001b[?25h";

export interface HeldTerminal {
  /** Called with each reply; switches the better keyboard protocol on when the terminal says it has it. */
  readonly reply: (sequence: string) => void;
  /** Puts everything back as it was. Safe to call more than once. */
  readonly release: () => void;
}

/**
 * Takes the keyboard: raw mode, marked pastes. Given back by `release`, and at the end of the process in any case.
 * `onLost` is called when the terminal has gone away; writing to it is harmless from then on.
 */
export function holdTerminal(stdin: ReadStream, stdout: WriteStream, onLost: () => void): HeldTerminal {
  let held = true;
  let lost = false;
  let kitty = false;
  stdin.on("end", lose);
  stdin.on("error", lose);
  stdout.on("error", lose);
  stdin.setRawMode(true);
  stdout.write(pasteOn + askKitty);
  process.once("exit", release);

  function lose(): void {
    lost = true;
    onLost();
  }

  function release(): void {
    if (!held) return;
    held = false;
    process.off("exit", release);
    if (lost) return;
    // A write that fails says so only later: the listeners stay until this one has gone through.
    stdout.write((kitty ? kittyOff : "") + pasteOff + showCursor, () => setImmediate(stopListening));
    try {
      stdin.setRawMode(false);
    } catch {
      lost = true;
    }
  }

  function stopListening(): void {
    // An unheard error of a terminal that is gone would end the process in the middle of its farewell.
    if (lost) return;
    stdin.off("end", lose);
    stdin.off("error", lose);
    stdout.off("error", lose);
  }

  return {
    reply(sequence) {
      if (kitty || !held || !/^\[\?\d+u$/.test(sequence)) return;
      kitty = true;
      stdout.write(kittyOn);
    },
    release,
  };
}
