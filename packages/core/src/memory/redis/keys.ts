import { createHash } from "node:crypto";
import { escapeText } from "../rows.ts";
import type { ThreadKey } from "../thread-store.ts";

/** What all keys of a namespace begin with. They share the braces, so a cluster keeps them in one slot. */
export function space(namespace: string): string {
  return `m1:{${encodeId(namespace)}}`;
}

export function keysOf({ namespace, id }: ThreadKey) {
  const prefix = space(namespace);
  const name = encodeId(id);
  return {
    rows: `${prefix}:t:${name}`,
    header: `${prefix}:h:${name}`,
    ops: `${prefix}:o:${name}`,
    texts: `${prefix}:b:${name}`,
    index: `${prefix}:ti`,
  };
}

export function factsKey(namespace: string): string {
  return `${space(namespace)}:f`;
}

/** A key that the server itself removes a minute after it was last written. */
export function passingKey(namespace: string, name: string): string {
  return `${space(namespace)}:x:${name}`;
}

/** Any id as a short piece of a key, distinct for distinct ids. A dot, which base64url lacks, marks what is no encoding. */
export function encodeId(id: string): string {
  const bytes = Buffer.from(escapeText(id));
  if (bytes.length === 0) return ".";
  return bytes.length <= 128
    ? bytes.toString("base64url")
    : `.${createHash("sha256").update(bytes).digest("base64url")}`;
}
