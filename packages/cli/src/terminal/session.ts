import type { TurnResult } from "@chingu/core/protocol";
import { sanitize, sanitizeLine } from "@chingu/core/text";
import { createApprovals } from "./approvals.ts";
import { findCommand, type TypedCommand, typedCommand, withOwnCommands } from "./commands.ts";
import { createComposer } from "./composer.ts";
import type { InputEvent } from "./input/parser.ts";
import { inputWidth, layoutLive, rowWidth, type Size } from "./live.ts";
import type { TerminalExit, TerminalOptions } from "./options.ts";
import type { Screen } from "./screen.ts";
import { createFlushClock } from "./stream/flush-clock.ts";
import { wrapIndented, wrapText } from "./stream/rows.ts";
import { createTranscript } from "./stream/transcript.ts";
import type { Style } from "./style.ts";
import { createTurnView, type TurnView } from "./turn-view.ts";

export interface Session {
  /** Takes what one read of the keyboard gave. */
  readonly handle: (events: readonly InputEvent[]) => void;
  readonly resize: () => void;
  /** Stops what runs and leaves; safe to call more than once, the first reason holds. */
  readonly leave: (exit: TerminalExit) => void;
  /** Settles when the person left and the running turn has ended, or was given up on. */
  readonly left: Promise<TerminalExit>;
  /** The character before the caret. */
  readonly beforeCaret: () => string;
}

export interface SessionOptions extends Pick<TerminalOptions, "runTurn" | "opening" | "commands" | "labels" | "clock"> {
  readonly screen: Screen;
  readonly style: Style;
  readonly size: () => Size;
  /** Texts that the Up key finds. */
  readonly sent: readonly string[];
}

/** A second Ctrl-C counts as the second within this time. */
const quitAgainMs = 2000;
/** How long leaving waits for a stopped turn to store what it has. */
const leaveWaitMs = 2000;
const spinner = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";

type StartTurn = NonNullable<TerminalOptions["opening"]>;

interface Running {
  readonly controller: AbortController;
  readonly startedAt: number;
  /** Absent while a command runs. */
  readonly view: TurnView | undefined;
  readonly ended: Promise<void>;
}

