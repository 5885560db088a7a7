import { readFileSync } from "node:fs";
import { residentBytes } from "../../packages/tools/src/program/resident.ts";
import { calculateLeaks } from "./calculate-cases.ts";
import type { Outcome } from "./protocol.ts";

const sums: readonly string[] = [
  ...["1/3 + 1/7", "2^200", "3억 5천만 / 12", "100 km/h to m/s", "sqrt(2)", "17% of 2340", "inv([1, 2; 3, 4])"],
  ...["32 평 to m^2", "1 + wrong", "x = 5; x^2", ...calculateLeaks.map(({ expression }) => expression)],
];
/** What a child may grow by once it is warm. */
const growthBytes = 40 * 1024 * 1024;

/** Many calculations in a row, those that would leave something behind among them: the child must not grow. */
export async function trySteady(calculate: (expression: string) => Promise<string>, calls: number): Promise<Outcome> {
  const began = performance.now();
  const faults: string[] = [];
  let warm = 0;
  for (let n = 0; n < calls; n++) {
    await calculate(sums[n % sums.length] ?? "1");
    if (n === Math.floor(calls / 5)) warm = await below();
  }
  const grown = (await below()) - warm;
  if (grown > growthBytes) faults.push(`grew by ${grown >> 20} MB in ${calls} calls`);
  for (const [sum, right] of [
    ["1/3 + 1/7", "10/21"],
    ["(3 m)^2", "9 m^2"],
    ["0.1 + 0.2", "0.3"],
  ] as const) {
    const said = await calculate(sum);
    if (!said.startsWith(`= ${right}`)) faults.push(`${sum} is now ${said.slice(0, 100)}`);
  }
  return { name: `${calls} calculations in a row`, tookMs: performance.now() - began, faults };
}

/** Resident memory of all our children; 0 where the system does not tell. */
async function below(): Promise<number> {
  let children = "";
  try {
    children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, "utf8");
  } catch {}
  const each = await Promise.all(
    children
      .split(" ")
      .filter(Boolean)
      .map((pid) => residentBytes(Number(pid))),
  );
  return each.reduce((sum, bytes) => sum + bytes, 0);
}
