import type { Row } from "../../packages/core/src/memory/thread-store.ts";
import { type Message, textOf } from "../../packages/core/src/protocol/index.ts";
import { written } from "./scenarios.ts";

/** One message of a Chat Completions request, as far as it is judged. */
export interface ChatMessage {
  readonly role: string;
  readonly content?: string | null;
  readonly tool_calls?: readonly {
    readonly id: string;
    readonly function: { readonly name: string; readonly arguments: string };
  }[];
  readonly tool_call_id?: string;
}

/** What a strict server would refuse about the messages of a request, one line each. */
export function faultsOfRequest(messages: readonly ChatMessage[]): string[] {
  const faults: string[] = [];
  const ids = new Set<string>();
  let owed: string[] = [];
  let previous = "";
  for (const [index, message] of messages.entries()) {
    const fault = (what: string) => faults.push(`message ${index} (${message.role}) ${what}`);
    if (message.role === "tool") {
      const expected = owed.shift();
      if (message.tool_call_id !== expected) fault(`answers ${message.tool_call_id}, expected was ${expected}`);
      if (typeof message.content !== "string") fault("has no content");
    } else {
      if (owed.length > 0) fault(`comes before the results of ${owed.join(", ")}`);
      owed = (message.tool_calls ?? []).map(({ id }) => id);
      if (!message.content && owed.length === 0) fault("says nothing");
    }
    if ((message.role === "system") !== (index === 0)) fault("stands in the wrong place");
    if (message.role === "assistant" && (previous === "assistant" || previous === "system"))
      fault(`follows ${previous}`);
    if (message.tool_calls && message.role !== "assistant") fault("makes calls");
    for (const { id, function: called } of message.tool_calls ?? []) {
      if (!/^[A-Za-z0-9_-]{1,64}$/.test(id)) fault(`has a call id that providers refuse: ${id}`);
      if (ids.has(id)) fault(`has a call id a second time: ${id}`);
      ids.add(id);
      if (!isObject(called.arguments)) fault(`has arguments that are no object: ${called.arguments}`);
    }
    previous = message.role;
  }
  if (owed.length > 0) faults.push(`the request ends before the results of ${owed.join(", ")}`);
  return faults;
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** What the store lost, doubled or damaged of what it had promised to keep, in that order. */
export function faultsOfLog(rows: readonly Row[], promised: readonly string[]): string[] {
  const faults: string[] = [];
  const ids = rows.map((row) => {
    if ("message" in row) return row.message.id;
    return "mark" in row ? row.mark.id : `row ${row.seq}`;
  });
  for (const row of rows) if ("corrupt" in row) faults.push(`row ${row.seq} is corrupt: ${row.corrupt}`);
  if (rows.some(({ seq }, index) => seq !== index + 1)) faults.push("the rows are not numbered 1, 2, 3…");
  if (new Set(ids).size < ids.length) faults.push("a message is stored twice");
  const kept = ids.filter((id) => promised.includes(id));
  if (kept.join() !== promised.join()) faults.push(`promised were ${promised.join(", ")}, kept are ${kept.join(", ")}`);
  return faults;
}

/** What a request does not tell the model: something that was said, or a tool that may have run. */
export function faultsOfMemory(
  messages: readonly ChatMessage[],
  { log, effects }: { readonly log: readonly Message[]; readonly effects: readonly string[] },
): string[] {
  const faults: string[] = [];
  let from = 0;
  for (const message of log) {
    const text = textOf(message);
    if (text === "" || message.state !== "complete") continue;
    const found = messages.findIndex((sent, index) => index >= from && sent.content === text);
    if (found < 0) faults.push(`the model is not told what the ${message.role} said: ${text.slice(0, 60)}`);
    else from = found + 1;
  }
  return [...faults, ...faultsOfEffects(messages, effects)];
}

/** An effect that happened must be in sight of the model: as its result, or as a call that may have run. */
export function faultsOfEffects(messages: readonly ChatMessage[], effects: readonly string[]): string[] {
  const faults: string[] = [];
  if (new Set(effects).size < effects.length) faults.push(`an effect was repeated: ${effects.join(", ")}`);
  const calls = messages.flatMap(({ tool_calls }) => tool_calls ?? []);
  for (const key of effects) {
    const made = calls.find(({ function: called }) => called.arguments.includes(`"key":"${key}"`));
    const result = messages.find(({ tool_call_id }) => tool_call_id !== undefined && tool_call_id === made?.id);
    if (!made) faults.push(`the effect of ${key} happened, and the model is not told of the call`);
    else if (!result?.content?.startsWith(written(key)) && !/may have run/.test(result?.content ?? "")) {
      faults.push(`the effect of ${key} happened, and the model is told: ${result?.content}`);
    }
  }
  for (const { id, function: called } of calls) {
    const key = /"key":"(\w+)"/.exec(called.arguments)?.[1];
    const result = messages.find(({ tool_call_id }) => tool_call_id === id)?.content ?? "";
    if (key && result.startsWith(written(key)) && !effects.includes(key))
      faults.push(`${key} is claimed, and never ran`);
  }
  return faults;
}
