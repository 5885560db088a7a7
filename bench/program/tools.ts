import { readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { Json, ToolReturn } from "../../packages/core/src/protocol/index.ts";
import { createProgramTools, type ProgramToolsOptions } from "../../packages/tools/src/index.ts";

export interface Programs {
  /** Calls a tool as a turn does. Throws when the text of the result does not hold `expected`. */
  call(tool: string, input: { readonly [name: string]: Json }, expected: string, thread?: string): Promise<void>;
  prepare(): Promise<void>;
  close(): Promise<void>;
}

export function openPrograms(options: ProgramToolsOptions): Programs {
  const { tools, prepare, close } = createProgramTools({ timeZone: "UTC", ...options });
  return {
    prepare,
    close,
    async call(name, input, expected, threadId = "bench") {
      const tool = tools.find((candidate) => candidate.name === name);
      if (tool === undefined) throw new Error(`no tool ${name}`);
      const { signal } = new AbortController();
      const context = { signal, threadId, onProgress: () => undefined };
      const answer: ToolReturn | string = await tool.run(tool.input.parse(input), context);
      const said = String(typeof answer === "string" ? answer : answer.content);
      if (!said.includes(expected)) throw new Error(`${name} said ${said.slice(0, 300)}, not ${expected}`);
    },
  };
}

/** Settles when the processes below us have nothing to do, so that a spare which starts is ready; 5 s without `/proc`. */
export async function quiet(): Promise<void> {
  if (descendants().length === 0) return void (await delay(5_000));
  let still = 0;
  for (let before = -1, waited = 0; still < 4 && waited < 60_000; waited += 100) {
    const now = ticks();
    still = now === before ? still + 1 : 0;
    before = now;
    await delay(100);
  }
}

/** Proportional memory of the processes below us whose command line holds `word`, in MB; undefined where it is not told. */
export async function proportionalMemory(word: string): Promise<readonly number[] | undefined> {
  const sizes: number[] = [];
  for (const pid of descendants()) {
    try {
      const command = await readFile(`/proc/${pid}/cmdline`, "utf8");
      // A wrapper names the same file, but is not Node itself.
      if (!command.startsWith(process.execPath) || !command.includes(word)) continue;
      const [, kilobytes] = /^Pss:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/smaps_rollup`, "utf8")) ?? [];
      sizes.push(Number(kilobytes) / 1024);
    } catch {
      // It has ended.
    }
  }
  return (await readdir("/proc").catch(() => [])).length === 0 ? undefined : sizes;
}

function descendants(of = process.pid): readonly number[] {
  try {
    const children = readFileSync(`/proc/${of}/task/${of}/children`, "utf8").split(" ").filter(Boolean).map(Number);
    return children.flatMap((child) => [child, ...descendants(child)]);
  } catch {
    return [];
  }
}

function ticks(): number {
  return descendants().reduce((sum, pid) => {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
      return sum + Number(fields[11]) + Number(fields[12]);
    } catch {
      return sum;
    }
  }, 0);
}
