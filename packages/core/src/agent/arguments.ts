import { distance } from "fastest-levenshtein";
import type { Tool, ToolCall, ToolOutcome } from "../protocol/index.ts";
import type { ValidateArguments } from "./validate.ts";

export type Prepared =
  | { readonly kind: "ready"; readonly tool: Tool; readonly input: { readonly [key: string]: unknown } }
  | { readonly kind: "refused"; readonly outcome: ToolOutcome };

/**
 * Decides whether a call can be made as the model wrote it (rules 3, 4, 6 and 7). Malformed or cut arguments are never
 * mended into something that runs: the model is told where they break and writes them again.
 */
export function prepareCall(call: ToolCall, tools: readonly Tool[], validate: ValidateArguments): Prepared {
  const tool = tools.find(({ name }) => name === call.name);
  if (!tool) {
    return refused({
      kind: "error",
      code: "unknown_tool",
      message: `there is no tool named ${JSON.stringify(call.name.slice(0, 80))}`,
      hint: nearest(call.name, tools),
    });
  }
  let input: unknown;
  try {
    input = call.arguments.trim() === "" ? {} : JSON.parse(call.arguments);
  } catch (error) {
    return refused({
      kind: "error",
      code: "invalid_arguments",
      message: `the arguments are not valid JSON (${error instanceof Error ? error.message : "unreadable"}); nothing was run`,
      hint: "call the tool again with one complete JSON object",
    });
  }
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    return refused({
      kind: "error",
      code: "invalid_arguments",
      message: `the arguments must be one JSON object, not ${JSON.stringify(input).slice(0, 80)}; nothing was run`,
      hint: "call the tool again with one JSON object",
    });
  }
  const issues = validate(tool, input);
  if (issues.length > 0) {
    return refused({
      kind: "error",
      code: "invalid_arguments",
      message: `the arguments do not fit the tool's schema: ${issues.slice(0, 5).join("; ")}; nothing was run`,
      hint: "call the tool again with corrected arguments",
    });
  }
  return { kind: "ready", tool, input: input as { readonly [key: string]: unknown } };
}

function refused(outcome: ToolOutcome): Prepared {
  return { kind: "refused", outcome };
}

function nearest(name: string, tools: readonly Tool[]): string {
  if (tools.length === 0) return "no tools are available: answer without";
  const names = tools
    .map((tool) => tool.name)
    .sort((a, b) => distance(name, a) - distance(name, b))
    .slice(0, 5);
  return `the nearest names are ${names.join(", ")}`;
}

/** Whether a JSON text ends before it is complete: inside a string, or with something left open. */
export function isCut(json: string): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < json.length; index++) {
    const character = json[index];
    if (inString) {
      if (character === "\\") index++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === "{" || character === "[") depth++;
    else if (character === "}" || character === "]") depth--;
  }
  return inString || depth > 0;
}
