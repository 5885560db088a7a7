import { StringDecoder } from "node:string_decoder";
import { controlSequenceKey, type Key, type KeyEvent, key } from "./keys.ts";

/** What a terminal sends, told apart. Replies to queries never become text. */
export type InputEvent =
  | { readonly type: "text"; readonly text: string }
  | KeyEvent
  | { readonly type: "paste"; readonly text: string }
  | { readonly type: "reply"; readonly sequence: string };

export interface InputParser {
  /** Takes what one read gave; events come out through `emit`, in order. */
  readonly write: (bytes: Uint8Array | string) => void;
  /** Drops what is half read and stops the timers. */
  readonly close: () => void;
}

/** How long an ESC may wait for the rest of its sequence before it is the Esc key. */
const escapeWaitMs = 50;
/** A reply cut in the middle may come this late; a lone `ESC ]` is a key long before. */
const stringWaitMs = 500;
const pasteEnd = "\u001b[201~";

type State =
  | { readonly kind: "ground" }
  | { readonly kind: "escape" }
  | { readonly kind: "control"; sequence: string }
  | { readonly kind: "single" }
  | { readonly kind: "string"; readonly opener: string; payload: string; escaped: boolean }
  | { readonly kind: "mouse"; left: number }
  | { readonly kind: "paste"; text: string };

/**
 * One state machine over the bytes of a terminal. Sequences, characters and pastes may be cut anywhere between reads;
 * Enter counts wherever it stands in a read, so a syllable and Enter in one read are both seen.
 */
export function createInputParser(emit: (events: readonly InputEvent[]) => void): InputParser {
  const decoder = new StringDecoder("utf8");
  let state: State = { kind: "ground" };
  let events: InputEvent[] = [];
  let run = "";
  let timer: NodeJS.Timeout | undefined;

  function endRun(): void {
    if (run !== "") events.push({ type: "text", text: run });
    run = "";
  }
  function push(event: InputEvent): void {
    endRun();
    events.push(event);
  }
  function pushKey(name: Key["name"], modifiers: Partial<Key> = {}): void {
    push(key(name, modifiers));
  }

  function inGround(character: string): void {
    const code = character.charCodeAt(0);
    if (character === "\u001b") {
      endRun();
      state = { kind: "escape" };
    } else if (character === "\r") pushKey("enter");
    else if (character === "\n") pushKey("newline");
    else if (character === "\t") pushKey("tab");
    else if (code === 0x7f || code === 0x08) pushKey("backspace");
    else if (code === 0) pushKey(" ", { ctrl: true });
    else if (code < 0x1b) pushKey(String.fromCharCode(code + 0x60), { ctrl: true });
    else if (code < 0x20) pushKey(String.fromCharCode(code + 0x40), { ctrl: true });
    else if (code < 0x80 || code > 0x9f) run += character;
  }

  function afterEscape(character: string): void {
    state = { kind: "ground" };
    if (character === "[") state = { kind: "control", sequence: "" };
    else if (character === "O") state = { kind: "single" };
    else if ("]P_^X".includes(character)) state = { kind: "string", opener: character, payload: "", escaped: false };
    else if (character === "\u001b") {
      pushKey("escape");
      state = { kind: "escape" };
    } else if (character === "\r" || character === "\n") pushKey("newline");
    else if (character === "\u007f" || character === "\b") pushKey("backspace", { alt: true });
    else if (character >= " ") push(key(character, { alt: true }));
    else inGround(character);
  }

  function inControl(sequence: string, character: string): void {
    const code = character.charCodeAt(0);
    if (code >= 0x20 && code <= 0x3f) {
      // No terminal sends longer ones: what looks like it is not a sequence.
      state = sequence.length < 64 ? { kind: "control", sequence: sequence + character } : { kind: "ground" };
      return;
    }
    state = { kind: "ground" };
    if (code < 0x40 || code > 0x7e) {
      // A key that cut a sequence short still counts.
      inGround(character);
      return;
    }
    const whole = sequence + character;
    if (whole === "200~") state = { kind: "paste", text: "" };
    else if (whole === "M") state = { kind: "mouse", left: 3 };
    else if (whole !== "201~") push(controlSequenceKey(whole) ?? { type: "reply", sequence: `[${whole}` });
  }

  function inString(current: Extract<State, { kind: "string" }>, character: string): void {
    const ended = character === "\u0007" || (current.escaped && character === "\\");
    if (ended) {
      push({ type: "reply", sequence: current.opener + current.payload });
      state = { kind: "ground" };
      return;
    }
    if (current.escaped) {
      state = { kind: "escape" };
      afterEscape(character);
      return;
    }
    if (character === "\u001b") current.escaped = true;
    else if (current.payload.length < 4096) current.payload += character;
  }

  function feed(text: string): void {
    for (let index = 0; index < text.length; index++) {
      const current = state;
      if (current.kind === "paste") {
        index = inPaste(current, text, index) - 1;
        continue;
      }
      const character = text[index] ?? "";
      switch (current.kind) {
        case "ground":
          inGround(character);
          break;
        case "escape":
          // A surrogate pair after ESC is one key.
          if (isHighSurrogate(character) && index + 1 < text.length) afterEscape(character + text[++index]);
          else afterEscape(character);
          break;
        case "control":
          inControl(current.sequence, character);
          break;
        case "single":
          state = { kind: "ground" };
          push(controlSequenceKey(character) ?? { type: "reply", sequence: `O${character}` });
          break;
        case "string":
          inString(current, character);
          break;
        case "mouse":
          current.left--;
          if (current.left === 0) state = { kind: "ground" };
          break;
      }
    }
    endRun();
  }

  /** Returns where to read on. The end mark may be cut between reads. */
  function inPaste(current: Extract<State, { kind: "paste" }>, text: string, from: number): number {
    const before = Math.max(0, current.text.length - pasteEnd.length);
    const added = current.text.length;
    current.text += text.slice(from);
    const end = current.text.indexOf(pasteEnd, before);
    if (end < 0) return text.length;
    push({ type: "paste", text: current.text.slice(0, end) });
    state = { kind: "ground" };
    return from + end + pasteEnd.length - added;
  }

  function deliver(): void {
    const ready = events;
    events = [];
    if (ready.length > 0) emit(ready);
  }

  /** Nothing more came: what stands alone is a key, what was cut is dropped. */
  function expire(): void {
    const current = state;
    state = { kind: "ground" };
    if (current.kind === "escape") pushKey("escape");
    else if (current.kind === "single") pushKey("O", { alt: true });
    else if (current.kind === "string" && current.payload === "") pushKey(current.opener, { alt: true });
    deliver();
  }

  function wait(): void {
    clearTimeout(timer);
    if (state.kind === "ground" || state.kind === "paste") return;
    const long = state.kind === "string" && state.payload !== "";
    timer = setTimeout(expire, long ? stringWaitMs : escapeWaitMs);
  }

  return {
    write(bytes) {
      feed(typeof bytes === "string" ? bytes : decoder.write(Buffer.from(bytes)));
      deliver();
      wait();
    },
    close() {
      clearTimeout(timer);
      state = { kind: "ground" };
      events = [];
      run = "";
    },
  };
}

function isHighSurrogate(character: string): boolean {
  return character >= "\ud800" && character <= "\udbff";
}
