import { Writable } from "node:stream";
import { StdioServerTransport, serveStdio } from "@modelcontextprotocol/server/stdio";
import type { ToolDefinition } from "../protocol/index.ts";
import { createToolServer, type ToolServerInfo } from "./tool-server.ts";

export interface StdioOptions {
  /** Names the conversation of a client that sends no thread id. */
  readonly makeId: () => string;
  /** Ends the connection. */
  readonly signal?: AbortSignal;
  /** Problems of the connection, for a log; never for stdout. */
  readonly onError?: (error: Error) => void;
}

/**
 * Serves the tools over this process's stdin and stdout, to clients of either protocol era. Resolves when stdin ends,
 * stdout breaks or the signal fires; calls still out are aborted and stay unanswered. Until then stdout carries
 * JSON-RPC alone: whatever else in the process writes to it goes to stderr.
 */
export async function serveToolsOverStdio(
  definitions: readonly ToolDefinition[],
  info: ToolServerInfo,
  { makeId, signal, onError }: StdioOptions,
): Promise<void> {
  const wire = claimStdout();
  const closed = Promise.withResolvers<void>();
  try {
    const transport = new StdioServerTransport(process.stdin, wire.stdout);
    const connection = { ...info, threadId: info.threadId ?? makeId() };
    const handle = serveStdio(() => createToolServer(definitions, connection), {
      transport,
      ...(onError && { onerror: onError }),
    });
    // serveStdio keeps the transport's hooks for itself and reports no end of its own.
    const ended = transport.onclose;
    transport.onclose = () => {
      ended?.();
      closed.resolve();
    };
    const stop = () => void handle.close().finally(closed.resolve);
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop, { once: true });
    await closed.promise;
    signal?.removeEventListener("abort", stop);
  } finally {
    wire.release();
  }
}

/** Takes stdout for the protocol and points every other writer of this process at stderr. */
function claimStdout() {
  const { stdout, stderr } = process;
  const original = stdout.write;
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk: string, encoding, done) => void original.call(stdout, chunk, encoding, done),
  });
  const broken = (error: Error) => void stream.destroy(error);
  stdout.on("error", broken);
  stdout.write = stderr.write.bind(stderr) as typeof stdout.write;
  return {
    stdout: stream,
    release: () => {
      stdout.write = original;
      stdout.off("error", broken);
    },
  };
}
