import {
  type CallToolResult,
  Client,
  type JsonSchemaValidator,
  ProtocolError,
  ProtocolErrorCode,
  type Tool as RemoteTool,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
} from "@modelcontextprotocol/client";
import type { Failure, ToolProgress } from "../protocol/index.ts";
import { messageOf, startFailure, wordsOf } from "./failure.ts";
import { type Link, openLink } from "./link.ts";
import type { Peer } from "./server-config.ts";
import { abortable } from "./wait.ts";

export type { CallToolResult, RemoteTool };

/** One server, over whatever lies between. */
export interface Connection {
  /**
   * Connects and lists the tools, which `onTools` is told; a server that cannot is a failure. The signal ends the wait
   * alone: a server that is merely slow comes in later.
   */
  start(signal: AbortSignal): Promise<Failure | undefined>;
  /**
   * Calls one tool. Never rejects. A server that went away since the last call is started again, once more after a
   * pause; a call that may have reached a server is never made twice.
   */
  call(tool: string, input: { readonly [key: string]: unknown }, options: CallOptions): Promise<Answer>;
  close(): Promise<void>;
}

export interface CallOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly meta?: { readonly [key: string]: unknown };
  readonly onProgress: (progress: ToolProgress) => void;
}

export type Answer =
  | { readonly kind: "result"; readonly result: CallToolResult }
  /** The server answered with a protocol error, or what it answered was nonsense. */
  | { readonly kind: "refused"; readonly message: string; readonly invalidArguments: boolean }
  | { readonly kind: "cancelled" }
  | { readonly kind: "timeout" }
  /** The call never reached a server. */
  | { readonly kind: "unavailable"; readonly failure: Failure }
  /** The connection broke while the call was out. */
  | { readonly kind: "lost"; readonly message: string };

export interface ConnectionOptions {
  readonly client: { readonly name: string; readonly version: string };
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly startTimeoutMs: number;
  /** The pause before a second try to start a server again. */
  readonly restartDelayMs: number;
  /** Told the server's list at every start, and whenever it has changed. */
  readonly onTools: (tools: readonly RemoteTool[]) => void;
}

interface Session {
  readonly client: Client;
  readonly link: Link;
  ended: boolean;
}

const listPages = 64;
const listChangedPauseMs = 100;

export function createConnection(name: string, peer: Peer, options: ConnectionOptions): Connection {
  const life = new AbortController();
  let session: Session | undefined;
  let starting: Promise<Session> | undefined;
  let startedBefore = false;

  const open = (): Promise<Session> => {
    if (life.signal.aborted) return Promise.reject(life.signal.reason);
    if (session && !session.ended) return Promise.resolve(session);
    starting ??= openSession(peer, options, life.signal)
      .then((opened) => {
        session = opened;
        startedBefore = true;
        return opened;
      })
      .finally(() => {
        starting = undefined;
      });
    return starting;
  };
  const reopen = () =>
    open().catch(async (error: unknown) => {
      if (!startedBefore) throw error;
      await pause(options.restartDelayMs, life.signal);
      return open();
    });
  const drop = async (broken: Session) => {
    broken.ended = true;
    if (session === broken) session = undefined;
    await closeSession(broken);
  };

  return {
    start: async (signal) => {
      try {
        await abortable(open(), signal);
        return undefined;
      } catch (error) {
        return startFailure(name, peer, error);
      }
    },
    call: async (tool, input, call) => {
      for (let again = true; ; again = false) {
        let current: Session;
        try {
          current = await abortable(reopen(), call.signal);
        } catch (error) {
          if (call.signal.aborted) return { kind: "cancelled" };
          return { kind: "unavailable", failure: startFailure(name, peer, error) };
        }
        try {
          return { kind: "result", result: await callTool(current.client, tool, input, call) };
        } catch (error) {
          if (again && !call.signal.aborted && neverReached(error)) {
            await drop(current);
            continue;
          }
          return explain(error, call.signal, { peer, link: current.link });
        }
      }
    },
    close: async () => {
      life.abort(new Error("closed"));
      await starting?.catch(() => {});
      if (session) await drop(session);
    },
  };
}

