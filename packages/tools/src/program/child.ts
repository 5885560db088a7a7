import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import type { Json } from "@chingu/core/protocol";
import { z } from "zod";
import type { CommandLine } from "./confine.ts";
import { killAll, ownGroup } from "./kill.ts";
import { programLimits } from "./limits.ts";
import { createOutputKeeper, type Printed } from "./output.ts";
import { residentBytes } from "./resident.ts";

/** Why a child ended before it answered. */
export type StopReason = "time" | "memory" | "output" | "aborted" | "died";

/** What became of one request, and how long it took without what had to be loaded first. After `stopped` the child is gone. */
export type CallEnd = { readonly durationMs: number } & Ended;
type Ended =
  // `final`: the child answered and says that it cannot take another call.
  | { readonly kind: "result"; readonly result: unknown; readonly printed: Printed; readonly final: boolean }
  | { readonly kind: "stopped"; readonly reason: StopReason; readonly detail: string; readonly printed: Printed };

export interface Ready {
  readonly engine: string;
  /** Of children that can start from a snapshot: whether this one did, or was given one and found it wrong. */
  readonly from?: "cold" | "snapshot" | "refused" | undefined;
}

export interface Child {
  /** Settles when the child can take calls; rejects when it cannot be started. */
  readonly ready: Promise<Ready>;
  readonly alive: boolean;
  /** Settles when it is known whether the child still answers after its last call. Never rejects. */
  checked(): Promise<void>;
  /** Of the child and what is below it, in bytes; 0 where the system does not tell. */
  resident(): Promise<number>;
  /**
   * Sends one request; one at a time. Never rejects. After the time limit and its grace, over a memory or output limit
   * and under abort the child is killed at once.
   */
  call(request: { readonly [name: string]: Json }, options: CallOptions): Promise<CallEnd>;
  kill(): void;
}

export interface CallOptions {
  readonly timeoutMs: number;
  /** For a child that keeps its time itself: how much later it is killed when it does not. */
  readonly graceMs?: number;
  readonly residentBytes: number;
  readonly signal: AbortSignal;
  /** Called when the child loads packages before the program's time begins. */
  readonly onLoading?: ((modules: readonly string[]) => void) | undefined;
}

const frameSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("ready"),
    engine: z.string().max(100),
    from: z.enum(["cold", "snapshot", "refused"]).optional(),
  }),
  z.object({ kind: z.literal("pong"), id: z.string() }),
  // Before a program that imports packages which this child has not loaded yet: its time runs from `begun`.
  z.object({ kind: z.literal("loading"), id: z.string(), modules: z.array(z.string().max(100)).max(20) }),
  z.object({ kind: z.literal("begun"), id: z.string() }),
  z.object({ kind: z.literal("output"), id: z.string(), stream: z.enum(["stdout", "stderr"]), text: z.string() }),
  z.object({ kind: z.literal("result"), id: z.string(), result: z.unknown(), final: z.boolean().default(false) }),
]);
type Frame = z.infer<typeof frameSchema>;

/**
 * Starts a child and speaks with it in lines of JSON. The child is not trusted: a line that is too long, that is no
 * frame, that answers no open request or answers it twice ends it. With `pings` it is asked after each call whether it
 * still answers; it is ended when it does not, and the next call need not find out.
 */
