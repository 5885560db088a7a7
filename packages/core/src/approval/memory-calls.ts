import { memoryForgetName, memorySaveName } from "../memory/facts/tools.ts";
import type { Tool } from "../protocol/index.ts";
import type { CallContext } from "./call-context.ts";

/** Whether a call may run without a question where no rule speaks of it and `memoryCaution` has none. */
export function keepsUnasked(tool: Tool): boolean {
  return tool.trusted && tool.name === memorySaveName;
}

/**
 * Why a call that changes the long-term memory needs a person, whatever standing rule allows it. What is saved is told to
 * the model in every later conversation: so it is saved unasked only where nobody but the user could have asked for it.
 * What is forgotten is gone.
 */
export function memoryCaution(tool: Tool, context: CallContext): string | undefined {
  if (!tool.trusted) return undefined;
  if (tool.name === memoryForgetName) return `${tool.name} erases for good`;
  if (tool.name !== memorySaveName) return undefined;
  const { strangers, projectInstructions, input } = context;
  const keeps = `${tool.name} keeps this for later conversations`;
  if (strangers !== undefined) return `${keeps}, and ${strangers} may have asked for it, not you`;
  const beyondProject = input["scope"] === undefined || input["scope"] === "user";
  if (projectInstructions === undefined || !beyondProject) return undefined;
  return `${keeps} in every folder, and ${projectInstructions} may have asked for it, not you`;
}
