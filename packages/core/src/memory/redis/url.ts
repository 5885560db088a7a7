import ms, { type StringValue } from "ms";
import { StoreError } from "../thread-store.ts";

export interface RedisTarget {
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly username: string;
  readonly password: string;
  /** host:port, as the user knows the server. */
  readonly address: string;
  /** How long a thread is kept after it was last written to, in ms; 0: for ever. */
  readonly ttlMs: number;
  /** For display: without user name and password. */
  readonly url: string;
}

/** Reads `redis[s]://[user][:password@]host[:port][/db][?ttl=30d]`. Throws a StoreError (`usage`) that never quotes the URL. */
export function parseRedisUrl(text: string): RedisTarget {
  try {
    const url = new URL(text);
    const db = /^(?:\/(\d{1,5}))?\/?$/.exec(url.pathname);
    if (!db || [...url.searchParams.keys()].some((key) => key !== "ttl") || url.hash || !url.hostname)
      throw new Error("more or less than a host, a port and a number");
    const tls = url.protocol === "rediss:";
    const port = Number(url.port || 6379);
    return {
      tls,
      host: url.hostname.replace(/^\[|\]$/g, ""),
      port,
      ttlMs: readTtl(url.searchParams.get("ttl")),
      db: Number(db[1] ?? 0),
      username: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      address: `${url.hostname}:${port}`,
      url: `${url.protocol}//${url.hostname}:${port}/${Number(db[1] ?? 0)}`,
    };
  } catch {
    // The text stays out of the message, and its parser's error too: either may hold a password.
    throw new StoreError({
      code: "usage",
      message: "The Redis URL cannot be read.",
      hint: "Write redis://HOST:PORT/DB or redis://USER:PASSWORD@HOST:PORT/DB, special characters of the password percent-encoded; ?ttl=30d behind it forgets threads nobody speaks in.",
    });
  }
}

function readTtl(text: string | null): number {
  if (text === null) return 0;
  if (!/^\d+(?:\.\d+)?(?:ms|s|m|h|d|w)$/.test(text)) throw new Error("no duration");
  return Math.max(1, Math.round(ms(text as StringValue)));
}
