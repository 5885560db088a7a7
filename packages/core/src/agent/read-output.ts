import { z } from "zod";
import type { Placed } from "../memory/conversation.ts";
import { defineTool, type ToolDefinition } from "../protocol/index.ts";

export const readOutputName = "read_output";

const pageCharacters = 12_000;

/** How a tool result is called that stands in the thread, but no longer in what the model is shown. */
export const messageName = (seq: number) => `message:${seq}`;

export interface ReadOutputs {
  /** The text saved under that name. */
  readonly text: (threadId: string, name: string) => Promise<string | undefined>;
  /** The messages of the conversation as it stands: what was rewound cannot be read. */
  readonly messages: (threadId: string) => Promise<readonly Placed[]>;
}

/** Reads on in a tool output that was cut for the model (rule 23), or again in one that compaction took out of its sight. */
export function readOutputTool(read: ReadOutputs): ToolDefinition {
  return defineTool({
    name: readOutputName,
    description:
      "Reads a part of an earlier tool output that was too long to be shown whole, or is no longer shown. `name` is the name given where it was cut or left out; `offset` is the character to start at.",
    input: z.object({ name: z.string(), offset: z.number().int().nonnegative().default(0) }),
    annotations: { readOnly: true, openWorld: false },
    run: async ({ name, offset }, { threadId }) => {
      const seq = /^message:(\d+)$/.exec(name)?.[1];
      const text =
        seq === undefined
          ? await read.text(threadId, name)
          : resultIn((await read.messages(threadId)).find((placed) => placed.seq === Number(seq)));
      if (text === undefined) {
        return { content: `No output of that name is kept in this conversation: ${name}`, isError: true };
      }
      const end = Math.min(text.length, offset + pageCharacters);
      const rest = end < text.length ? `\n[… ${text.length - end} characters follow; go on with offset ${end} …]` : "";
      return `${text.slice(offset, end)}${rest}`;
    },
  });
}

function resultIn(placed: Placed | undefined): string | undefined {
  const contents = placed?.message.parts.flatMap((part) =>
    part.type === "tool_result" && part.outcome.kind === "value" ? [part.outcome.content] : [],
  );
  return contents && contents.length > 0 ? contents.join("\n\n") : undefined;
}
