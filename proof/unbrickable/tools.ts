import { z } from "zod";
import { defineTool, type ToolDefinition } from "../../packages/core/src/protocol/index.ts";
import type { Point } from "./fault-points.ts";
import { written } from "./scenarios.ts";

/** Two tools with an effect one can count: `note` runs unasked, `send` needs a yes. */
export function effectTools(effect: (key: string) => void, point: Point): ToolDefinition[] {
  const run = async (key: string, size: number) => {
    point("tool: before its effect");
    effect(key);
    point("tool: after its effect");
    await Promise.resolve();
    point("tool: before its answer");
    return written(key) + " and more".repeat(size / 9);
  };
  return [
    defineTool({
      name: "note",
      description: "Writes a note.",
      input: z.object({ key: z.string(), size: z.number().default(0) }),
      annotations: { readOnly: true, openWorld: false },
      run: ({ key, size }) => run(key, size),
    }),
    defineTool({
      name: "send",
      description: "Sends a note away.",
      input: z.object({ key: z.string() }),
      run: ({ key }) => run(key, 0),
    }),
  ];
}
