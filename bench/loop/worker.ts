// Measures one side at one case in a fresh process and prints the figures as JSON: `worker.ts ORDER`.
import { z } from "zod";
import type { Side } from "./side.ts";

const orderSchema = z.object({
  side: z.enum(["ours", "floor"]),
  kind: z.enum(["turns", "concurrent", "thread"]),
  model: z.string(),
  baseURL: z.string(),
  memory: z.string(),
  warmUp: z.number(),
  measured: z.number(),
});
export type Order = z.infer<typeof orderSchema>;
export type Figures = Readonly<Record<string, number>>;

const order = orderSchema.parse(JSON.parse(process.argv[2] ?? ""));
const side = await open();
const measure = { turns, concurrent, thread }[order.kind];
console.log(JSON.stringify(await measure(side, order)));
await side.close();
// The keep-alive connections of either side need not run off.
process.exit();

async function open(): Promise<Side> {
  if (order.side === "ours") return (await import("./ours.ts")).createOurs(order);
  return (await import("./floor.ts")).createFloor(order);
}

/** CPU of this process in ms. */
function cpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Turns one after the other, each in a thread of its own. */
async function turns({ turn }: Side, { warmUp, measured }: Order): Promise<Figures> {
  const some = async (count: number) => {
    for (let n = 0; n < count; n++) await turn("Please answer.", crypto.randomUUID());
  };
  await some(warmUp);
  const before = cpu();
  await some(measured);
  return { cpu_ms: (cpu() - before) / measured };
}

/** Waves of a hundred turns at once. */
async function concurrent({ turn }: Side, { warmUp, measured }: Order): Promise<Figures> {
  const took: number[] = [];
  const wave = () =>
    Promise.all(
      Array.from({ length: 100 }, async () => {
        const started = performance.now();
        await turn("Please answer.", crypto.randomUUID());
        took.push(performance.now() - started);
      }),
    );
  for (let n = 0; n < warmUp; n++) await wave();
  took.length = 0;
  const started = performance.now();
  for (let n = 0; n < measured; n++) await wave();
  const seconds = (performance.now() - started) / 1000;
  took.sort((a, b) => a - b);
  return {
    turns_per_s: took.length / seconds,
    p99_ms: took[Math.floor(took.length * 0.99)] ?? 0,
    rss_mb: process.memoryUsage.rss() / 1e6,
  };
}

/** Threads of 200 turns: what a turn costs at their beginning and at their end. */
async function thread({ turn }: Side, { warmUp, measured }: Order): Promise<Figures> {
  const question = "a question that is as long as questions are when people explain themselves, ".repeat(4);
  for (let n = 0; n < warmUp; n++) await turn(question, `warm-${n % 5}`);
  let first = 0;
  let last = 0;
  let payload = 0;
  for (let n = 0; n < measured; n++) {
    const id = crypto.randomUUID();
    for (let number = 1; number <= 200; number++) {
      const before = cpu();
      const answer = await turn(question, id);
      payload += Buffer.byteLength(question + answer);
      if (number <= 10) first += cpu() - before;
      if (number > 190) last += cpu() - before;
    }
  }
  return { first_ms: first / measured / 10, last_ms: last / measured / 10, payload_bytes: payload };
}
