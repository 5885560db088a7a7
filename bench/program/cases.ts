import { monitorEventLoopDelay } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { programLimits } from "../../packages/tools/src/index.ts";
import type { Line } from "../line.ts";
import { findPython, openPyodide, openQuickjs, runCold } from "./bare.ts";
import { openPrograms, type Programs, proportionalMemory, quiet } from "./tools.ts";

/** What the cases share. */
export interface Stage {
  readonly rounds: number;
  /** Calls in a round of a case that takes milliseconds. */
  readonly repeats: number;
  readonly snapshotFolder: string;
  /** Tools whose Python is warm in the thread `bench`. */
  readonly programs: Programs;
  /** Paths of wheels, sympy among them; empty where there are none. */
  readonly wheels: readonly string[];
  /** The same tools with those wheels. */
  openWithWheels(): Programs;
}

/** The lines of a case, or why it cannot be measured here. */
export interface Case {
  readonly name: string;
  measure(stage: Stage): Promise<readonly Line[] | string>;
}

type Side = () => unknown;

const tiny = "sum(range(10))";
const loop = "t = 0\nfor i in range(1_000_000):\n    t += i * i\nt";
const loopAnswer = "333332833333500000";
const equation = "import sympy\nx = sympy.symbols('x')\nsympy.solve(x**3 - 6*x**2 + 11*x - 6, x)";
const endless = "while True: pass";
const deaf = "sum(range(10**12))";
const noWheels = "needs wheels of sympy: --packages FOLDER, or chingu packages pull";
const noPython = "needs python3";

const pythonTiny = (programs: Programs) => () => programs.call("run_python", { code: tiny }, "45");

export const cases: readonly Case[] = [
  {
    name: "run_python, warm, to bare Pyodide",
    async measure(stage) {
      const bare = await openPyodide();
      const sides = await race(stage, pythonTiny(stage.programs), () => bare(tiny));
      return [line(this.name, sides, 1.5)];
    },
  },
  {
    name: "run_python, warm, to a python3 each",
    async measure(stage) {
      const python = await findPython();
      if (python === undefined) return noPython;
      const sides = await race({ ...stage, repeats: 5 }, pythonTiny(stage.programs), () => python(`print(${tiny})`));
      return [line(this.name, sides, 0.1)];
    },
  },
  {
    name: "run_python over stdio, to the tool itself",
    async measure(stage) {
      const client = new Client({ name: "bench", version: "0.0.0" });
      const args = [fileURLToPath(new URL("server.ts", import.meta.url))];
      await client.connect(new StdioClientTransport({ command: process.execPath, args }));
      try {
        const call = () => client.callTool({ name: "run_python", arguments: { code: tiny } });
        await call();
        return [line(this.name, await race(stage, call, pythonTiny(stage.programs)), 4)];
      } finally {
        await client.close();
      }
    },
  },
  {
    name: "first program of a conversation, to a later one",
    async measure(stage) {
      let threads = 0;
      const first = () => stage.programs.call("run_python", { code: tiny }, "45", `first-${threads++}`);
      const prepared = async () => {
        await stage.programs.prepare();
        await quiet();
      };
      return [line(this.name, await race(few(stage), first, pythonTiny(stage.programs), prepared), 3)];
    },
  },
  {
    name: "first program with sympy, from a snapshot, to Pyodide and sympy without",
    async measure(stage) {
      if (stage.wheels.length === 0) return noWheels;
      const open = stage.openWithWheels();
      await open.call("run_python", { code: equation, timeout_ms: 60_000 }, "[1, 2, 3]");
      await open.prepare();
      await open.close();
      const cold = async () => {
        const programs = stage.openWithWheels();
        try {
          await programs.call("run_python", { code: equation, timeout_ms: 60_000 }, "[1, 2, 3]");
        } finally {
          await programs.close();
        }
      };
      const sides = await race({ ...stage, repeats: 1 }, cold, () => runCold(equation, stage.wheels));
      return [line(this.name, sides, 0.07)];
    },
  },
  {
    name: "sympy solves, warm, to a python3 each",
    async measure(stage) {
      if (stage.wheels.length === 0) return noWheels;
      const python = await findPython("import sympy");
      if (python === undefined) return "needs python3 with sympy";
      const programs = stage.openWithWheels();
      try {
        const solve = () => programs.call("run_python", { code: equation, timeout_ms: 60_000 }, "[1, 2, 3]");
        await solve();
        return [line(this.name, await race(few(stage), solve, () => python(equation)), 0.1)];
      } finally {
        await programs.close();
      }
    },
  },
  {
    name: "a loop of a million steps, to bare Pyodide",
    async measure(stage) {
      const bare = await openPyodide();
      const run = () => stage.programs.call("run_python", { code: `def f():\n${indented(loop)}\nf()` }, loopAnswer);
      const sides = await race({ ...stage, repeats: 2 }, run, () => bare(`def f():\n${indented(loop)}\nf()`));
      return [line(this.name, sides, 1.1)];
    },
  },
  {
    name: "a loop of a million steps, to python3 without its start",
    async measure(stage) {
      const python = await findPython();
      if (python === undefined) return noPython;
      const code = `def f():\n${indented(loop)}\n`;
      const timed = `import time\n${code}b = time.perf_counter()\nf()\nprint((time.perf_counter() - b) * 1000)`;
      const native: number[] = [];
      const run = () => stage.programs.call("run_python", { code: `${code}f()` }, loopAnswer);
      const { ours } = await race({ ...stage, repeats: 2 }, run, async () => native.push(Number(await python(timed))));
      return [line(this.name, { ours, floor: native }, 2.7)];
    },
  },
  {
    name: "run_javascript, warm",
    async measure(stage) {
      const code = "[1, 2].map((x) => x * 21)[1]";
      const bare = await openQuickjs();
      const run = () => stage.programs.call("run_javascript", { code }, "42");
      await run();
      const sides = await race(stage, run, () => bare(code));
      return [
        line(`${this.name}, to bare QuickJS`, sides, null),
        line(`${this.name}, to 4.9 ms`, { ours: sides.ours, floor: [4.9] }, 1),
      ];
    },
  },
  {
    name: "calculate, warm, to 2 ms",
    async measure(stage) {
      const run = () => stage.programs.call("calculate", { expression: "1/3 + 1/7" }, "10/21");
      await run();
      const { ours } = await race(stage, run, () => undefined);
      return [line(this.name, { ours, floor: [2] }, 1)];
    },
  },
  {
    name: "over its time",
    async measure(stage) {
      const soft = await late(stage, endless, 0);
      const hard = await late(stage, deaf, programLimits.program.graceMs);
      return [
        line(`${this.name}, interrupted: late, to 50 ms`, { ours: soft.lateMs, floor: [50] }, 1),
        line(`${this.name}, killed: late after its grace, to 50 ms`, { ours: hard.lateMs, floor: [50] }, 1),
        line(
          `${this.name}: event loop held, to 20 ms`,
          { ours: [...soft.heldMs, ...hard.heldMs], floor: [20] },
          1,
          Math.max,
        ),
      ];
    },
  },
  {
    name: "the program after a kill, to a warm one",
    async measure(stage) {
      const { programs } = stage;
      const killed = async () => {
        await programs.call("run_python", { code: deaf, timeout_ms: 100 }, "TimeLimit", "killed");
        await quiet();
      };
      const after = () => programs.call("run_python", { code: tiny }, "45", "killed");
      return [line(this.name, await race(few(stage), after, pythonTiny(programs), killed), 2)];
    },
  },
  {
    name: "memory of a Python session, to 300 MB",
    async measure(stage) {
      const programs = stage.wheels.length === 0 ? openPrograms({}) : stage.openWithWheels();
      try {
        const [code, answer] = stage.wheels.length === 0 ? [tiny, "45"] : [equation, "[1, 2, 3]"];
        await programs.call("run_python", { code, timeout_ms: 60_000 }, answer);
        await quiet();
        const sizes = await proportionalMemory("python-child");
        if (sizes === undefined || sizes.length === 0) return "needs /proc";
        return [{ ...line(this.name, { ours: sizes, floor: [300] }, 1, Math.max), unit: "pss_mb" }];
      } finally {
        await programs.close();
      }
    },
  },
];

