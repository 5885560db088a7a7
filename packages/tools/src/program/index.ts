import type { ToolDefinition } from "@chingu/core/protocol";
import { createCalculate } from "./calculate.ts";
import { javascriptLibraries } from "./child-entry.ts";
import { createEvaluator } from "./evaluator.ts";
import { javascriptDriver } from "./javascript-driver.ts";
import { programLimits } from "./limits.ts";
import { type FindPackages, noPackages } from "./packages.ts";
import { createPythonStarter } from "./python-starter.ts";
import { createQueue } from "./queue.ts";
import { createRunJavascript } from "./run-javascript.ts";
import { createRunPython } from "./run-python.ts";
import { createConfiner } from "./starter.ts";

export interface ProgramToolsOptions {
  /** The Node that runs the children; the running one unless given. It must be 24 or later; from 25 on it closes the network too. */
  readonly node?: string;
  /** IANA name of the zone in which programs read the clock; the system's unless given. */
  readonly timeZone?: string;
  /** The bubblewrap program, or `false` for none. It is used where it works and passed over where it does not. */
  readonly bubblewrap?: string | false;
  /** How long a call may run unless it says otherwise; never longer than the tools' own limits. */
  readonly timeMs?: number;
  /** How many conversations keep their interpreter at once. */
  readonly sessions?: number;
  /** An interpreter that is not used for this long is ended. */
  readonly idleMs?: number;
  /** The Python packages of this machine; none unless given. */
  readonly packages?: FindPackages;
  /** The folder that keeps a started Python interpreter, so that the next start is quick; nothing is kept unless given. */
  readonly snapshotFolder?: string;
}

export interface ProgramTools {
  readonly tools: readonly ToolDefinition[];
  /** Starts an interpreter ahead of the first call, so that it need not wait. Never rejects. */
  prepare(): Promise<void>;
  /**
   * Keeps a started Python interpreter with the packages as they are now, unless one is kept already: worth the wait of
   * some seconds after packages were fetched. Whether one is kept then; never rejects.
   */
  keepSnapshot(): Promise<boolean>;
  /** Ends every child. Calls after this fail. */
  close(): Promise<void>;
}

/** `calculate`, `run_python` and `run_javascript`: programs a model wrote, run in locked child processes that are started when needed. */
export function createProgramTools(options: ProgramToolsOptions = {}): ProgramTools {
  const { running, waiting, sessions, idleMs } = programLimits.pool;
  const shared = {
    queue: createQueue({ running, waiting }),
    confinement: {
      node: options.node ?? process.execPath,
      timeZone: options.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    },
    sessions: options.sessions ?? sessions,
    idleMs: options.idleMs ?? idleMs,
    bubblewrap: options.bubblewrap === false ? undefined : (options.bubblewrap ?? "bwrap"),
  };
  const timeMs = options.timeMs ?? Number.POSITIVE_INFINITY;
  const starter = createPythonStarter({
    confinement: shared.confinement,
    confine: createConfiner(shared.confinement, shared.bubblewrap),
    packages: options.packages ?? (async () => noPackages),
    ...(options.snapshotFolder !== undefined && { snapshotFolder: options.snapshotFolder }),
  });
  const python = createEvaluator({
    ...shared,
    name: "python",
    init: starter,
    calls: programLimits.program.calls,
    spare: true,
  });
  const javascript = createEvaluator({
    ...shared,
    name: "javascript",
    init: () => ({
      libraries: { ...javascriptLibraries() },
      driver: javascriptDriver,
      limits: programLimits.javascript,
    }),
    calls: programLimits.program.calls,
  });
  const math = createEvaluator({
    ...shared,
    name: "math",
    init: (library) => ({ library, limits: programLimits.calculate }),
  });
  return {
    tools: [createCalculate(math, timeMs), createRunPython(python, timeMs), createRunJavascript(javascript, timeMs)],
    prepare: () => python.prepare().catch(() => undefined),
    keepSnapshot: () => starter.makeSnapshot().catch(() => false),
    async close() {
      python.close();
      javascript.close();
      math.close();
    },
  };
}
