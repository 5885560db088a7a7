import type { AgentEvent, ToolCall, ToolOutcome, TurnResult } from "@chingu/core/protocol";
import { fitCells, sanitize, sanitizeLine } from "@chingu/core/text";
import { shortArguments } from "./arguments.ts";
import type { TerminalLabels } from "./labels.ts";
import { receiptsLine } from "./receipts.ts";
import { createRowStream, wrapText } from "./stream/rows.ts";
import type { Transcript } from "./stream/transcript.ts";
import type { Style } from "./style.ts";

/** What of a running turn is still moving. */
export interface LiveTurn {
  /** The row being written; empty when none is. */
  readonly openRow: string;
  /** The calls that are out, oldest first. */
  readonly tools: readonly string[];
  /** One short phrase: what the turn is doing. */
  readonly activity: string;
}

export interface TurnView {
  readonly handle: (event: AgentEvent) => void;
  /** Moves the text received so far into rows. */
  readonly flush: () => void;
  readonly live: () => LiveTurn;
  /** Ends the view however the turn ended: what was still open is committed. */
  readonly end: () => void;
  readonly resize: (columns: number) => void;
  readonly result: () => TurnResult | undefined;
}

/** How many rows of a tool's result are shown; the receipts hold the rest. */
const resultRows = 5;

/** Turns the events of one turn into rows: finished ones go to the transcript, the others are `live`. */
export function createTurnView(options: {
  readonly transcript: Transcript;
  readonly labels: TerminalLabels;
  readonly style: Style;
  readonly columns: number;
}): TurnView {
  const { transcript, labels, style } = options;
  let columns = options.columns;
  const rows = createRowStream(columns);
  const calls = new Map<string, { readonly call: ToolCall; started: boolean; progress: string }>();
  let activity = labels.working;
  let received = "";
  /** Line ends wait for text behind them, so that an answer does not end in blank rows. */
  let held = "";
  let inBlock = false;
  let stepHasText = false;
  let lastNotice = "";
  let afterTool = false;
  let result: TurnResult | undefined;

  function flush(): void {
    // A line end may be cut between its two characters.
    const kept = received.endsWith("\r") ? "\r" : "";
    let text = held + sanitize(kept === "" ? received : received.slice(0, -1));
    received = kept;
    if (!inBlock) text = text.replace(/^\s*\n/, "");
    const trailing = text.trimEnd().length;
    held = text.slice(trailing);
    text = text.slice(0, trailing);
    if (text === "") return;
    if (!inBlock) transcript.gap();
    inBlock = true;
    afterTool = false;
    stepHasText = true;
    transcript.add(rows.push(text));
  }

  function closeBlock(): void {
    flush();
    received = "";
    held = "";
    transcript.add(rows.end());
    inBlock = false;
  }

  function addTool(call: ToolCall, outcome: ToolOutcome | undefined): void {
    if (!afterTool) transcript.gap();
    transcript.add([toolRow(call)]);
    const { text, failed } = describe(outcome, labels);
    const shown = limitRows(text, columns - 2, labels);
    transcript.add(shown.map((row) => `  ${failed ? style.error(row) : style.dim(row)}`));
    afterTool = true;
  }

  function toolRow(call: ToolCall, progress = ""): string {
    const name = sanitizeLine(call.name);
    const rest = fitCells(
      [shortArguments(call.arguments), progress].join(" ").trim(),
      Math.max(0, columns - name.length - 3),
    );
    return `${style.accent("*")} ${style.bold(name)} ${rest}`.trimEnd();
  }

  function addNote(text: string, paint: (text: string) => string): void {
    transcript.add(wrapText(sanitize(text), columns).map(paint));
    afterTool = false;
  }

  function withdraw(message: string): void {
    const printed = inBlock;
    rows.drop();
    received = "";
    held = "";
    inBlock = false;
    transcript.gap();
    addNote(`! ${message}`, style.warning);
    if (printed || stepHasText) addNote(labels.withdrawn, style.warning);
    stepHasText = false;
  }

  function finish(ended: TurnResult): void {
    result = ended;
    closeBlock();
    for (const { call } of calls.values()) addTool(call, undefined);
    calls.clear();
    if (!stepHasText && ended.answer.trim() !== "") {
      received = ended.answer;
      closeBlock();
    }
    if (ended.status !== "completed") {
      transcript.gap();
      addNote(labels.status[ended.status], ended.status === "aborted" ? style.dim : style.error);
      if (ended.error !== null && ended.status !== "aborted") {
        addNote(ended.error.message, style.error);
        if (ended.error.hint !== undefined) addNote(ended.error.hint, style.dim);
      }
    }
    const unsupported = [...new Set(ended.unsupported.map((span) => sanitizeLine(span.text)))];
    if (unsupported.length > 0 || ended.receipts.length > 0) transcript.gap();
    if (unsupported.length > 0) addNote(labels.notComputed(unsupported.join(", ")), style.warning);
    if (ended.receipts.length > 0) addNote(receiptsLine(ended.receipts, labels), style.dim);
  }

  function handle(event: AgentEvent): void {
    switch (event.type) {
      case "step_start":
        closeBlock();
        stepHasText = false;
        activity = labels.working;
        return;
      case "text_delta":
        received += event.text;
        activity = labels.writing;
        return;
      case "reasoning_delta":
        activity = labels.thinking;
        return;
      case "tool_call_delta":
        activity = labels.callingTool(sanitizeLine(event.name));
        return;
      case "tool_call":
        closeBlock();
        if (!afterTool) transcript.gap();
        calls.set(event.call.id, { call: event.call, started: false, progress: "" });
        activity = labels.working;
        return;
      case "tool_start": {
        const waiting = calls.get(event.callId);
        if (waiting !== undefined) waiting.started = true;
        return;
      }
      case "tool_progress": {
        const running = calls.get(event.callId);
        if (running !== undefined) running.progress = progressText(event);
        return;
      }
      case "tool_end": {
        const call = calls.get(event.callId)?.call ?? { id: event.callId, name: event.name, arguments: "" };
        calls.delete(event.callId);
        closeBlock();
        addTool(call, event.outcome);
        return;
      }
      case "retry":
        withdraw(event.error.message);
        activity = labels.retrying(event.attempt);
        return;
      case "compaction":
        closeBlock();
        addNote(labels.compacted(event), style.dim);
        return;
      case "notice":
        if (event.progress !== undefined) {
          const percent = Math.floor(Math.min(1, Math.max(0, event.progress)) * 100);
          activity = event.progress >= 1 ? labels.working : `${sanitizeLine(event.text)} ${percent}%`;
        } else if (event.text !== lastNotice) {
          lastNotice = event.text;
          closeBlock();
          addNote(`! ${event.text}`, style.dim);
        }
        return;
      case "turn_end":
        finish(event.result);
        return;
      case "turn_start":
      case "approval_request":
      case "approval":
      case "message":
      case "usage":
        return;
      default:
        event satisfies never;
    }
  }

  return {
    handle,
    flush,
    live: () => ({
      openRow: rows.open(),
      tools: [...calls.values()].flatMap(({ call, started, progress }) => (started ? [toolRow(call, progress)] : [])),
      activity,
    }),
    end() {
      closeBlock();
      for (const { call } of calls.values()) addTool(call, undefined);
      calls.clear();
    },
    resize(next) {
      columns = next;
      rows.resize(next);
    },
    result: () => result,
  };
}

