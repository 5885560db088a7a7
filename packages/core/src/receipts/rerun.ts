import type { Toolbox } from "../mcp/toolbox.ts";
import type { ComputationReceipt, Message, Tool } from "../protocol/index.ts";
import { runsOf, type ThreadReceipt, type ThreadRun } from "./thread-receipts.ts";

export interface Ran {
  readonly value: string;
  readonly stdout: string;
}

/** What came of running a receipt's program again. */
export interface Rerun {
  readonly name: string;
  readonly tool: string;
  readonly status: "same" | "differs" | "cannot_run";
  readonly recorded: Ran;
  readonly now?: Ran;
  /** Why it cannot be run, or what it gave not be compared. */
  readonly reason?: string;
}

/**
 * Runs the programs of a thread's receipts again, in their order, and compares value and output to the letter. They share
 * one session, as they did when they were made, and what failed between them runs with them: later programs may build on
 * its names. A program that gives something else there runs once more by itself: programs sampled side by side had a
 * session each. `only` leaves out the comparisons of all but these names.
 *
 * `toolbox` has the tools that made the receipts, with nothing left over from another run. Under abort it ends early.
 */
export async function* rerunReceipts(
  messages: readonly Message[],
  { toolbox, only }: { readonly toolbox: Toolbox; readonly only?: ReadonlySet<string> | undefined },
  signal: AbortSignal,
): AsyncGenerator<Rerun> {
  const runs = runsOf(messages);
  const begun = new Set<string>();
  const wanted = ({ made }: ThreadRun) => made !== undefined && (only?.has(made.name) ?? true);
  for (const run of runs.slice(0, runs.findLastIndex(wanted) + 1)) {
    if (signal.aborted) return;
    const together = await runAgain(run, toolbox, "together", signal);
    const tool = nameOf(run);
    // The first in its session was by itself already.
    const alone = !begun.has(tool);
    begun.add(tool);
    if (!run.made || !wanted(run)) continue;
    const first = compare(run.made, together);
    const settled = first.status === "same" || together === noTool || alone || signal.aborted;
    const second = settled ? first : compare(run.made, await runAgain(run, toolbox, run.made.name, signal));
    if (!signal.aborted) yield second.status === "same" ? second : first;
  }
}

const nameOf = ({ call, made }: ThreadRun) => made?.receipt.tool ?? call.name;

type Outcome = Ran | { readonly reason: string };

const noTool: Outcome = { reason: "there is no such tool here" };

async function runAgain(run: ThreadRun, toolbox: Toolbox, session: string, signal: AbortSignal): Promise<Outcome> {
  const name = nameOf(run);
  const tool = toolbox.list().find((one) => one.name === name);
  const input = tool && inputOf(run, tool);
  if (!input) return noTool;
  const { outcome, receipt } = await toolbox.call({ ...run.call, name }, input, {
    signal,
    onProgress: () => {},
    threadId: session,
  });
  if (outcome.kind !== "value") return { reason: outcome.message };
  return receipt?.kind === "computation" ? receipt : { reason: "it ran and gave no value" };
}

/** The arguments of the call, where they hold the receipt's own program: how long it may run is among them. */
function inputOf({ call, made }: ThreadRun, { inputSchema }: Tool): { readonly [key: string]: unknown } | undefined {
  const properties = inputSchema["properties"] ?? {};
  const field = ["code", "expression"].find((name) => name in (properties as object));
  if (field === undefined) return undefined;
  const written = parse(call.arguments);
  const program = made?.receipt.program ?? written[field];
  return written[field] === program ? written : { [field]: program };
}

function parse(json: string): { readonly [key: string]: unknown } {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function compare({ name, receipt }: ThreadReceipt<ComputationReceipt>, outcome: Outcome): Rerun {
  const { tool, value, stdout } = receipt;
  const recorded = { value, stdout };
  if ("reason" in outcome) return { name, tool, status: "cannot_run", recorded, reason: outcome.reason };
  const now = { value: outcome.value, stdout: outcome.stdout };
  if (now.value !== value || now.stdout !== stdout) return { name, tool, status: "differs", recorded, now };
  if (!receipt.truncated) return { name, tool, status: "same", recorded, now };
  return { name, tool, status: "cannot_run", recorded, now, reason: "its value was too long to be kept whole" };
}
