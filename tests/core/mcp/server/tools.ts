import { z } from "zod";
import { defineTool } from "../../../../packages/core/src/protocol/index.ts";

/** Tools for the server's tests, out of order on purpose. */
export const tools = [
  defineTool({
    name: "where",
    description: "Names the conversation",
    input: z.object({}),
    run: (_, { threadId }) => threadId,
  }),
  defineTool({
    name: "sum",
    title: "Sum",
    description: "Adds two numbers",
    input: z.object({ a: z.number().describe("the first"), b: z.number() }),
    output: z.object({ sum: z.number() }),
    annotations: { readOnly: true, openWorld: false },
    timeoutMs: 5_000,
    run: ({ a, b }) => ({
      content: String(a + b),
      structured: { sum: a + b },
      display: `${a} + ${b} = ${a + b}`,
      receipt: {
        kind: "computation",
        tool: "sum",
        language: "js",
        program: `${a} + ${b}`,
        value: String(a + b),
        stdout: "",
      },
    }),
  }),
  defineTool({
    name: "broken",
    description: "Throws",
    input: z.object({}),
    run: () => {
      throw new Error("division by zero");
    },
  }),
  defineTool({
    name: "misfit",
    description: "Answers with what its schema does not allow",
    input: z.object({}),
    output: z.object({ sum: z.number() }),
    run: () => ({ content: "x", structured: { sum: "x" } }),
  }),
  defineTool({
    name: "sorry",
    description: "Ran and failed",
    input: z.object({}),
    run: () => ({ content: "the file is empty", isError: true }),
  }),
  defineTool({
    name: "steps",
    description: "Reports progress, also when it is too late",
    input: z.object({}),
    run: (_, { onProgress }) => {
      onProgress({ progress: 1, total: 2, message: "one" });
      onProgress({ progress: 2, total: 2, message: "two" });
      setTimeout(() => onProgress({ progress: 3, message: "late" }), 20);
      return "done";
    },
  }),
  defineTool({
    name: "report",
    description: "Reports progress, and goes on until it is told to stop",
    input: z.object({}),
    run: (_, { onProgress, signal }) => {
      onProgress({ progress: 1, total: 2 });
      return new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(new Error("stopped")));
      });
    },
  }),
  defineTool({
    name: "wait",
    description: "Waits until it is told to stop, and says so on stderr",
    input: z.object({}),
    run: (_, { signal }) => {
      console.error("waiting");
      return new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          console.error("stopped");
          reject(new Error("stopped"));
        });
      });
    },
  }),
  defineTool({
    name: "chatty",
    description: "Prints where it must not",
    input: z.object({}),
    run: () => {
      console.log("printed by console.log");
      process.stdout.write("written to stdout\n");
      return "quiet";
    },
  }),
];
