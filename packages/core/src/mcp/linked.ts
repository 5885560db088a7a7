import { InMemoryTransport, type Transport } from "@modelcontextprotocol/client";

/** A server that lives in this process, such as `createToolServer` makes. */
export interface LinkableServer {
  connect(transport: Transport): Promise<void>;
}

/** Connects a server in this process and returns the client's end: no process, no socket, no serialising. */
export async function linkServer(server: LinkableServer): Promise<Transport> {
  const [clientEnd, serverEnd] = InMemoryTransport.createLinkedPair();
  await server.connect(serverEnd);
  return clientEnd;
}
