import { createHash } from "node:crypto";
import {
  type FilePart,
  type ImagePart,
  type Message,
  type ReasoningPart,
  type ToolCall,
  type ToolOutcome,
  textOf,
} from "../protocol/index.ts";
import { toValidUnicode } from "../text/index.ts";
import type { Profile } from "./profile.ts";

export type UserPart = { readonly type: "text"; readonly text: string } | ImagePart | FilePart;

/** A thread in the pieces that every API knows; each API has its own words for them. */
export type ReplayItem =
  | { readonly kind: "user"; readonly parts: readonly UserPart[] }
  | {
      readonly kind: "assistant";
      readonly text: string;
      /** That of this model alone: what another one thought is not sent (rule 28). */
      readonly reasoning: readonly ReasoningPart[];
      readonly calls: readonly ReplayedCall[];
    }
  | { readonly kind: "result"; readonly callId: string; readonly content: string };

export interface ReplayedCall {
  /** Ours: what `beforeCall` of a reasoning part means. */
  readonly id: string;
  /** As it is sent. */
  readonly callId: string;
  readonly name: string;
  readonly arguments: string;
}

export interface ReplayOptions extends Pick<Profile, "toolIds" | "images" | "files"> {
  readonly model: string;
}

/**
 * A thread as it is sent. The same messages always give the same pieces, and more messages only add to the end (rule
 * 30), but for what an image becomes once it is no longer the newest thing said.
 *
 * Messages that did not complete stay out (rule 9), results follow their call in the order of the calls (rule 24), and
 * no call is without result nor a result without call (rule 8), whatever comes in. Pictures a model does not take are
 * named in their place: the thread began with another model.
 */
export function replay(messages: readonly Message[], options: ReplayOptions): ReplayItem[] {
  const items: ReplayItem[] = [];
  const wireId = wireIds(options.toolIds);
  let open: readonly ReplayedCall[] = [];
  let results = new Map<string, string>();

  const closeCalls = (): void => {
    for (const { id, callId } of open) {
      items.push({ kind: "result", callId, content: results.get(id) ?? missingResult });
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
    if (message.role === "user") {
      const parts = userParts(message, options);
      // A record of something else than words says nothing to a model.
      if (parts.length > 0 || message.parts.length === 0) items.push({ kind: "user", parts });
      continue;
    }
    const text = toValidUnicode(textOf(message));
    open = message.parts.flatMap((part) => (part.type === "tool_call" ? [replayedCall(part.call, wireId)] : []));
    const reasoning = message.parts.filter(
      (part): part is ReasoningPart => part.type === "reasoning" && part.replay?.model === options.model,
    );
    if (open.length > 0 || text !== "") items.push({ kind: "assistant", text, reasoning, calls: open });
  }
  closeCalls();
  return items;
}

/** A picture or file of the newest user message that the model does not take; older ones are named in the replay. */
export function unwelcomePart(
  messages: readonly Message[],
  takes: Pick<Profile, "images" | "files">,
): ImagePart | FilePart | undefined {
  const newest = messages.findLast(({ role }) => role === "user");
  return newest?.parts.find(
    (part): part is ImagePart | FilePart =>
      (part.type === "image" && takes.images === false) || (part.type === "file" && takes.files === false),
  );
}

export function dataUrl({ mediaType, data }: ImagePart | FilePart): string {
  return `data:${mediaType};base64,${data}`;
}

/** What a model is told about an outcome. */
export function outcomeText(outcome: ToolOutcome): string {
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

function userParts({ parts }: Message, { images, files }: ReplayOptions): UserPart[] {
  const sent: UserPart[] = [];
  for (const part of parts) {
    if (part.type === "text") addText(sent, part.text);
    if (part.type === "image" && images !== false) sent.push(part);
    else if (part.type === "file" && files !== false) sent.push(part);
    else if (part.type === "image" || part.type === "file") {
      addText(sent, `\n[${part.name ?? part.mediaType}: not shown, this model cannot read it]\n`);
    }
  }
  return sent;
}

function addText(parts: UserPart[], raw: string): void {
  const text = toValidUnicode(raw);
  const last = parts.at(-1);
  if (last?.type === "text") parts[parts.length - 1] = { type: "text", text: last.text + text };
  else parts.push({ type: "text", text });
}

function replayedCall({ id, name, arguments: raw }: ToolCall, wireId: (id: string) => string): ReplayedCall {
  return { id, callId: wireId(id), name, arguments: replayableArguments(raw) };
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

/** Ids in the form an endpoint takes (rule 2), the same for a call and its result, different for different calls. */
function wireIds(form: Profile["toolIds"]): (id: string) => string {
  const make = form === "9-alphanumerics" ? nineAlphanumerics : sixtyFourWordCharacters;
  const given = new Map<string, string>();
  const taken = new Set<string>();
  return (id) => {
    const known = given.get(id);
    if (known !== undefined) return known;
    let unique = make(id, 1);
    for (let n = 2; taken.has(unique); n += 1) unique = make(id, n);
    taken.add(unique);
    given.set(id, unique);
    return unique;
  };
}

function sixtyFourWordCharacters(id: string, attempt: number): string {
  const plain = id.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 64) || "call";
  return attempt === 1 ? plain : `${plain.slice(0, 58)}_${attempt}`;
}

/** Any id in nine letters and digits, always the same ones. */
function nineAlphanumerics(id: string, attempt: number): string {
  if (attempt === 1 && /^[A-Za-z0-9]{9}$/.test(id)) return id;
  return createHash("sha256").update(`${id}#${attempt}`).digest("hex").slice(0, 9);
}
