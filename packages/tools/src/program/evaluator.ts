import type { Json, ToolContext } from "@chingu/core/protocol";
import { z } from "zod";
import type { StopReason } from "./child.ts";
import { type ChildName, childEntry } from "./child-entry.ts";
import type { Confinement } from "./confine.ts";
import type { Printed } from "./output.ts";
import type { Queue } from "./queue.ts";
import { createSessions, type Session } from "./sessions.ts";
import { createConfiner, createStarter, type Starter } from "./starter.ts";

/** What became of one call, before its result has been looked at. */
export type Evaluation =
  | { readonly kind: "busy" }
  | ({
      readonly durationMs: number;
      readonly engine: string;
      readonly session: Omit<Session, "child"> /** The call was its child's last. */;
      readonly ended: boolean;
    } & (
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
  /** What children are started with is looked up again before the next call. */
  refresh(): void;
  close(): void;
}

export interface EvaluationCall {
  readonly threadId: string;
  /** One of several sessions of the thread; its own unless given. */
  readonly sessionId?: string | undefined;
  /** Give up what the session had defined. */
  readonly fresh?: boolean | undefined;
  readonly request: { readonly [name: string]: Json };
  readonly timeoutMs: number;
  readonly graceMs?: number;
  readonly residentBytes: number;
  readonly signal: AbortSignal;
  /** Told how far it is when something has to be fetched first. */
  readonly onProgress?: ToolContext["onProgress"] | undefined;
}

export interface EvaluatorOptions {
  readonly name: ChildName;
  /** The child's first line, or what starts children where that is not all. */
  readonly init: ((library: string) => Json) | Starter;
  readonly queue: Queue;
  readonly confinement: Confinement;
  /** The bubblewrap program to put around the children where it works. */
  readonly bubblewrap?: string | undefined;
  readonly sessions: number;
  readonly idleMs: number;
  /** How often a child may be called before its owner gets a new one; without end unless given. */
  readonly calls?: number;
  /** Keep a child ready that nobody has used; else only after one was lost. */
  readonly spare?: boolean;
}

/** A child that ran longer may have grown; a shorter call is not worth the look. */
const worthALookMs = 50;
/** Of its limit: a child that rests with more would be ended in the middle of its next call. */
const restingShare = 0.9;

/** Children of one kind, one for each thread, behind a queue that several evaluators share. */
export function createEvaluator(options: EvaluatorOptions): Evaluator {
  const starter =
    typeof options.init === "function"
      ? createStarter(
          () => childEntry(options.name),
          options.init,
          createConfiner(options.confinement, options.bubblewrap),
        )
      : options.init;
  const sessions = createSessions({ name: options.name, sessions: options.sessions, idleMs: options.idleMs });
  const { calls = Number.POSITIVE_INFINITY, spare = false } = options;

  async function prepare(): Promise<void> {
    sessions.prepare(await starter.next(undefined, true));
  }

  /** A thread that gives the name of its own session means that one. */
  const ownerOf = (threadId: string, sessionId: string | undefined) => {
    const own = JSON.stringify([threadId]);
    return sessionId === undefined || sessionId === sessions.idOf(own) ? own : JSON.stringify([threadId, sessionId]);
  };

  return {
    async evaluate({ threadId, sessionId, fresh = false, request, signal, onProgress, ...limits }) {
      const { timeoutMs, graceMs = 0, residentBytes } = limits;
      signal.throwIfAborted();
      const owner = ownerOf(threadId, sessionId);
      const release = await options.queue.enter(`${options.name} ${owner}`, signal);
      if (release === "busy") return { kind: "busy" };
      try {
        const starts = fresh || sessions.idOf(owner) === undefined;
        const start = await abortable(starter.next(onProgress, starts), signal);
        await abortable(sessions.checked(owner), signal);
        const { child, ...session } = sessions.take(owner, start, { name: sessionId, fresh });
        let lost: string | undefined;
        let told = false;
        try {
          const ready = child.ready.catch((error: Error) => {
            throw new Error(`The ${options.name} process could not be started: ${error.message.split("\n")[0]}`);
          });
          const { engine } = await abortable(ready, signal);
          const onLoading = (modules: readonly string[]) =>
            onProgress?.({ progress: 0, message: `loading ${modules.join(", ")}…` });
          const end = await child.call(request, { timeoutMs, graceMs, residentBytes, signal, onLoading });
          if (end.kind === "stopped") {
            lost = end.reason === "died" ? "its process ended" : `a run was ended: ${end.detail}`;
          } else if (end.final) {
            lost = whyFinal(end.result);
          } else if (session.callNo >= calls) {
            lost = `it had run ${calls} programs`;
          } else if (end.durationMs > worthALookMs && (await child.resident()) > residentBytes * restingShare) {
            lost = "it held too much memory";
          }
          signal.throwIfAborted();
          // The owner is told in this very result.
          const now = lost === undefined ? session : { ...session, state: "lost" as const, lostBecause: lost };
          told = lost !== undefined;
          return { ...end, engine, session: now, ended: lost !== undefined };
        } finally {
          sessions.giveBack(owner, lost, told);
          // The thread whose child was killed usually tries again at once.
          if (spare || lost !== undefined) void prepare().catch(() => undefined);
        }
      } finally {
        release();
      }
    },
    prepare,
    refresh: () => starter.refresh(),
    close() {
      starter.close();
      sessions.close();
    },
  };
}

/** Why a child that answered cannot go on. What it says is a claim, and here only chooses the words. */
function whyFinal(result: unknown): string {
  const { limit } = finalSchema.safeParse(result).data ?? {};
  if (limit === "memory") return "its memory was full";
  return limit === "recursion" ? "its program nested too deeply" : "its program left it unusable";
}
const finalSchema = z.object({ limit: z.string() });

function abortable<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  return Promise.race([promise, aborted.promise]).finally(() => signal.removeEventListener("abort", onAbort));
}
