// Whether run_python says what CPython said:
//   pnpm bench agreement FILE.jsonl [--packages FOLDER] [--timeout MS] [--only ID] [--json]
// Each line of FILE: {"id", "program": [cell…], "cls": "ok" | "error" | "timeout" | "nondeterministic",
// "cpython": [{"value"?, "type"?, "stdout"?, "error"?, "line"?}…]}; the cells of one program share a namespace. Numbers
// are compared with a relative tolerance of 1e-9, other values by repr without white space, errors by type and line.
// --packages names a folder of wheels: the results of sympy depend on its version. Without it those of
// `chingu packages` are used.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { ToolReturn } from "../../packages/core/src/protocol/index.ts";
import { createProgramTools, findPackages, type ProgramResult } from "../../packages/tools/src/index.ts";
import { differenceOf, type OurCell, type Row, rowSchema } from "./compare.ts";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    packages: { type: "string" },
    timeout: { type: "string", default: "10000" },
    only: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const file = positionals[0] ?? join(import.meta.dirname, "sample.jsonl");
const timeoutMs = Number(flags.timeout);
/** How late an answer may come. */
const graceMs = 500;
const atOnce = 2;

const rows = (await readFile(file, "utf8"))
  .split("\n")
  .filter(Boolean)
  .map((line) => rowSchema.parse(JSON.parse(line)))
  .filter(({ id }) => flags.only === undefined || id.includes(flags.only));
const signal = new AbortController().signal;
const cacheFolder = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "chingu", "artefacts");
const wheels = flags.packages === undefined ? undefined : resolve(flags.packages);
const packages = () => findPackages({ cacheFolder, ...(wheels !== undefined && { wheelFolder: wheels }) }, signal);
const snapshotFolder = await mkdtemp(join(tmpdir(), "chingu-agreement-"));
const programs = createProgramTools({ packages, snapshotFolder });
const python = programs.tools.find(({ name }) => name === "run_python");
if (python === undefined) throw new Error("there is no run_python");

interface Finding {
  readonly row: Row;
  readonly ours: readonly OurCell[];
  /** Cell and difference of the first cell that is not the same. */
  readonly difference: string | undefined;
}

const findings: Finding[] = [];
try {
  // What a start costs is no part of the question: the first one has its memory kept, and the rows begin from that.
  await runCell("first", "1");
  await programs.prepare();
  const waiting = rows.values();
  await Promise.all(Array.from({ length: atOnce }, () => work(waiting)));
} finally {
  await programs.close();
  await rm(snapshotFolder, { recursive: true, force: true });
}
process.exitCode = report() ? 0 : 1;

async function work(waiting: IteratorObject<Row>): Promise<void> {
  for (const row of waiting) {
    const ours: OurCell[] = [];
    for (const code of row.program) {
      const cell = await runCell(row.id, code);
      ours.push(cell);
      if (cell.error !== undefined) break;
    }
    const different = row.cpython.flatMap((expected, index) => {
      const difference = differenceOf(expected, ours[index]);
      return difference === undefined ? [] : [`cell ${index + 1}: ${difference}`];
    });
    findings.push({ row, ours, difference: different[0] });
    if (process.stderr.isTTY) process.stderr.write(`\r${findings.length} of ${rows.length}`);
    else if (findings.length % 50 === 0) process.stderr.write(`${findings.length} of ${rows.length}\n`);
  }
}

async function runCell(threadId: string, code: string): Promise<OurCell> {
  const context = { signal, onProgress: () => {}, threadId };
  const answer = (await python?.run({ code, timeout_ms: timeoutMs }, context)) as ToolReturn;
  const result = answer.structured as unknown as ProgramResult | undefined;
  if (result === undefined) return { error: answer.content, overMs: 0 };
  const { value, error, limit, stdout, duration_ms } = result;
  return {
    ...(value && { value: value.repr, type: value.type }),
    ...(stdout && { stdout }),
    ...(error && { error: error.type, ...(error.line !== undefined && { line: error.line }) }),
    ...(limit && { limit }),
    overMs: duration_ms - timeoutMs,
  };
}

/** Prints the figures and the rows that differ; whether the targets are met. */
function report(): boolean {
  const of = (cls: Row["cls"]) => findings.filter(({ row }) => row.cls === cls);
  const ok = of("ok");
  const errors = of("error");
  const timeouts = of("timeout");
  const answered = ({ ours }: Finding) => ours.length > 0 && ours.every(({ overMs }) => overMs <= graceMs);
  const sameLine = ({ row, ours }: Finding) => row.cpython.at(-1)?.line === ours.at(-1)?.line;
  const otherType = ok.filter(
    ({ row, ours, difference }) =>
      difference === undefined &&
      row.cpython.some(({ type }, index) => type !== undefined && type !== ours[index]?.type),
  );
  const share = (all: readonly Finding[], right: readonly Finding[]) =>
    all.length === 0 ? 1 : right.length / all.length;
  const figure = (name: string, all: readonly Finding[], right: readonly Finding[], target?: number) => ({
    name,
    rows: all.length,
    right: right.length,
    share: share(all, right),
    ...(target !== undefined && { target, met: share(all, right) >= target }),
  });
  const sameErrors = errors.filter(({ difference }) => difference === undefined);
  const figures = [
    figure(
      "ok rows that agree",
      ok,
      ok.filter(({ difference }) => difference === undefined),
      0.998,
    ),
    figure("error rows with the same type", errors, sameErrors, 0.97),
    figure("  of these on the same line", sameErrors, sameErrors.filter(sameLine)),
    figure("timeout rows answered in time", timeouts, timeouts.filter(answered), 1),
    figure("every row answered in time", findings, findings.filter(answered)),
  ];
  const differing = [...ok, ...errors].filter(({ difference }) => difference !== undefined);
  if (flags.json) process.stdout.write(`${JSON.stringify({ figures, differing, otherType })}\n`);
  else {
    process.stderr.write("\n");
    for (const { row, difference } of differing) console.log(`${row.cls} ${row.id}: ${difference}`);
    for (const { row } of sameErrors.filter((one) => !sameLine(one))) console.log(`${row.id}: another line`);
    for (const { row, ours } of timeouts)
      console.log(`timeout ${row.id}: ${ours.at(-1)?.limit ?? ours.at(-1)?.error ?? ours.at(-1)?.value}`);
    for (const { row, ours } of otherType) console.log(`${row.id}: same value, type ${ours.map(({ type }) => type)}`);
    for (const { name, rows: count, right, share: part, target, met } of figures) {
      const verdict = target === undefined ? "" : ` (target ${target * 100} %: ${met ? "met" : "MISSED"})`;
      console.log(`${name}: ${right} of ${count}, ${(part * 100).toFixed(1)} %${verdict}`);
    }
  }
  return figures.every(({ met }) => met !== false);
}
