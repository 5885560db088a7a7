// Whether a thread survives `kill -9` at every await point of a turn, in SQLite and in Redis:
//   pnpm proof unbrickable [--quick] [--json] [--scenario NAME]
// Ends with one line of JSON, and with exit code 1 if any thread was broken.
import { parseArgs } from "node:util";
import { prove, type Trial } from "./prove.ts";
import { scenarios } from "./scenarios.ts";

const { values: flags } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    scenario: { type: "string", multiple: true },
  },
});

const started = performance.now();
const trials = await prove({
  every: flags.quick ? 29 : 1,
  atOnce: 2,
  ...(flags.scenario && { only: flags.scenario }),
  onTrial: (trial) => {
    if (flags.json) console.log(JSON.stringify({ proof: "unbrickable", ...trial }));
    else if (trial.faults.length > 0) console.log(describe(trial));
  },
});
if (!flags.json) report();
const broken = trials.filter(({ faults }) => faults.length > 0).length;
const seconds = Math.round((performance.now() - started) / 1000);
const of = { scenarios: new Set(trials.map(({ scenario }) => scenario)).size, stores: ["sqlite", "redis"] };
console.log(JSON.stringify({ proof: "unbrickable", tried: trials.length, broken, ...of, seconds }));
process.exitCode = broken > 0 || trials.length === 0 ? 1 : 0;

function describe({ store, scenario, point, at, faults }: Trial): string {
  return `BROKEN ${scenario}, ${store}, killed at point ${point} (${at}):\n  ${faults.join("\n  ")}`;
}

function report(): void {
  for (const { name } of scenarios) {
    const own = trials.filter(({ scenario }) => scenario === name);
    if (own.length === 0) continue;
    const count = (store: string) => String(own.filter((trial) => trial.store === store).length).padStart(4);
    const bad = own.filter(({ faults }) => faults.length > 0).length;
    console.log(`${name.padEnd(24)} sqlite ${count("sqlite")}  redis ${count("redis")}  broken ${bad}`);
  }
}
