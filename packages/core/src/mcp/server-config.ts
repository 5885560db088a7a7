import { z } from "zod";
import type { LinkableServer } from "./linked.ts";

const text = z.string().min(1);

const fileEntrySchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("stdio"),
    command: text,
    args: z.array(z.string()).optional(),
    env: z.record(z.string(), z.string()).optional(),
    cwd: text.optional(),
  }),
  z.strictObject({
    type: z.literal("http"),
    url: z.url({ protocol: /^https?$/, error: "must be an http or https address" }),
    headers: z.record(z.string(), z.string()).optional(),
  }),
]);

/** One entry of `mcpServers`. Many files leave the type out: an entry with an address is HTTP, else it is a command. */
export const serverEntrySchema = z.preprocess((entry) => {
  if (typeof entry !== "object" || entry === null || "type" in entry) return entry;
  return { type: "url" in entry ? "http" : "stdio", ...entry };
}, fileEntrySchema);

/** How to reach one server, every `${VAR}` filled in. */
export type ServerConfig = z.output<typeof fileEntrySchema> & {
  /** Values that must not be shown, besides those of `env` and `headers`. */
  readonly secrets?: readonly string[];
};
export type StdioConfig = Extract<ServerConfig, { type: "stdio" }>;
export type HttpConfig = Extract<ServerConfig, { type: "http" }>;

/** A server in this process, or how to reach one elsewhere. */
export type Peer = { readonly linked: LinkableServer } | { readonly config: ServerConfig };

/** A server's name becomes part of tool names and of sentences on a screen. */
export const serverNameSchema = z
  .string()
  .regex(/^[\w.-]{1,64}$/, "a server's name has 1 to 64 letters, digits, dots, hyphens and underscores");
