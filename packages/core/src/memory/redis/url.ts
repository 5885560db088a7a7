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
  /** For display: without user name and password. */
  readonly url: string;
}

/** Reads `redis[s]://[user][:password@]host[:port][/db]`. Throws a StoreError (`usage`) that never quotes the URL. */
export function parseRedisUrl(text: string): RedisTarget {
  try {
    const url = new URL(text);
    const db = /^(?:\/(\d{1,5}))?\/?$/.exec(url.pathname);
    if (!db || url.search || url.hash || !url.hostname)
      throw new Error("more or less than a host, a port and a number");
    const tls = url.protocol === "rediss:";
    const port = Number(url.port || 6379);
    return {
      tls,
      host: url.hostname.replace(/^\[|\]$/g, ""),
      port,
      db: Number(db[1] ?? 0),
      username: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      address: `${url.hostname}:${port}`,
      url: `${url.protocol}//${url.hostname}:${port}/${Number(db[1] ?? 0)}`,
    };
  } catch (cause) {
    // The text stays out of the message, and its parser's error too: either may hold a password.
    const reason = cause instanceof Error ? cause.name : "error";
    throw new StoreError({
      code: "usage",
      message: `The Redis URL cannot be read (${reason}).`,
      hint: "Write redis://HOST:PORT/DB or redis://USER:PASSWORD@HOST:PORT/DB; special characters of the password percent-encoded.",
    });
  }
}
