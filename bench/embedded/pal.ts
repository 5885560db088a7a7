import { z } from "zod";
import { createAgent } from "../../packages/core/src/index.ts";
import type { ChatModel } from "../../packages/core/src/model/chat-model.ts";
import type { Json } from "../../packages/core/src/protocol/index.ts";
import { createProgramTools } from "../../packages/tools/src/index.ts";

const itemSchema = z.object({ question: z.string(), answer: z.coerce.number() });

const target = 0.6;

/** How many word problems are answered with the right number by the program the model writes. */
export async function measurePal(
  model: ChatModel,
  rows: readonly unknown[],
  { samples, verbose, json }: { readonly samples: number; readonly verbose: boolean; readonly json: boolean },
): Promise<void> {
  const programs = createProgramTools();
  await using agent = await createAgent({ model, tools: programs.tools });
  const started = performance.now();
  let right = 0;
  for (const [index, row] of rows.entries()) {
    const { question, answer } = itemSchema.parse(row);
    const began = performance.now();
    const result = await agent.turn(question, { pal: true, samples }).result();
    const given = lastNumber(result.value);
    const good = given !== undefined && Math.abs(given - answer) <= Math.max(1, Math.abs(answer)) * 1e-6;
    if (good) right++;
    if (!verbose) continue;
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    const said = result.error ? result.error.message : result.answer.replaceAll("\n", " · ");
    process.stderr.write(`${good ? "+" : "-"} ${index + 1} ${seconds} s, wanted ${answer}: ${said}\n`);
    const programs = result.receipts.flatMap((one) => (one.kind === "computation" ? one.program : [])).join("\n---\n");
    if (!good) process.stderr.write(`${question}\n${programs}`.replace(/^/gm, "    ").concat("\n"));
  }
  await programs.close();
  const share = rows.length === 0 ? 0 : right / rows.length;
  const seconds = (performance.now() - started) / 1000 / Math.max(1, rows.length);
  if (json) {
    const figure = { bench: "embedded", case: "word problems by program", unit: "share", ours: share, floor: 1 };
    const ratio = share > 0 ? 1 / share : null;
    console.log(JSON.stringify({ ...figure, ratio, target: 1 / target, rounds: rows.length }));
  } else {
    const percent = (share * 100).toFixed(1).padStart(5);
    console.log(`${"word problems by program".padEnd(24)} ${percent} %  of ${rows.length} (target ${target * 100} %)`);
    console.log(`${"seconds an item".padEnd(24)} ${seconds.toFixed(2).padStart(5)}`);
  }
}

/** The number of the answer; of several, the last. */
function lastNumber(value: Json): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "string") {
    const [whole, over, under] = /^(-?\d+)\/(\d+)$/.exec(value) ?? [];
    if (whole) return Number(over) / Number(under);
    const numbers = value.replace(/(?<=\d),(?=\d{3})/g, "").match(/-?\d+(?:\.\d+)?/g);
    return numbers ? Number(numbers.at(-1)) : undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  return Object.values(value)
    .map(lastNumber)
    .findLast((one) => one !== undefined);
}
