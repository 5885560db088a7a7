import { constants } from "node:os";
import { textOf } from "@chingu/core/protocol";
import { render } from "ink";
import { App } from "./app.tsx";
import { createLateSyllable } from "./input/late-syllable.ts";
import { createInputParser } from "./input/parser.ts";
import { introRows } from "./intro.ts";
import { rowWidth, type Size } from "./live.ts";
import type { TerminalExit, TerminalOptions } from "./options.ts";
import { eraseReflowed } from "./reflow.ts";
import { createScreen } from "./screen.ts";
import { createSession } from "./session.ts";
import { createStyle } from "./style.ts";
import { holdTerminal } from "./tty.ts";

export { english, korean } from "./labels.ts";
export type {
  TerminalExit,
  TerminalOptions,
  TurnContext,
} from "./options.ts";

const signals = ["SIGTERM", "SIGHUP", "SIGINT"] as const;

/**
 * Talks with a person at a terminal until they leave; both streams must be terminals. Resolves with how it ended,
 * never rejects for what a turn or a command does. However it ends, the running turn is stopped and given two seconds
 * to store what it has, and the terminal is back in the state it was in.
 */
export async function runTerminal(options: TerminalOptions): Promise<TerminalExit> {
  const { stdin, stdout, labels, history } = options;
  const style = createStyle(options.color);
  const size = (): Size => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 });
  const intro = introRows({ banner: options.banner, history, labels, style, columns: rowWidth(size()) });
  const lost = Promise.withResolvers<void>();
  const terminal = holdTerminal(stdin, stdout, lost.resolve);
  try {
    stdout.write(intro.map((row) => `${row}\n`).join(""));
    const screen = createScreen();
    const sent = history.filter((message) => message.role === "user").map(textOf);
    const session = createSession({ ...options, screen, style, size, sent });
    const late = createLateSyllable({ beforeCaret: session.beforeCaret, deliver: session.handle });
    const parser = createInputParser((events) => {
      for (const event of events) if (event.type === "reply") terminal.reply(event.sequence);
      late.take(events.filter((event) => event.type !== "reply"));
    });

    const onData = (bytes: Buffer) => parser.write(bytes);
    void lost.promise.then(() => session.leave({ reason: "end_of_input", exitCode: 0 }));
    const onSignal = (signal: NodeJS.Signals) =>
      session.leave({ reason: "signal", exitCode: 128 + (constants.signals[signal] ?? 0) });
    stdin.on("data", onData);
    const onReflow = () => stdout.write(eraseReflowed(screen.frame().live, size().columns));
    // Before ink's own listener, which erases the rows it drew and draws them anew; the new layout comes after it.
    stdout.on("resize", onReflow);
    for (const signal of signals) process.on(signal, onSignal);

    const ink = render(<App screen={screen} />, {
      stdin,
      stdout,
      maxFps: 60,
      // Warp wraps Korean rows earlier than their width says, and stamps rows that are only partly redrawn.
      incrementalRendering: options.terminalProgram !== "WarpTerminal",
      exitOnCtrlC: false,
      patchConsole: false,
      interactive: true,
    });
    stdout.on("resize", session.resize);
    try {
      return await session.left;
    } finally {
      parser.close();
      late.close();
      stdin.off("data", onData);
      stdin.pause();
      await ink.waitUntilRenderFlush();
      ink.unmount();
      await ink.waitUntilExit();
      for (const signal of signals) process.off(signal, onSignal);
      stdout.off("resize", onReflow);
      stdout.off("resize", session.resize);
    }
  } finally {
    terminal.release();
  }
}
