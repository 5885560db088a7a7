import { createAgent, defineTool, openThreadStore } from "@chingu/core";
import { z } from "zod";

// One turn in a process that its test kills: `approval-child.ts STORE_URL MODEL_URL THREAD ANSWER`. It says on stdout
// `asking` when a question is open, answers it with ANSWER (`never` leaves it open), and `running` when the tool runs.
const [storeURL = "", baseURL = "", threadId = "", answer = "never"] = process.argv.slice(2);
const clock = { now: Date.now };
const makeId = () => crypto.randomUUID();
const store = await openThreadStore(storeURL, { clock, makeId, home: "" }, new AbortController().signal);
const never = <Value>() => new Promise<Value>(() => setInterval(() => {}, 1000));

const agent = await createAgent({
  model: { name: "test-model", baseURL },
  memory: store,
  system: "Be brief.",
  tools: ["note", "send"].map((name) =>
    defineTool({
      name,
      description: "Has an effect.",
      input: z.object({}),
      annotations: { readOnly: name === "note", openWorld: false },
      run: () => {
        process.stdout.write("running\n");
        return never<string>();
      },
    }),
  ),
});
const ask = () => {
  process.stdout.write("asking\n");
  return answer === "never" ? never<boolean>() : Promise.resolve(answer === "yes");
};
await agent.turn("go", { threadId, ask }).result();
