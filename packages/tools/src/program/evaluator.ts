import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Json } from "@chingu/core/protocol";
import { type Child, type StopReason, startChild } from "./child.ts";
import { childEntry } from "./child-entry.ts";
import { bubblewrapped, type CommandLine, type Confinement, confined } from "./confine.ts";
import type { Printed } from "./output.ts";
import type { Queue } from "./queue.ts";
import { createSessions, type Session } from "./sessions.ts";

/** What became of one call, before its result has been looked at. */
export type Evaluation =
  | { readonly kind: "busy" }
  | ({ readonly durationMs: number; readonly engine: string; readonly session: Omit<Session, "child"> } & (
      | { readonly kind: "result"; readonly result: unknown; readonly printed: Printed }
      | { readonly kind: "stopped"; readonly reason: StopReason; readonly detail: string; readonly printed: Printed }
    ));

export interface Evaluator {
  /**
   * Runs one request in the thread's own child. Rejects with the signal's reason under abort (the child is killed, and
   * with it what the thread had defined), and with an `Error` when a child cannot be started.
   */
  evaluate(call: EvaluationCall): Promise<Evaluation>;
  /** Starts a child ahead of its first call. */
  prepare(): Promise<void>;
  close(): void;
}

export interface EvaluationCall {
  readonly threadId: string;
  readonly request: { readonly [name: string]: Json };
  readonly timeoutMs: number;
  readonly residentBytes: number;
  readonly signal: AbortSignal;
}

export interface EvaluatorOptions {
  readonly name: "python" | "math";
  /** The child's first line. */
  readonly init: (library: string) => Json;
  readonly queue: Queue;
  readonly confinement: Confinement;
  /** The bubblewrap program to put around the children where it works. */
  readonly bubblewrap?: string;
  readonly sessions: number;
  readonly idleMs: number;
}

/** Children of one kind, one for each thread, behind a queue that several evaluators share. */
export function createEvaluator(options: EvaluatorOptions): Evaluator {
  let chosen: Promise<() => Child> | undefined;
  /** Finds out once how a child is started here: bubblewrap is tried, and without it the permission model stands alone. */
  const chooseStart = async (): Promise<() => Child> => {
    const entry = childEntry(`${options.name}-child`);
    const init = options.init(entry.library);
    const wrapped =
      options.bubblewrap === undefined ? undefined : bubblewrapped(options.bubblewrap, entry, options.confinement);
    const commandLine =
      wrapped !== undefined && (await works(wrapped)) ? wrapped : confined(entry, options.confinement);
    return () => startChild(commandLine, init);
  };
  const starter = () => {
    chosen ??= chooseStart();
    return chosen;
  };

  const sessions = createSessions({ name: options.name, sessions: options.sessions, idleMs: options.idleMs });

  return {
    async evaluate({ threadId, request, timeoutMs, residentBytes, signal }) {
      signal.throwIfAborted();
      const release = await options.queue.enter(`${options.name} ${threadId}`, signal);
      if (release === "busy") return { kind: "busy" };
      try {
        const start = await starter();
        signal.throwIfAborted();
        const { child, ...session } = sessions.take(threadId, start);
        let lost: string | undefined;
        try {
          const ready = child.ready.catch((error: Error) => {
            throw new Error(`The ${options.name} process could not be started: ${error.message.split("\n")[0]}`);
          });
          const { engine } = await abortable(ready, signal);
          const began = performance.now();
          const end = await child.call(request, { timeoutMs, residentBytes, signal });
          if (end.kind === "stopped") lost = `the last run was ended: ${end.detail.split("\n")[0]}`;
          else if (end.final) lost = "its memory was full";
          signal.throwIfAborted();
          return { ...end, engine, session, durationMs: Math.round(performance.now() - began) };
        } finally {
          sessions.giveBack(threadId, lost);
          // The thread whose child was killed usually tries again at once.
          if (lost !== undefined) sessions.prepare(start);
        }
      } finally {
        release();
      }
    },
    async prepare() {
      sessions.prepare(await starter());
    },
    close: () => sessions.close(),
  };
}

/** Whether the confinement lets Node start at all. */
async function works({ command, args, env }: CommandLine): Promise<boolean> {
  // The same command line, but for the entry file at its end.
  const trial = [...args.slice(0, -1), "--version"];
  try {
    const { stdout } = await promisify(execFile)(command, trial, { env: { ...env }, timeout: 10_000 });
    return stdout.startsWith("v");
  } catch {
    return false;
  }
}

function abortable<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  return Promise.race([promise, aborted.promise]).finally(() => signal.removeEventListener("abort", onAbort));
}
