import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export interface LossyProxy {
  readonly port: number;
  /** The next request, or the one behind `skipped` others, is delivered, its reply is not: the connection breaks instead. */
  dropNextReply(skipped?: number): void;
  /** The connections of now stay open and carry nothing more, as after a change of network. New ones work. */
  deaden(): void;
  /** How many replies were dropped. */
  dropped(): number;
  stop(): Promise<void>;
}

/** Stands between a client and a server on the loopback and loses replies on demand. */
export async function startLossyProxy(serverPort: number): Promise<LossyProxy> {
  const sockets = new Set<Socket>();
  /** How many requests come before the one whose reply is dropped. */
  let armed: number | undefined;
  let dropped = 0;
  let generation = 0;
  const listener = createServer((client) => {
    const server = connect(serverPort, "127.0.0.1");
    let dropping = false;
    const born = generation;
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    client.on("data", (request) => {
      if (armed !== undefined) {
        dropping ||= armed === 0;
        armed = armed === 0 ? undefined : armed - 1;
      }
      if (born === generation) server.write(request);
    });
    server.on("data", (reply) => {
      if (born !== generation) return true;
      if (!dropping) return client.write(reply);
      dropped++;
      return client.destroy();
    });
  }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return {
    port: address.port,
    dropNextReply(skipped = 0) {
      armed = skipped;
    },
    deaden() {
      generation++;
    },
    dropped: () => dropped,
    async stop() {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, "close");
    },
  };
}