async function openSession(
  peer: Peer,
  { client: info, environment, startTimeoutMs, onTools }: ConnectionOptions,
  life: AbortSignal,
): Promise<Session> {
  const link = await openLink(peer, environment);
  const client = new Client(info, {
    capabilities: {},
    jsonSchemaValidator: { getValidator: () => acceptAnything },

    listMaxPages: listPages,
    // On stdio, asking for the newer protocol first would start a second process for the question alone.
    versionNegotiation: { mode: "config" in peer && peer.config.type === "http" ? "auto" : "legacy" },
    listChanged: { tools: { autoRefresh: false, debounceMs: listChangedPauseMs, onChanged: () => refresh() } },
  });
  const session: Session = { client, link, ended: false };
  client.onclose = () => {
    session.ended = true;
  };
  const refresh = () => {
    listTools(client, life, startTimeoutMs).then(
      (tools) => {
        if (!session.ended) onTools(tools);
      },
      // The old list stays; a server that is gone says so at the next call.
      () => {},
    );
  };
  const deadline = AbortSignal.any([life, AbortSignal.timeout(startTimeoutMs)]);
  try {
    await abortable(client.connect(link.transport, { signal: deadline, timeout: startTimeoutMs }), deadline);
    onTools(await listTools(client, deadline, startTimeoutMs));
    return session;
  } catch (error) {
    const broken = link.describeBreak();
    await closeSession(session);
    const why = deadline.aborted ? `it did not answer within ${startTimeoutMs / 1000} s` : messageOf(error);
    throw new Error(broken ? `${why}; ${broken}` : why);
  }
}

/**
 * A schema of a foreign server is never compiled here: a backtracking `pattern` can freeze the process for seconds with a
 * few characters. Our own servers check their output themselves; a foreign result is text to the model either way.
 */
const acceptAnything: JsonSchemaValidator<never> = (input) => ({
  valid: true,
  data: input as never,
  errorMessage: undefined,
});

async function listTools(client: Client, signal: AbortSignal, timeout: number): Promise<readonly RemoteTool[]> {
  if (!client.getServerCapabilities()?.tools) return [];
  return (await client.listTools(undefined, { signal, timeout, cacheMode: "refresh" })).tools;
}

function callTool(
  client: Client,
  name: string,
  input: { readonly [key: string]: unknown },
  { signal, timeoutMs, meta, onProgress }: CallOptions,
): Promise<CallToolResult> {
  return client.callTool(
    { name, arguments: input, ...(meta && { _meta: meta }) },
    {
      signal,
      timeout: timeoutMs,
      onprogress: ({ progress, total, message }) =>
        onProgress({ progress, ...(total !== undefined && { total }), ...(message !== undefined && { message }) }),
    },
  );
}

/** No server was there, its process had ended before, or it has forgotten the session: a new start is safe. */
function neverReached(error: unknown): boolean {
  if (error instanceof SdkHttpError) return error.status === 404;
  if (error instanceof SdkError) return error.code === SdkErrorCode.NotConnected;
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && "code" in cause && (cause.code === "ECONNREFUSED" || cause.code === "ENOTFOUND");
}

function explain(error: unknown, signal: AbortSignal, { peer, link }: { peer: Peer; link: Link }): Answer {
  if (signal.aborted) return { kind: "cancelled" };
  if (error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout) return { kind: "timeout" };
  const message = wordsOf(error, peer);
  if (error instanceof ProtocolError) {
    return { kind: "refused", message, invalidArguments: error.code === ProtocolErrorCode.InvalidParams };
  }
  if (wasAnswered(error)) return { kind: "refused", message, invalidArguments: false };
  const broken = link.describeBreak();
  return { kind: "lost", message: broken ? `${message}; ${wordsOf(broken, peer)}` : message };
}

function wasAnswered(error: unknown): boolean {
  if (error instanceof SdkHttpError) return error.status < 500;
  if (!(error instanceof SdkError)) return false;
  return error.code === SdkErrorCode.InvalidResult || error.code === SdkErrorCode.UnsupportedResultType;
}

async function closeSession({ client, link }: Pick<Session, "client" | "link">): Promise<void> {
  await link.stop().catch(() => {});
  await client.close().catch(() => {});
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return abortable(new Promise((resolve) => setTimeout(resolve, ms).unref()), signal);
}
