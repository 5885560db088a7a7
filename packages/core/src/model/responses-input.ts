import type { FunctionTool, ResponseInputContent, ResponseInputItem } from "openai/resources/responses/responses";
import type { Message, ReasoningPart, ToolSpec } from "../protocol/index.ts";
import { sortedByName } from "./chat-messages.ts";
import { dataUrl, type ReplayItem, type ReplayOptions, replay, type UserPart } from "./replay.ts";

/** A thread as the Responses API takes it (see `replay`); the instructions stand elsewhere in the request. */
export function toInput(messages: readonly Message[], options: ReplayOptions): ResponseInputItem[] {
  return replay(messages, options).flatMap(inputItems);
}

function inputItems(item: ReplayItem): ResponseInputItem[] {
  switch (item.kind) {
    case "user":
      return [{ role: "user", content: userContent(item.parts) }];
    case "result":
      return [{ type: "function_call_output", call_id: item.callId, output: item.content }];
    case "assistant":
      return assistantItems(item);
  }
}

/** Tools as the Responses API takes them, sorted by name (rule 30). */
export function toResponsesTools(tools: readonly ToolSpec[]): FunctionTool[] {
  return sortedByName(tools).map(({ name, description, inputSchema }) => ({
    type: "function",
    name,
    description,
    parameters: inputSchema,
    strict: false,
  }));
}

/** Sealed reasoning goes back to where it stood: the API refuses it without the item it led to. */
function assistantItems({ text, reasoning, calls }: Extract<ReplayItem, { kind: "assistant" }>): ResponseInputItem[] {
  const thoughts = (call?: string) =>
    reasoning.filter(({ replay }) => replay?.beforeCall === call).flatMap(reasoningItem);
  return [
    ...thoughts(),
    ...(text === "" ? [] : [{ role: "assistant" as const, content: text }]),
    ...calls.flatMap(({ id, callId, name, arguments: args }): ResponseInputItem[] => [
      ...thoughts(id),
      { type: "function_call", call_id: callId, name, arguments: args },
    ]),
  ];
}

function reasoningItem({ replay }: ReasoningPart): ResponseInputItem[] {
  if (replay?.id === undefined || replay.sealed === undefined) return [];
  return [{ type: "reasoning", id: replay.id, summary: [], encrypted_content: replay.sealed }];
}

function userContent(parts: readonly UserPart[]): string | ResponseInputContent[] {
  if (parts.every((part) => part.type === "text")) return parts.map(({ text }) => text).join("");
  return parts.map(contentPart);
}

function contentPart(part: UserPart): ResponseInputContent {
  switch (part.type) {
    case "text":
      return { type: "input_text", text: part.text };
    case "image":
      return { type: "input_image", detail: "auto", image_url: dataUrl(part) };
    case "file":
      return { type: "input_file", filename: part.name, file_data: dataUrl(part) };
  }
}
