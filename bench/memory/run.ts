// What memory costs, against bare operations of the same server and the same file library, and what it finds:
//   pnpm bench memory [--quick] [--json] [--case TEXT] [--rounds N] [FILE]
// Ours and the floor take turns in one process. FILE holds conversations with questions, as LoCoMo does: with it, the
// quality of recall is measured too. Needs redis-server.
import { parseArgs } from "node:util";
import { printHead, printLine } from "../line.ts";
import { recallCases } from "./recall.ts";
import { redisCases } from "./redis.ts";
import { sqliteCases } from "./sqlite.ts";
import { openStage } from "./stage.ts";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    case: { type: "string", multiple: true },
    rounds: { type: "string" },
  },
});

const cases = [...redisCases, ...sqliteCases, ...recallCases(positionals[0])];
const chosen = cases.filter(({ name }) => flags.case?.some((text) => name.includes(text)) ?? true);
if (chosen.length === 0) {
  console.error(`there is no such case; there are:\n  ${cases.map(({ name }) => name).join("\n  ")}`);
  process.exit(2);
}
const rounds = Number(flags.rounds ?? (flags.quick ? 3 : 7));
if (!flags.json) printHead();
for (const { measure } of chosen) {
  await using stage = await openStage({ rounds, quick: flags.quick });
  for (const line of await measure(stage)) printLine("memory", line, flags.json);
}
