import { type CallToolResult, McpServer, type ServerContext } from "@modelcontextprotocol/server";
import { type ToolContext, type ToolDefinition, type ToolReturn, toolMeta } from "../protocol/index.ts";

export interface ToolServerInfo {
  readonly name: string;
  readonly version: string;
  readonly instructions?: string;
  /** The conversation of calls that name none: one per connection. */
  readonly threadId?: string;
}

/**
 * An MCP server of the given tools, listed by name, for one connection: linked in process or spoken over a transport.
 *
 * Arguments that miss the schema, a `run` that throws and a structured result that misses `output` are error results the
 * model can act on. A cancelled call aborts `context.signal`. Two definitions of one name are a bug and throw.
 */
export function createToolServer(definitions: readonly ToolDefinition[], info: ToolServerInfo): McpServer {
  const { name, version, instructions, threadId = name } = info;
  const server = new McpServer(
    { name, version },
    { capabilities: { tools: {} }, ...(instructions && { instructions }) },
  );
  for (const definition of definitions.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    server.registerTool(definition.name, describe(definition), async (input, context) => {
      const progress = progressOf(context);
      try {
        return resultOf(await definition.run(input, toolContext(context, threadId, progress.report)));
      } finally {
        progress.end();
      }
    });
  }
  return server;
}

function describe({ title, description, input, output, annotations, timeoutMs }: ToolDefinition) {
  return {
    ...(title && { title }),
    description,
    inputSchema: input,
    ...(output && { outputSchema: output }),
    annotations: {
      ...(annotations?.readOnly !== undefined && { readOnlyHint: annotations.readOnly }),
      ...(annotations?.openWorld !== undefined && { openWorldHint: annotations.openWorld }),
    },
    ...(timeoutMs !== undefined && { _meta: { [toolMeta.timeout]: timeoutMs } }),
  };
}

function toolContext({ mcpReq }: ServerContext, ownThread: string, onProgress: ToolContext["onProgress"]): ToolContext {
  const thread = mcpReq._meta?.[toolMeta.thread];
  return { signal: mcpReq.signal, onProgress, threadId: typeof thread === "string" ? thread : ownThread };
}

/** Progress is sent only while the call runs: a note after the result belongs to no request. */
function progressOf({ mcpReq }: ServerContext): { report: ToolContext["onProgress"]; end: () => void } {
  const progressToken = mcpReq._meta?.progressToken;
  let running = progressToken !== undefined;
  return {
    report: (progress) => {
      if (!running || progressToken === undefined) return;
      // A client that hung up aborts the call; a lost note needs no handling of its own.
      mcpReq.notify({ method: "notifications/progress", params: { progressToken, ...progress } }).catch(() => {});
    },
    end: () => {
      running = false;
    },
  };
}

function resultOf(returned: ToolReturn | string): CallToolResult {
  if (typeof returned === "string") return { content: [{ type: "text", text: returned }] };
  const { content, structured, display, receipt, isError } = returned;
  const meta = {
    ...(display !== undefined && { [toolMeta.display]: display }),
    ...(receipt && { [toolMeta.receipt]: receipt }),
  };
  return {
    content: [{ type: "text", text: content }],
    ...(structured && { structuredContent: structured }),
    ...(isError && { isError }),
    ...(Object.keys(meta).length > 0 && { _meta: meta }),
  };
}
