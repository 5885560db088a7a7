import { resolve } from "node:path";
import { onTestFinished } from "vitest";
import type { LinkableServer } from "../../../packages/core/src/mcp/linked.ts";
import type { ServerConfig } from "../../../packages/core/src/mcp/server-config.ts";
import { createToolbox, type Toolbox, type ToolboxLimits } from "../../../packages/core/src/mcp/toolbox.ts";
import type { Failure, ToolContext, ToolOutcome } from "../../../packages/core/src/protocol/index.ts";
import type { EchoMode } from "../../kit/echo-server.ts";

export const echoFile = resolve(import.meta.dirname, "../../kit/echo-server.ts");

/** The echo server as a process of its own. */
export function echo(mode: EchoMode = "plain", more: { env?: Record<string, string> } = {}): ServerConfig {
  return { type: "stdio", command: process.execPath, args: [echoFile, mode], ...more };
}

interface Opening {
  readonly linked?: readonly LinkableServer[];
  readonly servers?: { readonly [name: string]: ServerConfig };
  readonly limits?: Partial<ToolboxLimits>;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
}

/** A toolbox that closes with the test. */
export async function open(opening: Opening): Promise<{ toolbox: Toolbox; failures: Failure[] }> {
  const opened = await createToolbox({
    linked: [],
    servers: {},
    client: { name: "chingu", version: "0.0.0" },
    environment: { PATH: process.env["PATH"] },
    signal: new AbortController().signal,
    ...opening,
  });
  onTestFinished(() => opened.toolbox.close());
  return opened;
}

/** Calls a tool by name and gives all that came of it. */
export function call(
  toolbox: Toolbox,
  name: string,
  input: { readonly [key: string]: unknown } = {},
  context: Partial<ToolContext> = {},
) {
  return toolbox.call({ id: "call-1", name, arguments: JSON.stringify(input) }, input, {
    signal: new AbortController().signal,
    onProgress: () => {},
    threadId: "thread-1",
    ...context,
  });
}

/** The text of an outcome that must be a value. */
export async function content(result: Promise<{ outcome: ToolOutcome }>): Promise<string> {
  const { outcome } = await result;
  if (outcome.kind !== "value") throw new Error(`expected a value, got ${JSON.stringify(outcome)}`);
  return outcome.content;
}