/** The terminal without its drawing: keys go in, frames come out on the screen, one turn runs at a time. */
export function createSession(options: SessionOptions): Session {
  const { screen, style, labels, clock, size, runTurn } = options;
  const transcript = createTranscript();
  const composer = createComposer({ labels, sent: options.sent, width: () => inputWidth(size()) });
  const approvals = createApprovals({
    transcript,
    labels,
    style,
    clock,
    columns: () => rowWidth(size()),
    onChange: refresh,
  });
  const commands = withOwnCommands({ commands: options.commands, labels, lastResult: () => lastResult });
  const beat = createFlushClock(tick);
  const gone = Promise.withResolvers<TerminalExit>();
  let running: Running | undefined;
  let queued: string[] = [];
  let lastResult: TurnResult | undefined;
  let frames = 0;
  let quitHint: NodeJS.Timeout | undefined;
  let leaving = false;

  function refresh(): void {
    const view = running?.view?.live() ?? { openRow: "", tools: [], activity: "" };
    const live = leaving
      ? { rows: [] }
      : layoutLive(
          {
            editor: composer.state(),
            turn: running === undefined ? undefined : { ...view, status: statusRow(running, view.activity) },
            queued,
            atGap: transcript.isAtGap(),
            hint: quitHint === undefined ? "" : labels.quitAgain,
            question: approvals.question(),
          },
          size(),
          { labels, style },
        );
    screen.show(transcript.take(), live);
  }

  function statusRow({ controller, startedAt }: Running, activity: string): string {
    if (quitHint !== undefined) return labels.quitAgain;
    const seconds = Math.max(0, Math.floor((clock.now() - startedAt) / 1000));
    const waiting = approvals.question() === undefined ? undefined : labels.waitingForYou;
    const doing = controller.signal.aborted ? labels.stopping : (waiting ?? (activity || labels.working));
    const head = `${spinner[frames % spinner.length]} ${labels.seconds(seconds)}`;
    if (controller.signal.aborted) return `${head}  ${doing}`;
    return `${head}  ${labels.stopHint}  ${doing}`;
  }

  function tick(): void {
    frames++;
    running?.view?.flush();
    refresh();
  }

  function addText(text: string, paint = (row: string) => row): void {
    transcript.add(wrapText(sanitize(text), rowWidth(size())).map(paint));
  }

  function submit(text: string): void {
    if (running !== undefined || approvals.isWaiting()) queued.push(text);
    else start(text);
  }

  function start(text: string): void {
    const typed = typedCommand(text);
    transcript.gap();
    transcript.add(wrapIndented(sanitize(text), rowWidth(size()), "> ", "  ").map(style.bold));
    transcript.gap();
    if (typed === undefined) launch((context) => runTurn(text, context));
    else launch(typed);
  }

  function launch(work: TypedCommand | StartTurn): void {
    const controller = new AbortController();
    const view =
      typeof work === "function" ? createTurnView({ transcript, labels, style, columns: rowWidth(size()) }) : undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    running = { controller, startedAt: clock.now(), view, ended: promise };
    beat.start();
    void finish().then(() => {
      approvals.cancel();
      const stopped = controller.signal.aborted;
      running = undefined;
      beat.stop();
      transcript.gap();
      resolve();
      if (!leaving) next(stopped);
      refresh();
    });

    async function finish(): Promise<void> {
      try {
        if (typeof work === "object") await runCommand(work, controller.signal);
        else if (view !== undefined) await runOne(work, view, controller.signal);
      } catch (error) {
        addText(labels.internal, style.error);
        addText(error instanceof Error ? error.message : String(error), style.dim);
      }
    }
  }

  /** After a turn the next text goes out; after a stop it comes back to the input, for the person to decide. */
  function next(stopped: boolean): void {
    if (stopped) {
      composer.restore(queued);
      queued = [];
      return;
    }
    const text = queued.shift();
    if (text !== undefined) start(text);
  }

  async function runOne(turn: StartTurn, view: TurnView, signal: AbortSignal): Promise<void> {
    try {
      for await (const event of turn({ signal, approve: (request) => approvals.ask(request, signal) })) {
        view.handle(event);
      }
    } finally {
      view.end();
      lastResult = view.result() ?? lastResult;
    }
  }

  async function runCommand({ name, argument }: TypedCommand, signal: AbortSignal): Promise<void> {
    const command = findCommand(commands, name);
    if (command === undefined) {
      addText(labels.unknownCommand(sanitizeLine(name)), style.error);
      return;
    }
    try {
      const { text, quit } = await command.run(argument, { signal });
      if (text !== undefined) addText(text);
      if (quit) leave({ reason: "quit", exitCode: 0 });
    } catch (error) {
      addText(labels.commandFailed(command.name, error instanceof Error ? error.message : String(error)), style.error);
    }
  }

  function stop(): void {
    approvals.cancel();
    running?.controller.abort();
  }

  function interrupt(): void {
    if (running !== undefined && !running.controller.signal.aborted) {
      stop();
      return;
    }
    if (running === undefined && composer.state().text !== "") {
      composer.clear();
      forgetQuit();
      return;
    }
    if (quitHint !== undefined) {
      leave({ reason: "quit", exitCode: 0 });
      return;
    }
    quitHint = setTimeout(() => {
      forgetQuit();
      refresh();
    }, quitAgainMs);
  }

  function forgetQuit(): void {
    clearTimeout(quitHint);
    quitHint = undefined;
  }

  function leave(exit: TerminalExit): void {
    if (leaving) return;
    leaving = true;
    forgetQuit();
    stop();
    const ended = running?.view === undefined ? Promise.resolve() : running.ended;
    let timer: NodeJS.Timeout | undefined;
    const givenUp = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, leaveWaitMs);
    });
    void Promise.race([ended, givenUp]).then(() => {
      clearTimeout(timer);
      beat.stop();
      refresh();
      gone.resolve(exit);
    });
  }

  function take(event: InputEvent): void {
    if (event.type === "reply") return;
    if (event.type === "key" && event.ctrl && event.name === "c") {
      interrupt();
      return;
    }
    forgetQuit();
    if (approvals.take(event)) return;
    if (event.type === "key" && event.name === "escape") {
      if (running !== undefined) stop();
      return;
    }
    if (event.type === "key" && event.ctrl && event.name === "d" && composer.state().text === "") {
      leave({ reason: "quit", exitCode: 0 });
      return;
    }
    const text = composer.take(event);
    if (text !== undefined) submit(text);
  }

  if (options.opening) launch(options.opening);
  refresh();
  return {
    handle(events) {
      if (leaving) return;
      for (const event of events) take(event);
      refresh();
    },
    resize() {
      running?.view?.resize(rowWidth(size()));
      refresh();
    },
    leave,
    left: gone.promise,
    beforeCaret: composer.beforeCaret,
  };
}
