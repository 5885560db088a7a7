import type {
  ChatCompletionFunctionTool,
  ChatCompletionMessageFunctionToolCall,
  ChatCompletionMessageParam,
} from "openai/resources/chat/completions";
import { type Message, type Part, type ToolCall, type ToolOutcome, type ToolSpec, textOf } from "../protocol/index.ts";
import { toValidUnicode } from "../text/index.ts";

/**
 * A thread as Chat Completions takes it. The same messages always give the same bytes, and more messages only add to
 * the end (rule 30).
 *
 * Messages that did not complete stay out (rule 9), reasoning is not sent back (rule 28), results follow their call in
 * the order of the calls (rule 24), and no call is without result nor a result without call (rule 8), whatever comes in.
 */
export function toChatMessages(system: string, messages: readonly Message[]): ChatCompletionMessageParam[] {
  const chat: ChatCompletionMessageParam[] = system === "" ? [] : [{ role: "system", content: toValidUnicode(system) }];
  const wireId = wireIds();
  let open: readonly ToolCall[] = [];
  let results = new Map<string, string>();

  const closeCalls = (): void => {
    for (const call of open) {
      chat.push({ role: "tool", tool_call_id: wireId(call.id), content: results.get(call.id) ?? missingResult });
    }
    open = [];
    results = new Map();
  };

  for (const message of messages) {
    if (message.state !== "complete") continue;
    if (message.role === "tool") {
      for (const part of message.parts) {
        if (part.type === "tool_result") results.set(part.callId, toValidUnicode(outcomeText(part.outcome)));
      }
      continue;
    }
    closeCalls();
    const content = toValidUnicode(textOf(message));
    if (message.role === "user") {
      chat.push({ role: "user", content });
      continue;
    }
    open = message.parts.flatMap((part: Part) => (part.type === "tool_call" ? [part.call] : []));
    if (open.length > 0) {
      chat.push({
        role: "assistant",
        content: content === "" ? null : content,
        tool_calls: open.map((call) => toChatCall(call, wireId(call.id))),
      });
    } else if (content !== "") {
      chat.push({ role: "assistant", content });
    }
  }
  closeCalls();
  return chat;
}

/** Tools as Chat Completions takes them, sorted by name whatever order they came in (rule 30). */
export function toChatTools(tools: readonly ToolSpec[]): ChatCompletionFunctionTool[] {
  return tools
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, description, inputSchema }) => ({
      type: "function",
      function: { name, description, parameters: inputSchema },
    }));
}

/** What a model is told about an outcome. */
function outcomeText(outcome: ToolOutcome): string {
  switch (outcome.kind) {
    case "value":
      return outcome.content;
    case "error":
      return `${outcome.code}: ${outcome.message}${outcome.hint ? ` (${outcome.hint})` : ""}`;
    case "unknown":
      return `No answer: ${outcome.message}. It may have run; check before calling again.`;
  }
}

const missingResult = "No result was recorded for this call: it may have run. Check before calling again.";

function toChatCall(call: ToolCall, id: string): ChatCompletionMessageFunctionToolCall {
  return { id, type: "function", function: { name: call.name, arguments: replayableArguments(call.arguments) } };
}

/** Strict endpoints refuse a history whose arguments are no JSON object, so what is none is wrapped in one. */
function replayableArguments(raw: string): string {
  if (raw.trim() === "") return "{}";
  try {
    const value: unknown = JSON.parse(raw);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return toValidUnicode(raw);
  } catch {
    // Malformed or cut: below.
  }
  return JSON.stringify({ malformed_arguments: toValidUnicode(raw.slice(0, 2000)) });
}

/** Ids every provider takes, `[A-Za-z0-9_-]{1,64}` (rule 2), the same for a call and its result, different for different calls. */
function wireIds(): (id: string) => string {
  const given = new Map<string, string>();
  const taken = new Set<string>();
  return (id) => {
    const known = given.get(id);
    if (known !== undefined) return known;
    const plain = id.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 64) || "call";
    let unique = plain;
    for (let n = 2; taken.has(unique); n += 1) unique = `${plain.slice(0, 58)}_${n}`;
    taken.add(unique);
    given.set(id, unique);
    return unique;
  };
}
