/** An agent with one tool of its own: OPENAI_BASE_URL=… OPENAI_API_KEY=… node examples/add.ts "3 + 4?" */
import { createAgent, defineTool } from "@chingu/core";
import { z } from "zod";

const add = defineTool({
  name: "add",
  description: "Adds two numbers.",
  input: z.object({ a: z.number(), b: z.number() }),
  annotations: { readOnly: true },
  run: ({ a, b }) => String(a + b),
});

const { OPENAI_BASE_URL: baseURL = "https://api.openai.com/v1", OPENAI_API_KEY: apiKey = "" } = process.env;
const agent = await createAgent({
  model: { name: process.env["CHINGU_MODEL"] ?? "gpt-5-mini", baseURL, apiKey },
  tools: [add],
});
const result = await agent.turn(process.argv[2] ?? "3 + 4?").result();
console.log(result.answer || result.error);
await agent.close();
