import type { Clock } from "@chingu/core/protocol";
import { reveal, sanitize } from "@chingu/core/text";
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
  /** Leaves everything unanswered. */
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
  /** The rule for good is shown, and asked about once more. */
  let confirming = false;
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

  /** The call waits until the rule is kept, so that the next one finds it. */
  async function answerAlways(): Promise<void> {
    const first = waiting.shift();
    open = false;
    confirming = false;
    lastAnswer = clock.now();
    const problem = await first?.request.always?.keep();
    transcript.add([`  ${style.dim(problem === undefined ? labels.allowedAlways : labels.allowed)}`]);
    if (problem !== undefined) {
      transcript.add(wrapText(sanitize(problem), columns() - 2).map((row) => `  ${style.error(row)}`));
    }
    first?.resolve(true);
    settle();
    onChange();
  }

  function offerAlways(): void {
    const always = waiting[0]?.request.always;
    if (always === undefined) return;
    confirming = true;
    lastAnswer = clock.now();
    const text = labels.alwaysRule(reveal(always.rule), reveal(always.folder));
    transcript.add(wrapText(text, columns() - 2).map((row) => `  ${style.warning(row)}`));
  }

  function question(): string | undefined {
    if (!open) return undefined;
    if (confirming) return labels.alwaysQuestion;
    return waiting[0]?.request.always === undefined ? labels.approvalQuestion : labels.approvalQuestionAlways;
  }

  function takeWord(word: string): void {
    if (word === "y" || word === "ㅛ") void (confirming ? answerAlways() : answer(true));
    else if (word === "n" || word === "ㅜ") refuse();
    else if ((word === "a" || word === "ㅁ") && !confirming) offerAlways();
  }

  /** No to a rule for good is not yet a no to the call. */
  function refuse(): void {
    if (!confirming) answer(false);
    confirming = false;
    lastAnswer = clock.now();
  }

  function cancel(): void {
    clearTimeout(timer);
    if (open) transcript.add([`  ${style.dim(labels.leftOpen)}`]);
    open = false;
    confirming = false;
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
    question,
    isWaiting: () => waiting.length > 0,
    take(event) {
      if (!open) {
        lastTyped = clock.now();
        settle();
        return false;
      }
      if (clock.now() < lastAnswer + betweenMs) return true;
      if (event.type === "text") takeWord(event.text.toLowerCase());
      else if (event.type === "key" && (event.name === "enter" || event.name === "escape")) refuse();
      return true;
    },
    cancel,
  };
}
