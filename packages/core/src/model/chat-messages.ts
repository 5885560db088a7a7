import type {
  ChatCompletionAssistantMessageParam,
  ChatCompletionContentPart,
  ChatCompletionFunctionTool,
  ChatCompletionMessageParam,
} from "openai/resources/chat/completions";
import type { Message, ToolSpec } from "../protocol/index.ts";
import { toValidUnicode } from "../text/index.ts";
import type { Profile } from "./profile.ts";
import { dataUrl, type ReplayItem, type ReplayOptions, replay, type UserPart } from "./replay.ts";

type Options = ReplayOptions &
  Pick<Profile, "systemRole" | "mergeUserMessages" | "replayReasoning"> &
  Partial<Pick<Profile, "tools">>;

/** A thread as Chat Completions takes it (see `replay`), with the instructions where the model expects them. */
export function toChatMessages(
  system: string,
  messages: readonly Message[],
  options: Options,
): ChatCompletionMessageParam[] {
  const replayed = replay(messages, options);
  const items = options.tools === false ? inWords(replayed) : replayed;
  const instructions = toValidUnicode(system);
  if (instructions === "") return chatMessages(items, options);
  if (options.systemRole === "user") return chatMessages(withInstructions(instructions, items), options);
  return [{ role: options.systemRole, content: instructions }, ...chatMessages(items, options)];
}

/** Tools as Chat Completions takes them, sorted by name whatever order they came in (rule 30). */
export function toChatTools(tools: readonly ToolSpec[]): ChatCompletionFunctionTool[] {
  return sortedByName(tools).map(({ name, description, inputSchema }) => ({
    type: "function",
    function: { name, description, parameters: inputSchema },
  }));
}

export function sortedByName(tools: readonly ToolSpec[]): ToolSpec[] {
  return tools.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function chatMessages(items: readonly ReplayItem[], options: Options): ChatCompletionMessageParam[] {
  return (options.mergeUserMessages ? mergeUserItems(items) : items).map((item) => chatMessage(item, options));
}

function chatMessage(item: ReplayItem, options: Options): ChatCompletionMessageParam {
  switch (item.kind) {
    case "user":
      return { role: "user", content: userContent(item.parts) };
    case "result":
      return { role: "tool", tool_call_id: item.callId, content: item.content };
    case "assistant":
      return assistantMessage(item, options);
  }
}

function assistantMessage(
  { text, reasoning, calls }: Extract<ReplayItem, { kind: "assistant" }>,
  { replayReasoning }: Options,
): ChatCompletionAssistantMessageParam {
  const thought = replayReasoning ? reasoning.map((part) => part.text).join("") : "";
  return {
    role: "assistant",
    content: text === "" ? null : text,
    ...(thought !== "" && { reasoning_content: toValidUnicode(thought) }),
    ...(calls.length > 0 && {
      tool_calls: calls.map(({ callId, name, arguments: args }) => ({
        id: callId,
        type: "function" as const,
        function: { name, arguments: args },
      })),
    }),
  };
}

/** Text alone stays a string: that is what every endpoint reads. */
function userContent(parts: readonly UserPart[]): string | ChatCompletionContentPart[] {
  if (parts.every((part) => part.type === "text")) return parts.map(({ text }) => text).join("");
  return parts.map(contentPart);
}

function contentPart(part: UserPart): ChatCompletionContentPart {
  switch (part.type) {
    case "text":
      return part;
    case "image":
      return { type: "image_url", image_url: { url: dataUrl(part) } };
    case "file":
      return { type: "file", file: { filename: part.name, file_data: dataUrl(part) } };
  }
}

function withInstructions(instructions: string, items: readonly ReplayItem[]): ReplayItem[] {
  const opening: ReplayItem = { kind: "user", parts: [{ type: "text", text: instructions }] };
  const [first, ...rest] = items;
  return first?.kind === "user" ? [joined(opening, first), ...rest] : [opening, ...items];
}

/** A thread with calls in it, for a model that knows no tools. */
function inWords(items: readonly ReplayItem[]): ReplayItem[] {
  return items.map((item): ReplayItem => {
    if (item.kind === "result") return { kind: "user", parts: [{ type: "text", text: `Result:\n${item.content}` }] };
    if (item.kind !== "assistant" || item.calls.length === 0) return item;
    const called = item.calls.map(({ name, arguments: args }) => `${name} ${args}`).join("\n");
    return { ...item, calls: [], text: item.text || called };
  });
}

function mergeUserItems(items: readonly ReplayItem[]): ReplayItem[] {
  const merged: ReplayItem[] = [];
  for (const item of items) {
    const last = merged.at(-1);
    if (item.kind === "user" && last?.kind === "user") merged[merged.length - 1] = joined(last, item);
    else merged.push(item);
  }
  return merged;
}

type UserItem = Extract<ReplayItem, { kind: "user" }>;

function joined(a: UserItem, b: UserItem): UserItem {
  return { kind: "user", parts: [...a.parts, { type: "text", text: "\n\n" }, ...b.parts] };
}
