import type { Message, Part, Tool } from "../protocol/index.ts";

/**
 * The tool whose output first brought words of strangers into the newest turn: a foreign one, one that reaches beyond
 * this machine, one that is no longer there, or `relays`, which read such output again. Undefined when there is none.
 */
export function untrustedSource(
  messages: readonly Message[],
  tools: readonly Tool[],
  relays: readonly string[],
): string | undefined {
  return foreignOutput(newestTurn(messages), tools, relays);
}

/**
 * Whose words, beside the user's and ours, the model has had before it in a thread: those of a server that describes its
 * tools, of a tool's output, of a file or a pipe that came with a message. Undefined when there are none.
 */
export function strangersIn(
  messages: readonly Message[],
  tools: readonly Tool[],
  relays: readonly string[],
): string | undefined {
  const output = foreignOutput(messages, tools, relays);
  if (output !== undefined) return `what ${output} brought in`;
  for (const { role, parts } of messages) {
    const [given] = role === "user" ? parts.flatMap(nameOfGiven) : [];
    if (given !== undefined) return `the words in ${given}`;
  }
  const described = tools.find(({ trusted }) => !trusted);
  return described && `the server ${described.server}`;
}

function nameOfGiven(part: Part): readonly string[] {
  if (part.type === "text") return part.from === undefined ? [] : [part.from];
  return part.type === "image" || part.type === "file" ? [part.name ?? part.mediaType] : [];
}

function foreignOutput(
  messages: readonly Message[],
  tools: readonly Tool[],
  relays: readonly string[],
): string | undefined {
  const own = new Set(
    tools.filter(({ trusted, annotations }) => trusted && !annotations.openWorld).map(({ name }) => name),
  );
  for (const { parts } of messages) {
    const found = parts.filter(bringsWords).find(({ name }) => !own.has(name) || relays.includes(name));
    if (found) return found.name;
  }
  return undefined;
}

/** From the words that began the turn on. A turn that goes on with a waiting call has none: it belongs to the one before. */
function newestTurn(messages: readonly Message[]): readonly Message[] {
  const start = messages.findLastIndex(
    ({ role, turnId }, index) => role === "user" && messages[index - 1]?.turnId !== turnId,
  );
  return messages.slice(Math.max(0, start));
}

function bringsWords(part: Part): part is Extract<Part, { type: "tool_result" }> {
  if (part.type !== "tool_result") return false;
  const { outcome } = part;
  // The other errors are words of ours: such a call did not reach its tool, or brought nothing back.
  return outcome.kind !== "error" || outcome.code === "failed" || outcome.code === "invalid_arguments";
}
