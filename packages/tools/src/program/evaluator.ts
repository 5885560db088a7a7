import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Json } from "@chingu/core/protocol";
import { type Child, type StopReason, startChild } from "./child.ts";
import { childEntry } from "./child-entry.ts";
import { bubblewrapped, type Confinement, confined } from "./confine.ts";
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
  const entry = childEntry(`${options.name}-child`);
  let commandLine = confined(entry, options.confinement);
  let chosen: Promise<void> | undefined;
  /** Asks once whether bubblewrap works here; without it the permission model stands alone. */
  const choose = () => {
    chosen ??= (async () => {
      if (options.bubblewrap === undefined) return;
      const wrapped = bubblewrapped(options.bubblewrap, entry, options.confinement);
      const trial = [...wrapped.args.slice(0, -1), "--version"];
      const { stdout } = await promisify(execFile)(wrapped.command, trial, {
        env: { ...wrapped.env },
        timeout: 10_000,
      });
      if (stdout.startsWith("v")) commandLine = wrapped;
    })().catch(() => undefined);
    return chosen;
  };

  const sessions = createSessions({
    name: options.name,
    start: (): Child => startChild(commandLine, options.init(entry.library)),
    sessions: options.sessions,
    idleMs: options.idleMs,
  });

  return {
    async evaluate({ threadId, request, timeoutMs, residentBytes, signal }) {
      signal.throwIfAborted();
      const release = await options.queue.enter(`${options.name} ${threadId}`, signal);
      if (release === "busy") return { kind: "busy" };
      try {
        await choose();
        signal.throwIfAborted();
        const { child, ...session } = sessions.take(threadId);
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
          if (lost !== undefined) sessions.prepare();
        }
      } finally {
        release();
      }
    },
    async prepare() {
      await choose();
      sessions.prepare();
    },
    close: () => sessions.close(),
  };
}

function abortable<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  return Promise.race([promise, aborted.promise]).finally(() => signal.removeEventListener("abort", onAbort));
}