function describe(outcome: ToolOutcome | undefined, labels: TerminalLabels): { text: string; failed: boolean } {
  if (outcome === undefined) return { text: labels.toolStopped, failed: false };
  switch (outcome.kind) {
    case "value":
      return { text: outcome.display ?? outcome.content, failed: false };
    case "error": {
      if (outcome.code === "denied") return { text: labels.denied, failed: true };
      const hint = outcome.hint === undefined ? "" : `\n${outcome.hint}`;
      return { text: `${labels.toolFailed}: ${outcome.message}${hint}`, failed: true };
    }
    case "unknown":
      return { text: `${labels.toolUnknown}: ${outcome.message}`, failed: true };
  }
}

function limitRows(text: string, columns: number, labels: TerminalLabels): string[] {
  const lines = sanitize(text).trim().split("\n");
  const shown: string[] = [];
  let used = 0;
  for (const line of lines) {
    const wrapped = wrapText(line, columns);
    if (shown.length + wrapped.length > resultRows) break;
    shown.push(...wrapped);
    used++;
  }
  if (used === lines.length) return shown;
  // A first line longer than the whole room is cut rather than left out.
  const head =
    used === 0 ? [...wrapText((lines[0] ?? "").slice(0, columns * resultRows), columns).slice(0, resultRows - 1)] : [];
  return [...shown, ...head, labels.moreLines(lines.length - used)];
}

function progressText(event: Extract<AgentEvent, { type: "tool_progress" }>): string {
  const share =
    event.total === undefined || event.total <= 0 ? "" : `${Math.floor((event.progress / event.total) * 100)}%`;
  return [share, event.message === undefined ? "" : sanitizeLine(event.message)].filter(Boolean).join(" ");
}
