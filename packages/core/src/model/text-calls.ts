import { z } from "zod";
import type { MakeId, ToolCall, ToolSpec } from "../protocol/index.ts";
import type { ModelEvent, ModelRequest } from "./chat-model.ts";
import type { Dialect } from "./profile.ts";
import { outcomeText } from "./replay.ts";

/**
 * Turns text into tool calls for models whose row says that they write them there. Only a tool that was offered is
 * called, and never with words that a tool's output put into the model's mouth. Text that may become a call is held back
 * until it is clear; for every other model the events pass as they are.
 */
export async function* readTextCalls(
  events: AsyncIterable<ModelEvent>,
  request: ModelRequest,
  dialects: readonly Dialect[],
  makeId: MakeId,
): AsyncGenerator<ModelEvent> {
  if (request.tools.length === 0 || request.toolChoice === "none") return yield* events;
  let held = "";
  let saidBefore = false;
  for await (const event of events) {
    if (event.type === "text_delta") {
      held += event.text;
      const clear = clearLength(held, dialects, saidBefore);
      if (clear > 0) yield { type: "text_delta", text: held.slice(0, clear) };
      saidBefore ||= held.slice(0, clear).trim() !== "";
      held = held.slice(clear);
      continue;
    }
    if (event.type !== "finished") {
      if (event.type === "failed" && held) yield { type: "text_delta", text: held };
      yield event;
      continue;
    }
    // Native calls count as they are, and what was cut is no call (rule 5).
    const whole = event.reason === "stop" && event.calls.length === 0;
    const found = whole ? findCalls(held, request, dialects, saidBefore) : undefined;
    if (!found) {
      if (held) yield { type: "text_delta", text: held };
      yield event;
      continue;
    }
    if (found.text) yield { type: "text_delta", text: found.text };
    const calls = found.calls.map((call): ToolCall => ({ id: makeId(), ...call }));
    for (const [index, call] of calls.entries()) {
      yield { type: "tool_call_delta", index, name: call.name, arguments: call.arguments };
    }
    yield { ...event, reason: "tool_calls", calls };
  }
}

/** The dialect a text of a model is written in, when it is a call of an offered tool. */
export function dialectOf(text: string, tools: readonly ToolSpec[]): Dialect | undefined {
  return (["tagged", "json-text", "fenced-code"] as const).find(
    (dialect) => callsIn(text, dialect, tools, { whole: true }) !== undefined,
  );
}

interface TextCall {
  readonly name: string;
  readonly arguments: string;
  /** The words it was made from. */
  readonly written: string;
}

interface Found {
  readonly calls: readonly TextCall[];
  /** What was said besides. */
  readonly text: string;
}

const openTag = /<tool_call>|\[TOOL_CALLS\]/;
const tags = ["<tool_call>", "[TOOL_CALLS]"];
const fence = /^```([\w+-]*)[^\n]*\n([\s\S]*?)\n?```$/;

