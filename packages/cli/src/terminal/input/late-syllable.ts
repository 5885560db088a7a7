import { graphemes } from "./editor.ts";
import { isHangul } from "./hangul.ts";
import type { InputEvent } from "./parser.ts";

/** Some terminals send Enter before the syllable that Enter completed; it follows within this time. */
const holdMs = 25;

export interface LateSyllable {
  /** Takes the events of one read. */
  readonly take: (events: readonly InputEvent[]) => void;
  readonly close: () => void;
}

/**
 * Holds Enter for a moment when it follows Hangul: one syllable arriving alone in that time goes in before it.
 * Everything else passes at once and in order.
 */
export function createLateSyllable(options: {
  /** The character before the caret, as the text stands after everything delivered so far. */
  readonly beforeCaret: () => string;
  readonly deliver: (events: readonly InputEvent[]) => void;
}): LateSyllable {
  const { beforeCaret, deliver } = options;
  let held: InputEvent | undefined;
  let timer: NodeJS.Timeout | undefined;

  function release(before: readonly InputEvent[] = []): void {
    clearTimeout(timer);
    const enter = held;
    held = undefined;
    deliver(enter === undefined ? before : [...before, enter]);
  }

  return {
    take(events) {
      if (held !== undefined) {
        if (isLoneSyllable(events)) {
          release(events);
          return;
        }
        release();
      }
      const last = events.at(-1);
      const rest = events.slice(0, -1);
      if (last === undefined || last.type !== "key" || last.name !== "enter" || last.ctrl) {
        deliver(events);
        return;
      }
      if (rest.length > 0) deliver(rest);
      if (!isHangul(beforeCaret())) {
        deliver([last]);
        return;
      }
      held = last;
      timer = setTimeout(release, holdMs);
    },
    close() {
      clearTimeout(timer);
      held = undefined;
    },
  };
}

function isLoneSyllable(events: readonly InputEvent[]): boolean {
  const [event] = events;
  if (events.length !== 1 || event?.type !== "text") return false;
  return isHangul(event.text) && graphemes(event.text).length === 1;
}
