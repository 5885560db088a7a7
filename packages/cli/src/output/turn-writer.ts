import type { AgentEvent, TurnResult } from "@chingu/core/protocol";
import { fitCells, sanitize, sanitizeLine } from "@chingu/core/text";
import { type Io, Stopped } from "../io.ts";
import type { Messages } from "../language/index.ts";
import { footnotes, spentLine } from "./format.ts";
import { createProgressLine } from "./progress-line.ts";

export type OutputForm = "text" | "json" | "jsonl";

export interface WriterOptions {
  readonly form: OutputForm;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** The terminal can only print lines. */
  readonly plain?: boolean;
  /** Write the answer as it comes; text that a retry withdraws is marked on stderr. */
  readonly stream: boolean;
  /** An output schema was given: as text, the value alone is written, on one line, and only a valid one. */
  readonly asValue?: boolean;
  readonly messages: Messages;
  readonly now: () => number;
}

/**
 * Writes one turn: stdout carries the answer (`text`), the result object (`json`) or every event (`jsonl`) and nothing
 * else; progress, receipts and errors go to stderr. Gives back the result.
 */
export async function writeTurn(
  events: AsyncIterable<AgentEvent>,
  io: Pick<Io, "stdout" | "stderr" | "signal">,
  options: WriterOptions,
): Promise<TurnResult> {
  const { form, messages } = options;
  const progress = createProgressLine(io.stderr, options);
  const note = (text: string) => {
    progress.clear();
    io.stderr.write(`${sanitizeLine(text)}\n`);
  };
  let streamed = "";
  let result: TurnResult | undefined;
  for await (const event of events) {
    if (form === "jsonl") io.stdout.write(`${JSON.stringify({ v: 1, ...event })}\n`);
    switch (event.type) {
      case "step_start":
        if (streamed && !streamed.endsWith("\n")) io.stdout.write("\n");
        streamed = "";
        break;
      case "text_delta":
        progress.clear();
        if (form === "text" && options.stream && !options.asValue) {
          const text = sanitize(event.text);
          io.stdout.write(text);
          streamed += text;
        }
        break;
      case "tool_call":
        if (options.verbose)
          note(`→ ${sanitizeLine(event.call.name)} ${fitCells(sanitizeLine(event.call.arguments), 200)}`);
        break;
      case "tool_start":
        if (!options.quiet) progress.show(messages.running(event.name));
        break;
      case "tool_progress":
        progress.show(event.message ?? messages.running(""), event.total ? event.progress / event.total : undefined);
        break;
      case "notice":
        progress.show(event.text, event.progress);
        break;
      case "retry":
        if (streamed && !streamed.endsWith("\n")) io.stdout.write("\n");
        if (streamed) note(messages.withdrawn);
        streamed = "";
        if (!options.quiet) note(messages.retry(event.attempt, event.error.message));
        break;
      case "compaction":
        if (!options.quiet) note(messages.compaction.line(event));
        break;
      case "tool_end":
        if (options.verbose && event.outcome.kind === "error") note(`${event.name}: ${event.outcome.message}`);
        break;
      case "turn_end":
        result = event.result;
        break;
      default:
        break;
    }
  }
  progress.clear();
  if (!result) throw new Error("the turn ended without a turn_end event");
  writeResult(result, streamed, io, options);
  if (options.verbose) note(spentLine(result, messages));
  return result;
}

/** Writes a result that no stream of events carried, such as that of a turn that could not begin. */
export function writeResult(
  result: TurnResult,
  streamed: string,
  { stdout, stderr, signal }: Pick<Io, "stdout" | "stderr" | "signal">,
  { form, quiet, asValue, messages }: Pick<WriterOptions, "form" | "quiet" | "asValue" | "messages">,
): void {
  const unread = signal.reason instanceof Stopped && signal.reason.exitCode === 0;
  if (unread) return;
  if (form === "json") stdout.write(`${JSON.stringify(result)}\n`);
  const said = asValue ? valueText(result) : sanitize(result.answer);
  if (form === "text" && said) {
    stdout.write(streamed ? "" : said);
    if (!said.endsWith("\n")) stdout.write("\n");
  }
  if (form === "text" && !quiet)
    for (const line of footnotes(result, messages)) stderr.write(`${sanitizeLine(line)}\n`);
  if (result.error) stderr.write(`${errorText(result.error, messages)}\n`);
  else if (result.status === "aborted") stderr.write(`${messages.stopped}\n`);
}

/** The value as one line of JSON that no terminal can be fooled with: what could is written as `\\u` escapes, which say the same. */
function valueText({ status, value }: TurnResult): string {
  if (status !== "completed") return "";
  return JSON.stringify(value).replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) =>
    character
      .split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join(""),
  );
}

/** `error: what happened. What to do.` */
export function errorText(failure: Said, messages: Messages): string {
  return `${messages.error}: ${saidText(failure)}`;
}

/** The same of what went wrong without ending the command: `warning: …`. */
export function warningText(failure: Said, messages: Messages): string {
  return `${messages.warning}: ${saidText(failure)}`;
}

interface Said {
  readonly message: string;
  readonly hint?: string | undefined;
}

function saidText({ message, hint }: Said): string {
  return [sanitizeLine(message), ...(hint ? [`  ${sanitizeLine(hint)}`] : [])].join("\n");
}
