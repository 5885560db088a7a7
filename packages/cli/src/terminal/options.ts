import type { ReadStream, WriteStream } from "node:tty";
import type { AgentEvent, Clock, Message, ToolCall } from "@chingu/core/protocol";
import type { TerminalCommand } from "../slash-command.ts";
import type { TerminalLabels } from "./labels.ts";

/** A tool call that waits for the person's word. */
export interface ApprovalRequest {
  readonly call: ToolCall;
  /** Why it is asked: the rule or the risk, in the user's language. */
  readonly reason: string;
  /** What "always" means here; absent where there is no such answer. */
  readonly always?: {
    readonly rule: string;
    /** Where the rule holds. */
    readonly folder: string;
    /** Keeps the rule; resolves with what went wrong. Never rejects. */
    readonly keep: () => Promise<string | undefined>;
  };
}

export interface TurnContext {
  /** Aborted when the person stops the turn or leaves. */
  readonly signal: AbortSignal;
  /** Resolves with the person's answer, with `false` when the turn is stopped. Never rejects. */
  readonly approve: (request: ApprovalRequest) => Promise<boolean>;
}

export interface TerminalOptions {
  readonly stdin: ReadStream;
  readonly stdout: WriteStream;
  /** Lines above the first prompt: which model answers, warnings, hints. */
  readonly banner: readonly string[];
  /** The messages of a resumed thread, oldest first; the last ones are shown. */
  readonly history: readonly Message[];
  /** Runs one turn; its last event is `turn_end`. */
  readonly runTurn: (text: string, context: TurnContext) => AsyncIterable<AgentEvent>;
  /** A turn that goes on with what the thread left open; it runs before anything is typed. */
  readonly opening?: (context: TurnContext) => AsyncIterable<AgentEvent>;
  /** `/help`, `/why` and `/quit` are always there; one given here under such a name takes its place. */
  readonly commands: readonly TerminalCommand[];
  readonly labels: TerminalLabels;
  readonly color: boolean;
  readonly clock: Clock;
  /** `TERM_PROGRAM`, where known: some terminals need the plainer way of drawing. */
  readonly terminalProgram?: string | undefined;
}

export interface TerminalExit {
  /** `end_of_input`: the terminal went away. */
  readonly reason: "quit" | "end_of_input" | "signal";
  /** 0, or 128 and the signal's number, as shells count. */
  readonly exitCode: number;
}
