// What the loop costs besides the model's time, against a loop written by hand over the plain `openai` SDK:
//   pnpm bench loop [--quick] [--json] [--case NAME] [--rounds N]
// Both sides run interleaved, in fresh processes, against one scripted server on loopback. Needs redis-server.
import { parseArgs } from "node:util";
import { printHead, printLine } from "../line.ts";
import { type Case, cases, shortened } from "./cases.ts";
import { linesOf } from "./report.ts";
import { openStage, type Stage } from "./stage.ts";
import { measureStorage, storageCases } from "./storage.ts";
import type { Figures } from "./worker.ts";

const { values: flags } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    case: { type: "string", multiple: true },
    rounds: { type: "string" },
  },
});

const names = [...cases.map(({ name }) => name), ...storageCases];
const wanted = (name: string) => flags.case?.includes(name) ?? true;
if (!names.some(wanted)) {
  console.error(`there is no such case; there are:\n  ${names.join("\n  ")}`);
  process.exit(2);
}
const rounds = Number(flags.rounds ?? (flags.quick ? 1 : 7));
await using stage = await openStage();
if (!flags.json) printHead();
for (const one of cases) {
  if (!wanted(one.name)) continue;
  const measured = await measure(stage, flags.quick ? shortened(one) : one);
  for (const line of linesOf(one, measured.ours, measured.floor)) printLine("loop", line, flags.json);
}
for (const name of storageCases) {
  if (wanted(name)) for (const line of await measureStorage(stage, name)) printLine("loop", line, flags.json);
}

async function measure(on: Stage, one: Case) {
  const figures: { readonly ours: Figures[]; readonly floor: Figures[] } = { ours: [], floor: [] };
  for (let round = 0; round < rounds; round++) {
    // Who goes first changes, so that a machine that warms up or slows down favours nobody.
    for (const side of round % 2 === 0 ? (["ours", "floor"] as const) : (["floor", "ours"] as const)) {
      figures[side].push(await on.measure(one, side, on.freshStore(one.store)));
    }
  }
  return figures;
}
