import {
  type JSONRPCMessage,
  ReadBuffer,
  SdkError,
  SdkErrorCode,
  StreamableHTTPClientTransport,
  serializeMessage,
  type Transport,
} from "@modelcontextprotocol/client";
import type { Environment } from "../protocol/index.ts";
import { messageOf } from "./failure.ts";
import { linkServer } from "./linked.ts";
import { type ServerProcess, startProcess } from "./process.ts";
import type { HttpConfig, Peer, StdioConfig } from "./server-config.ts";
import { abortable } from "./wait.ts";

/** What lies between the client and one server. */
export interface Link {
  readonly transport: Transport;
  /** What is known about a break, as the rest of a sentence. */
  describeBreak(): string;
  stop(): Promise<void>;
}

/** Opens the way to a server: starts its process, or nothing yet over HTTP. Rejects when the command cannot be run. */
export async function openLink(peer: Peer, environment: Environment): Promise<Link> {
  if ("linked" in peer) {
    const transport = await linkServer(peer.linked);
    return { transport, describeBreak: () => "", stop: () => transport.close() };
  }
  return peer.config.type === "http" ? httpLink(peer.config) : stdioLink(peer.config, environment);
}

function httpLink({ url, headers = {} }: HttpConfig): Link {
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
  return {
    transport,
    describeBreak: () => "",
    stop: async () => {
      // Lets a server with sessions forget this one; a server that is gone must not hold us up.
      await abortable(transport.terminateSession(), AbortSignal.timeout(1_000)).catch(() => {});
      await transport.close();
    },
  };
}

/**
 * Our own transport where the SDK has one, because a person needs what that one hides: the exit code and the last words
 * on stderr. It also starts the process from the environment it is given and ends the whole process group.
 */
async function stdioLink(config: StdioConfig, environment: Environment): Promise<Link> {
  const buffer = new ReadBuffer();
  let unreadable: string | undefined;
  let ended = false;
  let reading: Promise<void> = Promise.resolve();
  const started = Promise.withResolvers<void>();
  const read = async () => {
    await started.promise;
    for (let message = nextMessage(buffer); message !== null; message = nextMessage(buffer)) {
      transport.onmessage?.(message);
      // The client handles notifications a moment later than answers: progress would come after its own result.
      if (!("id" in message)) await new Promise(setImmediate);
    }
  };
  const server: ServerProcess = await startProcess(config, environment, {
    onStdout: (chunk) => {
      try {
        buffer.append(chunk);
      } catch (error) {
        unreadable = messageOf(error);
        void server.stop();
      }
      reading = reading.then(read);
    },
    onEnd: () => {
      ended = true;
      void reading.then(() => started.promise).then(() => transport.onclose?.());
    },
  });
  const transport: Transport = {
    start: async () => started.resolve(),
    send: async (message) => {
      if (ended) throw new SdkError(SdkErrorCode.NotConnected, "the server's process has ended");
      await server.write(serializeMessage(message));
    },
    close: () => server.stop(),
  };
  return {
    transport,
    describeBreak: () => [unreadable, server.describeEnd()].filter(Boolean).join("; "),
    stop: () => server.stop(),
  };
}

/** The next message in the buffer. A line that is no JSON-RPC is passed over: some servers print there. */
function nextMessage(buffer: ReadBuffer): JSONRPCMessage | null {
  for (;;) {
    try {
      return buffer.readMessage();
    } catch {
      // The line is out of the buffer; go on with the next.
    }
  }
}
