// One scripted turn in a process of its own, which kills itself at the point it is told: `child.ts ORDER`.
import { appendFileSync } from "node:fs";
import { z } from "zod";
import { createAgent } from "../../packages/core/src/agent/create-agent.ts";
import { openThreadStore } from "../../packages/core/src/memory/open.ts";
import { createChatCompletionsModel } from "../../packages/core/src/model/chat-completions.ts";
import { createPoints, faultyModel, faultyStore } from "./fault-points.ts";
import { said, scenarios } from "./scenarios.ts";
import { effectTools } from "./tools.ts";

const orderSchema = z.object({
  scenario: z.string(),
  storeURL: z.string(),
  baseURL: z.string(),
  threadId: z.string(),
  /** Told each effect of a tool when it happens, and each message when the store has promised to keep it. */
  journal: z.string(),
  killAt: z.number(),
});
export type Order = z.infer<typeof orderSchema>;

const order = orderSchema.parse(JSON.parse(process.argv[2] ?? ""));
const scenario = scenarios.find(({ name }) => name === order.scenario);
if (!scenario) throw new Error(`There is no scenario ${order.scenario}.`);
const { point, passed } = createPoints(order.killAt);
const record = (entry: { readonly effect: string } | { readonly stored: string }) =>
  appendFileSync(order.journal, `${JSON.stringify(entry)}\n`);

const clock = { now: Date.now };
const makeId = () => crypto.randomUUID();
const never = new AbortController().signal;
const store = await openThreadStore(order.storeURL, { clock, makeId, home: "" }, never);
const model = createChatCompletionsModel({
  model: scenario.name,
  baseURL: order.baseURL,
  makeId,
  clock,
  ...(scenario.window !== undefined && { capabilities: { contextWindow: scenario.window } }),
});
const agent = await createAgent({
  model: faultyModel(model, point),
  memory: faultyStore(store, point, (stored) => record({ stored })),
  tools: effectTools((effect) => record({ effect }), point),
  system: "Be brief.",
  random: () => 0,
});

const stop = new AbortController();
const ask = async () => {
  point("ask: before");
  await Promise.resolve();
  point("ask: answered");
  return true;
};
for await (const event of agent.turn(said(order.threadId), { threadId: order.threadId, signal: stop.signal, ask })) {
  point(`event: ${event.type}`);
  if (event.type === scenario.stopAt) stop.abort();
}
process.stdout.write(JSON.stringify(passed));
await agent.close();
await store.close();
await model.dispose?.();
