// Whether a program that attacks gets anywhere: each attack must end within its limit and half a second, touch nothing
// outside, and leave the tool so that the next call is right.
//   pnpm proof attacks-program [--quick] [--json] [--only TEXT] [--packages FOLDER]
// FOLDER holds wheels (sympy, mpmath); without it the attacks that need sympy are left out. Ends with one line of JSON,
// and with exit code 1 if anything got through.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import type { Json, ToolReturn } from "../../packages/core/src/protocol/index.ts";
import { createProgramTools, programLimits } from "../../packages/tools/src/index.ts";
import { findWheels } from "../../packages/tools/src/program/find-packages.ts";
import { type CalculateCase, calculateBombs, calculateEscapes } from "./calculate-cases.ts";
import { openCanaries } from "./canaries.ts";
import { type End, type Ends, named } from "./ends.ts";
import { javascriptBombs, javascriptEscapes, javascriptPoisons } from "./javascript-cases.ts";
import { tryProtocol } from "./protocol.ts";
import { pythonBombs, pythonEscapes, pythonForgeries, pythonPoisons } from "./python-cases.ts";
import { trySteady } from "./steady.ts";

const { values: flags } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    packages: { type: "string" },
  },
});

interface Attack {
  readonly tool: string;
  readonly name: string;
  readonly input: { readonly [name: string]: Json };
  /** It must have ended this much later, and half a second. */
  readonly limitMs: number;
  readonly ends: readonly End[];
  readonly error?: string;
}

/** What the tool is asked after each attack, and before the first: answered right or not at all. */
interface Probe {
  readonly input: { readonly [name: string]: Json };
  readonly answer: string;
}

const probes: { readonly [tool: string]: Probe } = {
  run_python: { input: { code: "print(len('abc'))\nsum(range(10))" }, answer: "45" },
  run_javascript: { input: { code: "[1, 2].map((x) => x * 21)[1]" }, answer: "42" },
  calculate: { input: { expression: "1/3 + 1/7" }, answer: "10/21" },
};
const graceMs = 500;
const programMs = flags.quick ? 500 : 3_000;
/** For what is not to end by time: a slow machine must get where the attack leads. */
const patientMs = 20_000;

interface Program {
  readonly name: string;
  readonly code: string;
  readonly ends?: Ends;
  readonly error?: string;
}
const programsOf = (tool: string, cases: readonly Program[]): readonly Attack[] =>
  cases.map(({ name, code, error, ...rest }) => {
    const ends = named(rest.ends);
    const limitMs = ends.includes("time") ? programMs : patientMs;
    const input = { code, timeout_ms: limitMs };
    return { tool, name, input, limitMs, ends, ...(error !== undefined && { error }) };
  });
const expressionsOf = (cases: readonly CalculateCase[]): readonly Attack[] =>
  cases.map(({ name, expression, ends }) => ({
    name,
    tool: "calculate",
    limitMs: programLimits.calculate.timeMs,
    input: { expression },
    ends: named(ends),
  }));

const withSympy = flags.packages !== undefined;
const python = [...pythonEscapes, ...pythonForgeries, ...pythonPoisons, ...pythonBombs];
const attacks = [
  ...programsOf(
    "run_python",
    python.filter(({ sympy = false }) => withSympy || !sympy),
  ),
  ...programsOf("run_javascript", [...javascriptEscapes, ...javascriptBombs, ...javascriptPoisons]),
  ...expressionsOf([...calculateEscapes, ...calculateBombs]),
]
  .filter(({ tool, name }) => `${tool} ${name}`.includes(flags.only))
  .filter((_, index) => !flags.quick || index % 4 === 0);

const snapshotFolder = mkdtempSync(join(tmpdir(), "chingu-proof-"));
const canaries = await openCanaries();
const { packages: folder } = flags;
const tools = createProgramTools({
  timeZone: "UTC",
  snapshotFolder,
  // The walls that every machine has must hold alone.
  bubblewrap: false,
  ...(folder !== undefined && { packages: () => findWheels(folder) }),
});
await tools.keepSnapshot();

async function call(name: string, input: Attack["input"], threadId: string): Promise<ToolReturn> {
  const tool = tools.tools.find((candidate) => candidate.name === name);
  if (tool === undefined) throw new Error(`no tool ${name}`);
  const { signal } = new AbortController();
  const context = { signal, threadId, onProgress: () => undefined };
  const answer = await tool.run(tool.input.parse(input), context);
  return typeof answer === "string" ? { content: answer } : answer;
}

async function probe(tool: string): Promise<string | undefined> {
  const { input, answer } = probes[tool] ?? { input: {}, answer: "" };
  const { content, isError } = await call(tool, input, "proof");
  const said = String(content);
  return isError === true || !said.includes(answer) ? `the next call says: ${said.slice(0, 200)}` : undefined;
}

const aimed = (input: Attack["input"]): Attack["input"] =>
  Object.fromEntries(
    Object.entries(input).map(([name, value]) => [name, typeof value === "string" ? canaries.aim(value) : value]),
  );

const resultSchema = z.object({
  limit: z.enum(["time", "memory", "output", "recursion"]).optional(),
  error: z.object({ type: z.string().optional() }).optional(),
});

let broken = 0;
let tried = 0;
let worstMs = 0;

function report(tool: string, name: string, tookMs: number, faults: readonly string[], ended?: End): void {
  tried++;
  broken += faults.length > 0 ? 1 : 0;
  const line = { tool, attack: name, ended, tookMs: Math.round(tookMs), faults };
  if (flags.json) console.log(JSON.stringify({ proof: "attacks-program", ...line }));
  else if (faults.length > 0) console.log(`${tool} ${name}: ${faults.join("; ")}`);
}

const warm = new Set<string>();
for (const { tool, name, input, limitMs, ends, error } of attacks) {
  // The first start is not the attack's.
  if (!warm.has(tool)) await probe(tool);
  warm.add(tool);
  const began = performance.now();
  const { content, structured } = await call(tool, aimed(input), "proof");
  const tookMs = performance.now() - began;
  const result = resultSchema.parse(structured ?? {});
  const faults = [...canaries.faults(`${String(content)}${JSON.stringify(structured ?? {})}`)];
  if (tookMs > limitMs + graceMs) faults.push(`it took ${Math.round(tookMs)} ms of ${limitMs}`);
  const end = result.limit ?? "itself";
  if (!ends.includes(end)) faults.push(`ended by ${end}, not ${ends.join(" or ")}`);
  else if (error !== undefined && end === "itself" && result.error?.type !== error)
    faults.push(`ended in ${result.error?.type}, not ${error}`);
  const wrong = await probe(tool);
  if (wrong !== undefined) faults.push(wrong);
  worstMs = Math.max(worstMs, tookMs - limitMs);
  report(tool, name, tookMs, faults, end);
}

if (flags.only === "" || "steady".includes(flags.only)) {
  const calculate = async (expression: string) => String((await call("calculate", { expression }, "proof")).content);
  const { name, tookMs, faults } = await trySteady(calculate, flags.quick ? 1_000 : 10_000);
  report("calculate", name, tookMs, faults);
}

if (flags.only === "" || "protocol".includes(flags.only)) {
  await tools.close();
  for await (const { name, tookMs, faults } of tryProtocol(snapshotFolder)) report("protocol", name, tookMs, faults);
}
await tools.close();
canaries.close();
rmSync(snapshotFolder, { recursive: true, force: true });
console.log(JSON.stringify({ proof: "attacks-program", tried, broken, graceMs, worstOverMs: Math.round(worstMs) }));
process.exit(broken > 0 ? 1 : 0);
