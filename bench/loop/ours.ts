import { createAgent, defineTool } from "@chingu/core";
import { z } from "zod";
import { type Side, type SideOptions, system } from "./side.ts";

const add = defineTool({
  name: "add",
  description: "Adds two numbers.",
  input: z.object({ a: z.number(), b: z.number() }),
  annotations: { readOnly: true, openWorld: false },
  run: ({ a, b }) => ({
    content: String(a + b),
    receipt: {
      kind: "computation",
      tool: "add",
      language: "sum",
      program: `${a} + ${b}`,
      value: String(a + b),
      stdout: "",
    },
  }),
});

/** The library as a stranger uses it, with everything on that is on by default; every event is read. */
export async function createOurs({ baseURL, model, memory }: SideOptions): Promise<Side> {
  const agent = await createAgent({ model: { name: model, baseURL, apiKey: "key" }, tools: [add], memory, system });
  return {
    async turn(text, threadId) {
      let answer = "";
      for await (const event of agent.turn(text, { threadId })) {
        if (event.type !== "turn_end") continue;
        const { status, error } = event.result;
        if (status !== "completed") throw new Error(`a turn ended ${status}: ${error?.message}`);
        answer = event.result.answer;
      }
      return answer;
    },
    close: () => agent.close(),
  };
}
