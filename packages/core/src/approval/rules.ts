import type { Tool, ToolCall } from "../protocol/index.ts";

/** What may happen with one tool call, before anyone is asked. */
export type Decision =
  | { readonly kind: "allow"; readonly reason: string }
  | { readonly kind: "ask"; readonly reason: string }
  | { readonly kind: "deny"; readonly reason: string };

export type Decide = (call: ToolCall, tool: Tool) => Decision | Promise<Decision>;

/**
 * Our own read-only tools run; everything else asks, unless a rule allows it by name. A rule is a tool's name in which
 * `*` stands for anything: `files__*`. What a foreign server says of its own tools never lowers the bar.
 */
export function createRules(allow: readonly string[]): Decide {
  const allowed = allow.map((rule) => ({ rule, matches: matcher(rule) }));
  return (_call, tool) => {
    const rule = allowed.find(({ matches }) => matches(tool.name));
    if (rule) return { kind: "allow", reason: `allowed by the rule ${rule.rule}` };
    if (tool.trusted && tool.annotations.readOnly) return { kind: "allow", reason: "only reads and computes" };
    const whose = tool.trusted ? "it may change something" : `it comes from the server ${tool.server}`;
    return { kind: "ask", reason: `${tool.name} needs a yes: ${whose}` };
  };
}

function matcher(rule: string): (name: string) => boolean {
  const pattern = new RegExp(`^${rule.split(/\*+/).map(RegExp.escape).join(".*")}$`, "s");
  return (name) => pattern.test(name);
}
