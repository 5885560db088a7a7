import type { Clock } from "@chingu/core/protocol";
import { sanitize } from "@chingu/core/text";
import { exactArguments, exactName } from "./arguments.ts";
import type { InputEvent } from "./input/parser.ts";
import type { TerminalLabels } from "./labels.ts";
import type { ApprovalRequest } from "./options.ts";
import { wrapText } from "./stream/rows.ts";
import type { Transcript } from "./stream/transcript.ts";
import type { Style } from "./style.ts";

/** The questions that calls wait for, one at a time. */
export interface Approvals {
  /** Resolves with the person's answer; with `false` under abort. */
  readonly ask: (request: ApprovalRequest, signal: AbortSignal) => Promise<boolean>;
  /** The question to show, while one is open for an answer. */
  readonly question: () => string | undefined;
  readonly isWaiting: () => boolean;
  /** True when the event was an answer, or is not for anyone else while a question is open. */
  readonly take: (event: InputEvent) => boolean;
  /** Answers everything with no. */
  readonly cancel: () => void;
}

/** Someone in the middle of writing does not answer a question that has just appeared: keys go on to the input. */
const settleMs = 500;
/** A key held down, or pressed twice, answers one question and not the one that comes after it. */
const betweenMs = 300;

interface Waiting {
  readonly request: ApprovalRequest;
  readonly resolve: (allowed: boolean) => void;
}

export function createApprovals(options: {
  readonly transcript: Transcript;
  readonly labels: TerminalLabels;
  readonly style: Style;
  readonly clock: Clock;
  readonly columns: () => number;
  readonly onChange: () => void;
}): Approvals {
  const { transcript, labels, style, clock, columns, onChange } = options;
  let waiting: Waiting[] = [];
  let open = false;
  let lastAnswer = Number.NEGATIVE_INFINITY;
  let lastTyped = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;

  /** Opens the first question once the hands are still. */
  function settle(): void {
    clearTimeout(timer);
    const [first] = waiting;
    if (first === undefined || open) return;
    const left = lastTyped + settleMs - clock.now();
    if (left > 0) {
      timer = setTimeout(settle, left);
      return;
    }
    open = true;
    print(first.request);
    onChange();
  }

  // The call is printed whole above the question: the live rows may be too few for it.
  function print({ call, reason }: ApprovalRequest): void {
    const width = columns();
    transcript.gap();
    transcript.add(wrapText(`? ${labels.approval(exactName(call.name))}`, width).map(style.warning));
    for (const { name, value } of exactArguments(call.arguments)) {
      if (name !== "") transcript.add(wrapText(`${name}:`, width - 2).map((row) => `  ${style.dim(row)}`));
      transcript.add(wrapText(value, width - 4).map((row) => `    ${row}`));
    }
    if (reason !== "") transcript.add(wrapText(sanitize(reason), width - 2).map((row) => `  ${style.dim(row)}`));
  }

  function answer(allowed: boolean): void {
    const first = waiting.shift();
    open = false;
    lastAnswer = clock.now();
    transcript.add([`  ${style.dim(allowed ? labels.allowed : labels.denied)}`]);
    first?.resolve(allowed);
    settle();
  }

  function cancel(): void {
    clearTimeout(timer);
    if (open) transcript.add([`  ${style.dim(labels.denied)}`]);
    open = false;
    const refused = waiting;
    waiting = [];
    for (const { resolve } of refused) resolve(false);
  }

  return {
    ask(request, signal) {
      if (signal.aborted) return Promise.resolve(false);
      const { promise, resolve } = Promise.withResolvers<boolean>();
      waiting.push({ request, resolve });
      settle();
      return promise;
    },
    question: () => (open ? labels.approvalQuestion : undefined),
    isWaiting: () => waiting.length > 0,
    take(event) {
      if (!open) {
        lastTyped = clock.now();
        settle();
        return false;
      }
      if (clock.now() < lastAnswer + betweenMs) return true;
      if (event.type === "text") {
        const word = event.text.toLowerCase();
        if (word === "y" || word === "ㅛ") answer(true);
        else if (word === "n" || word === "ㅜ") answer(false);
      } else if (event.type === "key" && (event.name === "enter" || event.name === "escape")) answer(false);
      return true;
    },
    cancel,
  };
}
