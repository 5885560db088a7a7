import type { Readable } from "node:stream";
import type { Environment } from "../protocol/index.ts";

/** Where proxy settings come from: the process environment, passed in. */
export interface HttpInit {
  readonly method?: string;
  readonly headers?: Headers | Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** What the adapters and the `openai` SDK need of a `Response`, over a Node stream, which is cheaper than a web one. */
export interface HttpResponse {
  readonly ok: true;
  readonly status: number;
  readonly url: string;
  readonly headers: Headers;
  readonly body: Readable;
}

/** One pool of keep-alive connections. */
export interface Transport {
  /**
   * Resolves with a 2xx response whose body has not been read; destroying the body closes the connection. Rejects with
   * `HttpStatusError` for every other status (redirects are not followed: they would take the key elsewhere), and with
   * the network's error where there was no response. Abort rejects, or destroys the body that is being read. Waits at
   * most ten seconds for a connection, and for nothing else: the loop owns the other timeouts.
   */
  send(url: string, init?: HttpInit): Promise<HttpResponse>;
  /** Loads what the first request would: for a caller whose own deadline should not pay for it. */
  ready(): Promise<void>;
  /** Closes every connection at once. */
  close(): Promise<void>;
}

/** An answer whose status says that it is none. `body` is its text, up to 64 KB. */
export class HttpStatusError extends Error {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;

  constructor(status: number, headers: Headers, body: string) {
    super(`HTTP status ${status}`);
    this.status = status;
    this.headers = headers;
    this.body = body;
  }
}

/** A body beyond the limit of its reader. */
export class BodyTooLargeError extends Error {}

/** The `code` of the error every request meets while HTTPS_PROXY or HTTP_PROXY cannot be read. */
export const invalidProxyCode = "ERR_INVALID_PROXY";

const connectTimeoutMs = 10_000;
const errorBodyLimit = 64 * 1024;

/** Makes a transport. Proxies (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`) are honoured, for everything but loopback. */
export function createTransport(environment: Environment = {}): Transport {
  let pool: ReturnType<typeof openPool> | undefined;
  let closed = false;
  return {
    async send(url, init = {}) {
      if (closed) throw new Error("The transport is closed.");
      pool ??= openPool(environment);
      const { dispatcher, request } = await pool;
      const response = await request(url, {
        dispatcher,
        method: (init.method ?? "GET") as "GET",
        headers: (init.headers ?? null) as Record<string, string> | null,
        body: init.body ?? null,
        signal: init.signal ?? null,
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      const { statusCode: status, body } = response;
      // A body destroyed while nobody reads it must not become an uncaught error.
      body.on("error", () => {});
      const headers = new Headers(
        Object.entries(response.headers).flatMap(([name, value]): [string, string][] =>
          value === undefined ? [] : [[name, Array.isArray(value) ? value.join(", ") : value]],
        ),
      );
      if (status < 200 || status > 299) {
        throw new HttpStatusError(status, headers, await errorText(body));
      }
      return { ok: true, status, url, headers, body };
    },
    async ready() {
      pool ??= openPool(environment);
      // What is wrong with it is told by the request.
      await pool.catch(() => {});
    },
    async close() {
      closed = true;
      await (await pool?.catch(() => undefined))?.dispatcher.destroy();
    },
  };
}

/** The body's text. Rejects with `BodyTooLargeError` beyond the limit, unless it is to be truncated there. */
export async function readText(
  body: Readable,
  limitBytes: number,
  options: { readonly truncate?: boolean } = {},
): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop destroys the body.
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > limitBytes && !options.truncate) throw new BodyTooLargeError(`more than ${limitBytes} bytes`);
    if (size > limitBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, limitBytes).toString("utf8");
}

/** Lets the rest of a body run off, so that its connection serves the next request; what takes over a second is cut. */
export function release(body: Readable): void {
  const timer = setTimeout(() => body.destroy(), 1000);
  timer.unref();
  body.once("close", () => clearTimeout(timer)).resume();
}

/** Whether a URL leads to this machine. */
export function isLoopback(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
}

/** The body of an error, as far as it comes: the status alone says enough. */
const errorText = (body: Readable): Promise<string> =>
  readText(body, errorBodyLimit, { truncate: true }).catch(() => "");

// undici is loaded on the first request: it costs more than the rest of a start.
async function openPool(environment: Environment) {
  const { Agent, EnvHttpProxyAgent, request } = await import("undici");
  const value = (name: string) => environment[name.toLowerCase()] || environment[name] || "";
  const httpProxy = proxyUrl(value("HTTP_PROXY"));
  const httpsProxy = proxyUrl(value("HTTPS_PROXY"));
  const options = { connect: { timeout: connectTimeoutMs }, headersTimeout: 0, bodyTimeout: 0 };
  const dispatcher =
    httpProxy || httpsProxy
      ? new EnvHttpProxyAgent({
          ...options,
          httpProxy,
          httpsProxy,
          noProxy: `localhost,127.0.0.1,[::1],${value("NO_PROXY")}`,
        })
      : new Agent(options);
  return { dispatcher, request };
}

/** A proxy setting as a URL; like everywhere, `host:port` means `http://host:port`. */
function proxyUrl(setting: string): string {
  const url = setting === "" || setting.includes("://") ? setting : `http://${setting}`;
  if (url !== "" && !URL.canParse(url)) {
    throw Object.assign(new Error("A proxy setting is not a URL."), { code: invalidProxyCode });
  }
  return url;
}
