import type { Failure, ReceiptDraft, Tool, ToolCall, ToolContext, ToolOutcome } from "../protocol/index.ts";
import { toolMeta } from "../protocol/index.ts";
import { sanitizeLine } from "../text/index.ts";
import { type Answer, type Connection, createConnection, type RemoteTool } from "./connection.ts";
import { readDefinition } from "./definition.ts";
import type { LinkableServer } from "./linked.ts";
import { nameTools } from "./names.ts";
import { readResult } from "./result.ts";
import type { ServerConfig } from "./server-config.ts";

/** Many servers as one list of tools. */
export interface Toolbox {
  /** Sorted by name; the array is replaced, never changed, when a server's list changes. */
  list(): readonly Tool[];
  /**
   * Runs one call whose arguments are already parsed. Never rejects: a server that died, hung up or sent nonsense is
   * an outcome. Aborting tells the server (`notifications/cancelled`) and yields `cancelled`, whatever the server does.
   * `receipt` is evidence for the caller to complete; only servers linked in process yield one.
   */
  call(
    call: ToolCall,
    input: { readonly [key: string]: unknown },
    context: ToolContext,
  ): Promise<{ outcome: ToolOutcome; receipt?: ReceiptDraft }>;
  close(): Promise<void>;
}

export interface ToolboxOptions {
  /** Our own servers; their tools keep their names, and of two with one name the first counts. */
  readonly linked: readonly LinkableServer[];
  readonly servers: { readonly [name: string]: ServerConfig };
  readonly client: { readonly name: string; readonly version: string };
  /** Where servers on stdio get their minimal environment from. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Ends the wait for servers that are still starting; the toolbox then has the others. */
  readonly signal: AbortSignal;
  readonly limits?: Partial<ToolboxLimits>;
}

export interface ToolboxLimits {
  readonly startTimeoutMs: number;
  /** For tools that name no timeout of their own. */
  readonly callTimeoutMs: number;
  readonly restartDelayMs: number;
}

const defaultLimits: ToolboxLimits = { startTimeoutMs: 15_000, callTimeoutMs: 120_000, restartDelayMs: 500 };

/** The name under which our own tools are listed. */
const ours = "chingu";

interface Source {
  readonly server: string;
  readonly trusted: boolean;
  readonly connection: Connection;
  tools: readonly RemoteTool[];
}

interface Entry {
  readonly tool: Tool;
  readonly source: Source;
  /** The server's own name for the tool. */
  readonly remote: string;
}

/**
 * Starts every server side by side and makes their tools one list. A server that does not start and a tool that cannot
 * be offered cost the others nothing: each is a failure to show. Never rejects for a server's fault.
 */
export async function createToolbox(options: ToolboxOptions): Promise<{ toolbox: Toolbox; failures: Failure[] }> {
  const limits = { ...defaultLimits, ...options.limits };
  let book = new Map<string, Entry>();
  let listed: readonly Tool[] = [];

  const connect = (server: string, peer: Parameters<typeof createConnection>[1]): Source => {
    const source: Source = {
      server,
      trusted: "linked" in peer,
      tools: [],
      connection: createConnection(server, peer, {
        ...limits,
        client: options.client,
        environment: options.environment,
        onTools: (tools) => {
          source.tools = tools;
          relist();
        },
      }),
    };
    return source;
  };
  const sources = [
    ...options.linked.map((linked) => connect(ours, { linked })),
    ...Object.entries(options.servers)
      .toSorted(([a], [b]) => compare(a, b))
      .map(([name, config]) => connect(name, { config })),
  ];
  const relist = (): Failure[] => {
    const made = makeBook(sources);
    book = made.book;
    listed = [...book.values()].map(({ tool }) => tool).toSorted((a, b) => compare(a.name, b.name));
    return made.failures;
  };

  const failed = await Promise.all(sources.map(({ connection }) => connection.start(options.signal)));

  return {
    failures: [...failed.filter((failure) => failure !== undefined), ...relist()],
    toolbox: {
      list: () => listed,
      call: async (call, input, context) => {
        const entry = book.get(call.name);
        if (!entry) return { outcome: unknownTool(call.name) };
        const { tool, source, remote } = entry;
        const answer = await source.connection.call(remote, input, {
          signal: context.signal,
          timeoutMs: tool.timeoutMs ?? limits.callTimeoutMs,
          // A foreign server has no business with the names of our threads.
          ...(source.trusted && { meta: { [toolMeta.thread]: context.threadId } }),
          onProgress: ({ message, ...progress }) =>
            context.onProgress({ ...progress, ...(message !== undefined && { message: sanitizeLine(message) }) }),
        });
        return answer.kind === "result" ? readResult(answer.result, source) : { outcome: outcomeOf(answer, tool) };
      },
      close: async () => {
        await Promise.all(sources.map(({ connection }) => connection.close()));
      },
    },
  };
}

/** Names every tool and maps the names back. Our own keep theirs, so that no foreign tool can take their place. */
function makeBook(sources: readonly Source[]): { book: Map<string, Entry>; failures: Failure[] } {
  const book = new Map<string, Entry>();
  const failures: Failure[] = [];
  const offers = sources.flatMap((source) => {
    const tools = new Map(source.tools.toReversed().map((listed) => [listed.name, listed]));
    for (const listed of source.tools) {
      if (tools.get(listed.name) !== listed) failures.push(refusal(source.server, listed.name, twice));
    }
    return [...tools.values()].map((listed) => ({ source, listed, server: source.server, tool: listed.name }));
  });
  const [own, foreign] = [
    offers.filter(({ source }) => source.trusted),
    offers.filter(({ source }) => !source.trusted),
  ];
  const names = nameTools(foreign, new Set(own.map(({ tool }) => tool)));
  for (const [index, { source, listed }] of [...own, ...foreign].entries()) {
    const name = names[index - own.length] ?? listed.name;
    const tool = book.has(name) ? twice : readDefinition(listed, name, source);
    if (typeof tool !== "string") book.set(name, { tool, source, remote: listed.name });
    else failures.push(refusal(source.server, listed.name, tool));
  }
  return { book, failures };
}

const twice = "there is another tool of this name";

function refusal(server: string, tool: string, why: string): Failure {
  return {
    code: "tool_refused",
    message: `The tool "${sanitizeLine(tool).slice(0, 64)}" of server "${server}" is left out: ${why}.`,
    hint: "The server's other tools work. Tell its maker.",
  };
}

function unknownTool(name: string): ToolOutcome {
  return {
    kind: "error",
    code: "unknown_tool",
    message: `there is no tool "${name}" now`,
    hint: "use one of the tools you were given",
  };
}

function outcomeOf(answer: Exclude<Answer, { kind: "result" }>, { name, annotations }: Tool): ToolOutcome {
  switch (answer.kind) {
    case "refused": {
      const code = answer.invalidArguments ? "invalid_arguments" : "failed";
      return { kind: "error", code, message: answer.message };
    }
    case "cancelled":
      return { kind: "error", code: "cancelled", message: `${name} was stopped while it ran; it may have run in part` };
    case "timeout":
      return {
        kind: "error",
        code: "timeout",
        message: `${name} did not answer in time and was told to stop; it may have run in part`,
        hint: "ask for less at once",
      };
    case "unavailable": {
      const { message, hint } = answer.failure;
      return { kind: "error", code: "failed", message, ...(hint && { hint }) };
    }
    case "lost": {
      const message = `the server broke off while ${name} ran (${answer.message})`;
      // What only reads may be tried again whether it ran or not.
      return annotations.readOnly ? { kind: "error", code: "failed", message } : { kind: "unknown", message };
    }
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
