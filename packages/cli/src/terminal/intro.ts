import { type Message, textOf } from "@chingu/core/protocol";
import { fitCells, sanitize, sanitizeLine } from "@chingu/core/text";
import { shortArguments } from "./arguments.ts";
import type { TerminalLabels } from "./labels.ts";
import { wrapIndented, wrapText } from "./stream/rows.ts";
import { createTranscript } from "./stream/transcript.ts";
import type { Style } from "./style.ts";

/** How many messages of a resumed thread are shown. */
const shownMessages = 20;

/**
 * The rows above the first prompt: the banner and the end of the thread so far. They are written as text before
 * anything is mounted, which costs a hundredth of rendering them.
 */
export function introRows(options: {
  readonly banner: readonly string[];
  readonly history: readonly Message[];
  readonly labels: TerminalLabels;
  readonly style: Style;
  readonly columns: number;
}): string[] {
  const { banner, history, labels, style, columns } = options;
  const transcript = createTranscript();
  for (const line of banner) transcript.add(wrapText(sanitize(line), columns).map(style.dim));
  const shown = history.slice(-shownMessages);
  if (shown.length > 0) transcript.gap();
  if (shown.length < history.length) transcript.add([style.dim(labels.earlier(history.length - shown.length))]);
  for (const message of shown) {
    const text = sanitize(textOf(message)).trim();
    if (message.role === "tool") continue;
    if (text !== "") {
      transcript.gap();
      transcript.add(
        message.role === "user" ? wrapIndented(text, columns, "> ", "  ").map(style.bold) : wrapText(text, columns),
      );
    }
    const calls = message.parts.flatMap((part) => (part.type === "tool_call" ? [part.call] : []));
    if (calls.length > 0) transcript.gap();
    for (const call of calls) {
      const name = sanitizeLine(call.name);
      const rest = fitCells(shortArguments(call.arguments), Math.max(0, columns - name.length - 3));
      transcript.add([`${style.accent("*")} ${style.bold(name)} ${rest}`.trimEnd()]);
    }
  }
  transcript.gap();
  return transcript.take();
}
