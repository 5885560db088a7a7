import { outcomeText } from "../../model/replay.ts";
import type { Message, Part } from "../../protocol/index.ts";
import { capText } from "../../text/index.ts";
import type { Block } from "./blocks.ts";

/** Of one tool result the summary is made from this much, head and tail: the thread keeps the rest. */
const resultLimits = { bytes: 6_000, lines: 200 };

/** What was said in some blocks, as text, one entry a message. No message is left out. */
export function transcriptOf(blocks: readonly Block[]): string[] {
  return blocks.flatMap(({ messages }) => messages.map(entryOf));
}

function entryOf({ role, parts }: Message): string {
  return parts.flatMap((part) => partText(role, part)).join("\n");
}

function partText(role: Message["role"], part: Part): string[] {
  switch (part.type) {
    case "text":
      return [`${role}: ${part.text}`];
    case "image":
    case "file":
      return [`${role}: [${part.name ?? part.mediaType}]`];
    case "tool_call":
      return [`${role} calls ${part.call.name}: ${part.call.arguments}`];
    case "tool_result": {
      const { text } = capText(outcomeText(part.outcome), resultLimits, () => "[…]");
      return [`${part.name} returns: ${text}`];
    }
    // Thoughts are no facts, and the record of an approval is for people.
    case "reasoning":
    case "approval":
      return [];
  }
}

/** The entries in chunks of at most so many bytes each: an entry that is longer goes on in the next. */
export function chunksOf(entries: readonly string[], bytes: number): string[] {
  const chunks: string[] = [];
  let chunk = "";
  let size = 0;
  const close = () => {
    if (chunk !== "") chunks.push(chunk);
    chunk = "";
    size = 0;
  };
  for (const piece of entries.flatMap((entry) => piecesOf(`${entry}\n\n`, bytes))) {
    const more = Buffer.byteLength(piece);
    if (size + more > bytes) close();
    chunk += piece;
    size += more;
  }
  close();
  return chunks;
}

function piecesOf(text: string, bytes: number): string[] {
  if (Buffer.byteLength(text) <= bytes) return [text];
  const pieces: string[] = [];
  let piece = "";
  let size = 0;
  for (const character of text) {
    const more = Buffer.byteLength(character);
    if (size + more > bytes) {
      pieces.push(piece);
      piece = "";
      size = 0;
    }
    piece += character;
    size += more;
  }
  return [...pieces, piece];
}
