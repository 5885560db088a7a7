// Whether a turn that hangs anywhere stops within 200 ms of being told to:
//   pnpm proof stop [--quick] [--json]
// Ends with one line of JSON, and with exit code 1 if any stop was late or did not end the turn as `aborted`.
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { z } from "zod";
import { type AgentOptions, createAgent } from "../../packages/core/src/agent/create-agent.ts";
import { createMemoryStore } from "../../packages/core/src/memory/memory-store.ts";
import { defineTool } from "../../packages/core/src/protocol/index.ts";
import {
  type Reply,
  rateLimited,
  slow,
  stalled,
  startModelServer,
  text,
  toolCall,
} from "../../tests/kit/model-server.ts";

const { values: flags } = parseArgs({
  options: { json: { type: "boolean", default: false }, quick: { type: "boolean", default: false } },
});
const limitMs = 200;
const times = flags.quick ? 3 : 20;

/** A place where a turn can hang. */
interface Hang {
  readonly name: string;
  readonly reply: (asked: number) => Reply;
  readonly options?: Partial<AgentOptions>;
}

const never = () => new Promise<never>(() => {});
const hanging = (name: string, readOnly: boolean, run: (signal: AbortSignal) => Promise<string>) =>
  defineTool({
    name,
    description: "Hangs.",
    input: z.object({}),
    annotations: { readOnly, openWorld: false },
    run: (_input, { signal }) => run(signal),
  });
const tools = [
  hanging("deaf", true, never),
  hanging("polite", true, async (signal) => {
    await delay(60_000, undefined, { signal });
    return "";
  }),
  hanging("asks", false, never),
];
const memory = createMemoryStore({ clock: { now: Date.now } });

const hangs: readonly Hang[] = [
  { name: "a model that never answers", reply: () => slow(text("late"), never()) },
  { name: "a stream that stalls", reply: () => stalled("Half of") },
  { name: "a wait before a retry", reply: () => rateLimited({ "retry-after": "60" }) },
  { name: "a tool that does not listen", reply: () => toolCall("deaf", {}) },
  { name: "a tool that listens", reply: () => toolCall("polite", {}) },
  { name: "a person who does not answer", reply: () => toolCall("asks", {}), options: { policy: { ask: never } } },
  { name: "a decision that does not come", reply: () => toolCall("deaf", {}), options: { policy: { decide: never } } },
  { name: "a store that does not read", reply: () => text("hello"), options: { memory: { ...memory, read: never } } },
];

let tried = 0;
let broken = 0;
let worst = 0;
for (const { name, reply, options } of hangs) {
  await using server = await startModelServer((_, index) => reply(index));
  const model = { name: "test-model", baseURL: server.baseURL, apiKey: "key" };
  const agent = await createAgent({ model, tools, system: "Be brief.", ...options });
  const took: number[] = [];
  const faults = new Set<string>();
  // The first is not counted: it pays for loading what is loaded once.
  for (let n = 0; n <= times; n++) {
    const stop = new AbortController();
    const result = agent.turn("Please do it.", { signal: stop.signal }).result();
    await delay(n === 0 ? 600 : 60 + 7 * n);
    const told = performance.now();
    stop.abort();
    const ended = await Promise.race([result, delay(5_000)]);
    if (n === 0) continue;
    took.push(performance.now() - told);
    if (ended?.status !== "aborted") faults.add(ended ? `it ended ${ended.status}` : "it did not end within 5 s");
    if (!ended) break;
  }
  const late = took.filter((ms) => ms >= limitMs).length;
  tried += took.length;
  broken += Math.max(late, faults.size);
  worst = Math.max(worst, ...took);
  const line = { hang: name, tried: took.length, late, worstMs: Math.round(Math.max(...took)), faults: [...faults] };
  if (flags.json) console.log(JSON.stringify({ proof: "stop", ...line }));
  else
    console.log(
      `${name.padEnd(32)} worst ${String(line.worstMs).padStart(5)} ms  late ${late}  ${line.faults.join("; ")}`,
    );
}
console.log(JSON.stringify({ proof: "stop", tried, broken, limitMs, worstMs: Math.round(worst) }));
// What was left hanging must not hold the process.
process.exit(broken > 0 ? 1 : 0);