/** How much of the held text can no longer be part of a call. */
function clearLength(held: string, dialects: readonly Dialect[], saidBefore: boolean): number {
  const begin = held.trimStart();
  const wholeMessage = dialects.some((dialect) => dialect !== "tagged");
  if (wholeMessage && !saidBefore && (begin === "" || /^[[{]/.test(begin) || isStartOf("```", begin))) return 0;
  if (!dialects.includes("tagged")) return held.length;
  const tag = held.search(openTag);
  if (tag >= 0) return tag;
  const longest = Math.max(...tags.map(({ length }) => length)) - 1;
  for (let from = Math.max(0, held.length - longest); from < held.length; from += 1) {
    if (tags.some((one) => one.startsWith(held.slice(from)))) return from;
  }
  return held.length;
}

const isStartOf = (whole: string, text: string): boolean =>
  text.length < whole.length ? whole.startsWith(text) : text.startsWith(whole);

function findCalls(
  text: string,
  { tools, messages }: ModelRequest,
  dialects: readonly Dialect[],
  saidBefore: boolean,
): { readonly calls: readonly Omit<TextCall, "written">[]; readonly text: string } | undefined {
  for (const dialect of dialects) {
    const found = callsIn(text, dialect, tools, { whole: !saidBefore });
    if (!found) continue;
    const heard = toolOutput(messages);
    if (found.calls.some(({ written }) => heard.includes(squeezed(written)))) return undefined;
    const calls = found.calls.map(({ name, arguments: args }) => ({ name, arguments: args }));
    return { calls, text: found.text };
  }
  return undefined;
}

/** What tools have said in this thread: a call that stands there word for word is theirs, not the model's. */
function toolOutput(messages: ModelRequest["messages"]): string {
  const said = messages.flatMap(({ parts }) =>
    parts.flatMap((part) => (part.type === "tool_result" ? [squeezed(outcomeText(part.outcome))] : [])),
  );
  return said.join("\n");
}

const squeezed = (text: string): string => text.replace(/\s+/g, "");

function callsIn(
  text: string,
  dialect: Dialect,
  tools: readonly ToolSpec[],
  { whole }: { readonly whole: boolean },
): Found | undefined {
  switch (dialect) {
    case "tagged":
      return taggedCalls(text, tools);
    case "json-text":
      return whole ? jsonCalls(text, tools) : undefined;
    case "fenced-code":
      return whole ? fencedProgram(text, tools) : undefined;
  }
}

/** `<tool_call>{…}</tool_call>`, one or several, or `[TOOL_CALLS][{…}]`, with words around them. */
function taggedCalls(text: string, tools: readonly ToolSpec[]): Found | undefined {
  const calls: TextCall[] = [];
  let broken = false;
  const rest = text.replace(/<tool_call>([\s\S]*?)(?:<\/tool_call>|$)|\[TOOL_CALLS\]\s*([\s\S]*)$/g, (_, one, list) => {
    const made = callsOf(String(one ?? list), tools);
    if (made) calls.push(...made);
    else broken = true;
    return "";
  });
  return calls.length > 0 && !broken ? { calls, text: rest.trim() } : undefined;
}

/** The message as a whole is one JSON object (or a list of them), bare or fenced. */
function jsonCalls(text: string, tools: readonly ToolSpec[]): Found | undefined {
  const trimmed = text.trim();
  const calls = callsOf(fence.exec(trimmed)?.[2] ?? trimmed, tools);
  return calls && { calls, text: "" };
}

const languages: Readonly<Record<string, string>> = {
  python: "python",
  py: "python",
  python3: "python",
  javascript: "javascript",
  js: "javascript",
};

/** The message as a whole is one fenced program, and a tool that runs its language was offered. */
function fencedProgram(text: string, tools: readonly ToolSpec[]): Found | undefined {
  const [, label = "", code = ""] = fence.exec(text.trim()) ?? [];
  const language = languages[label.toLowerCase()];
  const tool = tools.find(({ name, inputSchema }) => {
    const properties = inputSchema["properties"];
    return name === `run_${language}` && typeof properties === "object" && properties !== null && "code" in properties;
  });
  if (!language || !tool || code.trim() === "") return undefined;
  return { calls: [{ name: tool.name, arguments: JSON.stringify({ code }), written: code }], text: "" };
}

const argumentsSchema = z.union([z.record(z.string(), z.unknown()), z.string()]).optional();
const callSchema = z
  .object({ name: z.string(), arguments: argumentsSchema, parameters: argumentsSchema })
  .transform(({ name, arguments: args, parameters }) => ({ name, arguments: args ?? parameters ?? {} }));
const writtenSchema = z.union([
  z.object({ type: z.literal("function"), function: callSchema }).transform((one) => [one.function]),
  callSchema.transform((call) => [call]),
  z.array(callSchema).min(1),
]);

/** The calls that JSON stands for, when every one of them is of an offered tool. */
function callsOf(text: string, tools: readonly ToolSpec[]): TextCall[] | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = writtenSchema.safeParse(json);
  if (!parsed.success) return undefined;
  const calls = parsed.data.map(({ name, arguments: args }) => ({
    name,
    arguments: typeof args === "string" ? args : JSON.stringify(args),
    written: text.trim(),
  }));
  return calls.every(({ name }) => tools.some((tool) => tool.name === name)) ? calls : undefined;
}