export function startChild({ command, args, env }: CommandLine, init: Json, { pings = false } = {}): Child {
  const started = Promise.withResolvers<Ready>();
  // Whoever never waits for `ready` must not be ended by its rejection.
  started.promise.catch(() => undefined);
  const { frameBytes, startMs, pingMs } = programLimits.process;
  let alive = true;
  let complaints = "";
  let onFrame: ((frame: Frame) => void) | undefined;
  let onEnd: ((reason: StopReason, detail: string) => void) | undefined;
  let checked: Promise<void> | undefined;

  const process = spawn(command, args, { env, cwd: "/", stdio: "pipe", ...ownGroup });
  const startTimer = setTimeout(() => end("time", `did not start within ${startMs / 1000} s`), startMs);

  /** A child that waits for work never keeps the program alive; one that starts or works does. */
  function rest(): void {
    process.unref();
    for (const stream of [process.stdin, process.stdout, process.stderr]) {
      (stream as unknown as { unref?: () => void }).unref?.();
    }
  }

  function end(reason: StopReason, detail: string): void {
    if (!alive) return;
    alive = false;
    clearTimeout(startTimer);
    killAll(process);
    started.reject(new Error(detail));
    onEnd?.(reason, detail);
  }

  function receive(line: string): void {
    const frame = frameSchema.safeParse(parseJson(line));
    if (!frame.success) {
      end("died", "it sent something that is not an answer");
      return;
    }
    if (frame.data.kind === "ready" && onFrame === undefined) {
      clearTimeout(startTimer);
      rest();
      started.resolve(frame.data);
      return;
    }
    if (onFrame === undefined) end("died", "it answered without being asked");
    else onFrame(frame.data);
  }

  let pending: Buffer[] = [];
  let pendingBytes = 0;
  process.stdout.on("data", (chunk: Buffer) => {
    let from = 0;
    for (let at = chunk.indexOf(10); at !== -1 && alive; at = chunk.indexOf(10, from)) {
      const line = Buffer.concat([...pending, chunk.subarray(from, at)]);
      pending = [];
      pendingBytes = 0;
      from = at + 1;
      if (line.length > frameBytes) return end("died", "its answer was too long");
      receive(line.toString("utf8"));
    }
    if (!alive) return;
    pending.push(chunk.subarray(from));
    pendingBytes += chunk.length - from;
    if (pendingBytes > frameBytes) end("died", "its answer was too long");
  });
  process.stderr.on("data", (chunk: Buffer) => {
    complaints = (complaints + chunk.toString("utf8")).slice(-4000);
  });
  process.stdin.on("error", () => undefined);
  process.on("error", (error) => end("died", error.message));
  process.on("close", (code, signal) => {
    const outOfMemory = /out of memory|Cannot allocate/i.test(complaints);
    const how = signal ? `ended by ${signal}` : `ended with code ${code}`;
    end(outOfMemory ? "memory" : "died", [how, complaints.trim()].filter(Boolean).join(": "));
  });
  process.stdin.write(`${JSON.stringify(init)}\n`);

  /** Settles when the child has answered or has been ended. */
  function ping(): Promise<void> {
    const id = randomUUID();
    const answered = Promise.withResolvers<void>();
    // Not unreferenced: the next call may wait for it, and nothing else may keep us alive meanwhile.
    const timer = setTimeout(() => end("died", "it no longer answered"), pingMs);
    const settle = () => {
      clearTimeout(timer);
      onFrame = undefined;
      onEnd = undefined;
      checked = undefined;
      answered.resolve();
    };
    onEnd = settle;
    onFrame = (frame) => (frame.kind === "pong" && frame.id === id ? settle() : end("died", "it answered unasked"));
    process.stdin.write(`${JSON.stringify({ ping: id })}\n`);
    return answered.promise;
  }

  return {
    ready: started.promise,
    get alive() {
      return alive;
    },
    checked: async () => checked,
    resident: () => residentBytes(process.pid ?? 0),
    kill: () => end("aborted", "closed"),
    async call(request, { timeoutMs, graceMs = 0, residentBytes: memoryLimit, signal, onLoading }) {
      await checked;
      const output = createOutputKeeper(programLimits.output);
      // The id cannot be guessed, so nothing sent ahead of the request can pass for its answer.
      const id = randomUUID();
      return new Promise((resolve) => {
        const finish = (callEnd: Ended) => {
          clearTimeout(timer);
          clearInterval(watch);
          signal.removeEventListener("abort", onAbort);
          onFrame = undefined;
          onEnd = undefined;
          if (pings && alive) checked = ping();
          resolve({ ...callEnd, durationMs: Math.round(performance.now() - began) });
        };
        const late = `stopped after ${timeoutMs / 1000} s`;
        let began = performance.now();
        let stage: "start" | "loading" | "begun" = "start";
        onEnd = (reason, detail) => {
          // Being interrupted is too much for some: it was the limit that ended them.
          const overdue = reason === "died" && stage !== "loading" && performance.now() - began >= timeoutMs;
          const why = overdue ? { reason: "time" as const, detail: late } : { reason, detail };
          finish({ kind: "stopped", ...why, printed: output.read() });
        };
        onFrame = (frame) => {
          if (frame.kind === "ready" || frame.kind === "pong" || frame.id !== id)
            return end("died", "it answered another request");
          if (frame.kind === "loading") {
            // Once in a call: it must not buy time again and again.
            if (stage !== "start") return end("died", "it loaded packages twice");
            stage = "loading";
            const modules = frame.modules.join(", ");
            clearTimeout(timer);
            timer = setTimeout(() => end("died", `loading ${modules} took longer than ${startMs / 1000} s`), startMs);
            onLoading?.(frame.modules);
            return;
          }
          if (frame.kind === "begun") {
            if (stage !== "loading") return end("died", "it began twice");
            stage = "begun";
            began = performance.now();
            clearTimeout(timer);
            timer = setTimeout(() => end("time", late), timeoutMs + graceMs);
            return;
          }
          if (frame.kind === "result") {
            const { result, final } = frame;
            return finish({ kind: "result", result, final, printed: output.read() });
          }
          output.add(frame.stream, frame.text);
          if (output.bytes > programLimits.output.floodBytes) end("output", "it printed too much");
        };
        const onAbort = () => end("aborted", "cancelled");
        let timer = setTimeout(() => end("time", late), timeoutMs + graceMs);
        const watch = setInterval(async () => {
          if ((await residentBytes(process.pid ?? 0)) > memoryLimit) end("memory", "it used too much memory");
        }, programLimits.process.watchEveryMs);
        signal.addEventListener("abort", onAbort, { once: true });
        if (signal.aborted) return onAbort();
        if (!alive) return onEnd("died", complaints);
        process.stdin.write(`${JSON.stringify({ ...request, id })}\n`);
      });
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