const few = (stage: Stage): Stage => ({ ...stage, repeats: 3 });
const indented = (code: string) => code.replace(/^/gm, "    ").replace(/\n {4}t$/, "\n    return t");

interface Sides {
  readonly ours: readonly number[];
  readonly floor: readonly number[];
}

/** Times both in turns, one of each after the other; the best of each round counts, so that other work does not. */
async function race({ rounds, repeats }: Stage, ours: Side, floor: Side, before?: () => Promise<void>): Promise<Sides> {
  const best: { readonly ours: number[]; readonly floor: number[] } = { ours: [], floor: [] };
  for (let round = 0; round < rounds; round++) {
    const took = { ours: Number.POSITIVE_INFINITY, floor: Number.POSITIVE_INFINITY };
    for (let repeat = 0; repeat < repeats; repeat++) {
      await before?.();
      took.ours = Math.min(took.ours, await timed(ours));
      took.floor = Math.min(took.floor, await timed(floor));
    }
    best.ours.push(took.ours);
    best.floor.push(took.floor);
  }
  return best;
}

async function timed(side: Side): Promise<number> {
  const began = performance.now();
  await side();
  return performance.now() - began;
}

/** How much later than its time, and `graceMs`, a program ends for its caller, and how long our event loop stood still. */
async function late({ programs, rounds }: Stage, code: string, graceMs: number) {
  const timeMs = 300;
  const lateMs: number[] = [];
  const heldMs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await programs.call("run_python", { code: tiny }, "45", "late");
    await quiet();
    const resolution = 5;
    const held = monitorEventLoopDelay({ resolution });
    held.enable();
    lateMs.push(
      (await timed(() => programs.call("run_python", { code, timeout_ms: timeMs }, "TimeLimit", "late"))) -
        timeMs -
        graceMs,
    );
    held.disable();
    heldMs.push(Math.max(0, held.max / 1e6 - resolution));
  }
  return { lateMs, heldMs };
}

function line(
  name: string,
  { ours, floor }: Sides,
  target: number | null,
  of: (...values: number[]) => number = median,
): Line {
  const [mine, theirs] = [of(...ours), median(...floor)];
  return { case: name, unit: "ms", ours: mine, floor: theirs, ratio: mine / theirs, target, rounds: ours.length };
}

function median(...values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = 0, high = 0] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return (low + high) / 2;
}
