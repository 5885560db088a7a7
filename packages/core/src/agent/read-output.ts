import { z } from "zod";
import { defineTool, type ToolDefinition } from "../protocol/index.ts";

export const readOutputName = "read_output";

const pageCharacters = 12_000;

/** Reads on in a tool output that was cut for the model (rule 23). */
export function readOutputTool(
  readText: (threadId: string, name: string) => Promise<string | undefined>,
): ToolDefinition {
  return defineTool({
    name: readOutputName,
    description:
      "Reads a part of an earlier tool output that was too long to be shown whole. `name` is the sha256 name given where the output was cut; `offset` is the character to start at.",
    input: z.object({ name: z.string(), offset: z.number().int().nonnegative().default(0) }),
    annotations: { readOnly: true, openWorld: false },
    run: async ({ name, offset }, { threadId }) => {
      const text = await readText(threadId, name);
      if (text === undefined) {
        return { content: `No output of that name is kept in this conversation: ${name}`, isError: true };
      }
      const end = Math.min(text.length, offset + pageCharacters);
      const rest = end < text.length ? `\n[… ${text.length - end} characters follow; go on with offset ${end} …]` : "";
      return `${text.slice(offset, end)}${rest}`;
    },
  });
}
