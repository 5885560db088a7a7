// Whether the stores keep what they acknowledged, once, whatever happens to them:
//   pnpm proof faults [--quick] [--json] [--fault TEXT]
// On real servers and files of its own: lost replies, kills, refusals, full disks, damage, several writers. Needs
// redis-server; full disks need root. Ends with one line of JSON, and with exit code 1 if any promise was broken.
import { parseArgs } from "node:util";
import { prove, type Trial } from "./prove.ts";

const { values: flags } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    fault: { type: "string", multiple: true },
  },
});

const started = performance.now();
if (!flags.json) printRow("fault", "store", ["acked", "kept", "taken", "doubled"], "");
const trials = await prove({
  divisor: flags.quick ? 8 : 1,
  timed: true,
  only: ({ name }) => flags.fault?.some((text) => name.includes(text)) ?? true,
  onTrial: flags.json ? (trial) => console.log(JSON.stringify({ proof: "faults", ...trial })) : printTrial,
});
const broken = trials.filter(({ faults }) => faults.length > 0).length;
const skipped = trials.filter((trial) => trial.skipped).map(({ fault }) => fault);
const seconds = Math.round((performance.now() - started) / 1000);
const sum = (of: "acked" | "kept" | "taken" | "duplicated") => trials.reduce((total, trial) => total + trial[of], 0);
const totals = { acked: sum("acked"), kept: sum("kept"), taken: sum("taken"), duplicated: sum("duplicated") };
const tried = trials.length - skipped.length;
console.log(JSON.stringify({ proof: "faults", tried, broken, ...totals, skipped, seconds }));
process.exitCode = broken > 0 || tried === 0 ? 1 : 0;

function printTrial(trial: Trial): void {
  const { fault, store, acked, kept, taken, duplicated, faults, notes, skipped: why } = trial;
  const said = why ? `skipped: ${why}` : notes.join(", ");
  printRow(fault, store, [acked, kept, taken, duplicated].map(String), said);
  for (const one of faults) console.log(`  BROKEN ${one}`);
}

function printRow(fault: string, store: string, counts: readonly string[], said: string): void {
  console.log(`${fault.padEnd(60)} ${store.padEnd(8)}${counts.map((count) => count.padStart(8)).join("")}  ${said}`);
}
