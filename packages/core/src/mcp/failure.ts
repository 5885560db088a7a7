import type { Failure } from "../protocol/index.ts";
import { sanitizeLine } from "../text/index.ts";
import type { Peer } from "./server-config.ts";

/** What a person is told about a server that does not start: which, how it was to be reached, why, what to do. */
export function startFailure(name: string, peer: Peer, error: unknown): Failure {
  return {
    code: "tool_server_unavailable",
    message: `The tool server "${name}"${addressOf(peer)} did not start: ${wordsOf(error, peer)}.`,
    hint: "Its tools are left out until it starts. Check its entry in mcp.json or .mcp.json, or remove it there.",
  };
}

function addressOf(peer: Peer): string {
  if ("linked" in peer) return "";
  if (peer.config.type === "stdio")
    return ` (${sanitizeLine(redact([peer.config.command, ...(peer.config.args ?? [])].join(" "), peer))})`;
  const { origin, pathname } = new URL(peer.config.url);
  return ` (${origin}${pathname})`;
}

/** What an error says, without the secrets the server was given. */
export function wordsOf(error: unknown, peer: Peer): string {
  return redact(messageOf(error), peer);
}

/** Takes out the values the configuration hands to the server: keys and tokens live there. */
function redact(text: string, peer: Peer): string {
  if ("linked" in peer) return text;
  const { config } = peer;
  const given = Object.values((config.type === "stdio" ? config.env : config.headers) ?? {});
  return [...given, ...(config.secrets ?? [])]
    .filter((value) => value.length >= 6)
    .reduce((left, value) => left.replaceAll(value, "…"), text);
}

/** What an error and its causes say, safe to show, on one line and without a full stop. */
export function messageOf(error: unknown): string {
  const said: string[] = [];
  for (let at = error; at !== undefined && said.length < 5; at = at instanceof Error ? at.cause : undefined) {
    const words = at instanceof Error ? at.message : String(at);
    if (!said.some((earlier) => earlier.includes(words))) said.push(words);
  }
  return sanitizeLine(said.join(": ")).slice(0, 2_000).replace(/\.$/, "");
}
