import type { Tool, ToolCall } from "@chingu/core/protocol";
import type { CallContext } from "../../../packages/core/src/approval/call-context.ts";
import { createRules, type Decision, type RuleSource } from "../../../packages/core/src/approval/rules.ts";

/** A tool of a server that is not ours, unless told otherwise. */
export function tool(name: string, more: Partial<Tool> = {}): Tool {
  const [server = ""] = name.split("__");
  return {
    name,
    server,
    trusted: false,
    annotations: { readOnly: false, openWorld: true },
    description: "",
    inputSchema: { type: "object" },
    ...more,
  };
}

export const reader = tool("calculate", {
  server: "chingu",
  trusted: true,
  annotations: { readOnly: true, openWorld: false },
});

/** What the rules say about a call with this input. */
export async function decide(
  sources: readonly RuleSource[],
  of: Tool,
  input: CallContext["input"] = {},
  context: Partial<CallContext> = {},
): Promise<Decision> {
  const made = createRules(sources);
  if (made.kind === "failed") throw new Error(made.failure.message);
  const call: ToolCall = { id: "c1", name: of.name, arguments: JSON.stringify(input) };
  return made.rules.decide(call, of, { input, ...context });
}

export const user = (rules: Omit<RuleSource, "origin" | "where">): RuleSource => ({
  origin: "user",
  where: "config.yaml",
  ...rules,
});
export const project = (rules: Omit<RuleSource, "origin" | "where">): RuleSource => ({
  origin: "project",
  where: "chingu.yaml",
  ...rules,
});
export const flag = (...allow: string[]): RuleSource => ({ origin: "command line", where: "--allow", allow });
