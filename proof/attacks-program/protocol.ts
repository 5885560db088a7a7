import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { ToolReturn } from "../../packages/core/src/protocol/index.ts";
import { createProgramTools, type ProgramTools } from "../../packages/tools/src/index.ts";

export interface Outcome {
  readonly name: string;
  readonly tookMs: number;
  readonly faults: readonly string[];
}

interface Scenario {
  readonly name: string;
  /** Changes the one snapshot in the folder before the tools start. */
  readonly spoil?: (path: string) => void;
  readonly run: (python: Call) => Promise<readonly string[]>;
}

type Call = (
  code: string,
  options?: { readonly thread?: string; readonly signal?: AbortSignal },
) => Promise<ToolReturn>;

const right = async (python: Call, thread = "a") => {
  const { content } = await python("sum(range(10))", { thread });
  return String(content).includes("45") ? [] : [`the next call says: ${String(content).slice(0, 200)}`];
};

const loop = "while True: pass";

const scenarios: readonly Scenario[] = [
  {
    name: "the child is killed in the middle of a call",
    async run(python) {
      await python("1");
      const before = new Set(pythonChildren());
      const call = python("import time\ntime.sleep(5)");
      await delay(300);
      // The spare is killed with it: that must not matter either.
      for (const pid of pythonChildren()) if (before.has(pid)) process.kill(pid, "SIGKILL");
      const { isError } = await call;
      return [...(isError ? [] : ["a dead child answered"]), ...(await right(python))];
    },
  },
  {
    name: "fifty calls at once",
    async run(python) {
      const calls = Array.from({ length: 50 }, (_, n) => python(`${n} * 2`, { thread: `t${n}` }));
      const said = (await Promise.all(calls)).map(({ content }) => String(content));
      const wrong = said.filter((text, n) => !text.startsWith(`Value: ${n * 2} `) && !text.startsWith("busy"));
      const served = said.filter((text) => !text.startsWith("busy")).length;
      return [...wrong, ...(served >= 18 ? [] : [`only ${served} were served`]), ...(await right(python))];
    },
  },
  {
    name: "cancelled while running",
    async run(python) {
      await python("1");
      return [...(await cancelled(python, loop, 200)), ...(await right(python))];
    },
  },
  {
    name: "cancelled while waiting",
    async run(python) {
      await python("1");
      const running = python("import time\ntime.sleep(1)\nx = 1");
      const faults = await cancelled(python, "x = 2", 100);
      await running;
      const { content } = await python("x");
      return [...faults, ...(String(content).startsWith("Value: 1 ") ? [] : [`it ran: ${String(content)}`])];
    },
  },
  {
    name: "more conversations than are kept",
    async run(python) {
      const faults: string[] = [];
      for (let n = 0; n < 7; n++) faults.push(...(await right(python, `many${n}`)));
      const { structured } = await python("1", { thread: "many0" });
      const { state } = z.object({ state: z.string() }).parse(structured?.["session"]);
      return [...faults, ...(state === "lost" ? [] : [`an evicted conversation is ${state}`])];
    },
  },
  { name: "no snapshot", spoil: (path) => rmSync(path), run: right },
  { name: "a snapshot cut short", spoil: (path) => truncateSync(path, 10_000_000), run: right },
  { name: "a snapshot with one wrong byte", spoil: flip, run: right },
];

/** Tries each on tools of its own, over the snapshots in the folder. */
export async function* tryProtocol(snapshotFolder: string): AsyncGenerator<Outcome> {
  for (const { name, spoil, run } of scenarios) {
    const tools = createProgramTools({ timeZone: "UTC", snapshotFolder, bubblewrap: false });
    const began = performance.now();
    try {
      await tools.keepSnapshot();
      await tools.close();
      const [snapshot] = readdirSync(snapshotFolder).filter((file) => file.endsWith(".snapshot"));
      if (snapshot !== undefined) spoil?.(join(snapshotFolder, snapshot));
      const spoilt = createProgramTools({ timeZone: "UTC", snapshotFolder, bubblewrap: false });
      try {
        const faults = await run(caller(spoilt));
        yield { name, tookMs: performance.now() - began, faults };
      } finally {
        await spoilt.close();
      }
    } finally {
      await tools.close();
    }
  }
}

function caller({ tools }: ProgramTools): Call {
  const tool = tools.find(({ name }) => name === "run_python");
  if (tool === undefined) throw new Error("no run_python");
  return async (code, { thread = "a", signal = new AbortController().signal } = {}) => {
    const context = { signal, threadId: thread, onProgress: () => undefined };
    const answer = await tool.run(tool.input.parse({ code }), context);
    return typeof answer === "string" ? { content: answer } : answer;
  };
}

async function cancelled(python: Call, code: string, afterMs: number): Promise<readonly string[]> {
  const cancel = new AbortController();
  setTimeout(() => cancel.abort(new Error("cancelled")), afterMs);
  const began = performance.now();
  const ended = await python(code, { signal: cancel.signal }).then(
    () => "it answered",
    (error: Error) => (error.message === "cancelled" ? undefined : error.message),
  );
  const lateMs = performance.now() - began - afterMs;
  return [...(ended === undefined ? [] : [ended]), ...(lateMs > 500 ? [`${Math.round(lateMs)} ms late`] : [])];
}

function flip(path: string): void {
  const bytes = readFileSync(path);
  const at = bytes.length >> 1;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

/** Our own children that run Python, as Linux tells it; none elsewhere. */
function pythonChildren(): readonly number[] {
  try {
    const children = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").split(" ").filter(Boolean);
    return children.map(Number).filter((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("python-child"));
  } catch {
    return [];
  }
}
