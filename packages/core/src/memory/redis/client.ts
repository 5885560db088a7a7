import { setTimeout as delay } from "node:timers/promises";
import { Cluster, Redis, type RedisOptions } from "ioredis";
import { z } from "zod";
import { closedError } from "../rows.ts";
import { explainRedisError, isDemoted, isPassing } from "./errors.ts";
import type { RedisTarget } from "./url.ts";

/**
 * In milliseconds: how long opening, and later any one operation, may take, reconnections included. A number alone: how
 * often a connection to a demoted server is made anew.
 */
const patience = { open: 1_800, operation: 5_000, socket: 2_000, passing: 100, reconnections: 8 };

/** A server, or a cluster that looks like one: all keys of a namespace lie in one slot. */
export type RedisServer = Redis | Cluster;

export interface RedisConnection {
  /**
   * Runs `work` with its reply checked, within seconds, again after a broken connection: it must be safe to run twice.
   * Throws a StoreError that says what to do.
   */
  run<T>(reply: z.ZodType<T>, work: (server: RedisServer) => Promise<unknown>): Promise<T>;
  /** The same with one of our Lua scripts. */
  script<T>(reply: z.ZodType<T>, name: string, keys: readonly string[], args: readonly (string | number)[]): Promise<T>;
  /** Every node that takes writes. */
  nodes(): Promise<readonly Redis[]>;
  close(): void;
}

/** Ranges of slots, each with the node that holds it: address first. */
const slotsSchema = z.array(z.tuple([z.number(), z.number(), z.array(z.unknown())]).rest(z.unknown()));

/** What is asked for in one go leaves in one write: a hundred appends at once are then no hundred system calls. */
function sendTogether({ status, stream }: Redis): void {
  if (status !== "ready" || stream.writableCorked > 0) return;
  stream.cork();
  process.nextTick(() => stream.uncork());
}

/** Connects to a server or to the cluster it belongs to, within two seconds. `scripts` are Lua by name. */
export async function connectRedis(
  target: RedisTarget,
  scripts: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<RedisConnection> {
  signal.throwIfAborted();
  let opened = false;
  let connectionError: unknown;
  // Its reason is what every operation still waiting, and every later one, throws.
  const ended = new AbortController();

  const retryStrategy = (times: number) => (opened ? Math.min(25 * 2 ** times, 500) : null);
  const commands = Object.fromEntries(Object.entries(scripts).map(([name, lua]) => [name, { lua }]));
  const options = {
    ...(target.username ? { username: target.username } : {}),
    ...(target.password ? { password: target.password } : {}),
    ...(target.tls ? { tls: {} } : {}),
    // Its INFO may be forbidden, and LOADING is waited for below, with a limit.
    enableReadyCheck: false,
    disableClientInfo: true,
    connectTimeout: patience.open,
    socketTimeout: patience.socket,
    // A frozen server never closes its side: the process must not wait for it.
    disconnectTimeout: patience.passing,
  } satisfies RedisOptions;
  const listen = <T extends RedisServer>(client: T): T => {
    client.on("error", (error: unknown) => {
      // A cluster of which no node answers says why in its last node's error.
      const cause = error instanceof Error && "lastNodeError" in error ? error.lastNodeError : undefined;
      connectionError = cause ?? error;
    });
    client.on("ready", () => {
      if (opened) connectionError = undefined;
    });
    return client;
  };
  const first = listen(
    new Redis({
      ...options,
      host: target.host,
      port: target.port,
      db: target.db,
      lazyConnect: true,
      maxRetriesPerRequest: null,
      retryStrategy,
      scripts: commands,
    }),
  );
  let server: RedisServer = first;

  const joinCluster = () => {
    first.disconnect();
    server = listen(
      new Cluster([{ host: target.host, port: target.port }], {
        scripts: commands,
        redisOptions: options,
        enableReadyCheck: false,
        // Names stay names: certificates are made out to them.
        dnsLookup: (address, callback) => callback(null, address),
        clusterRetryStrategy: retryStrategy,
        slotsRefreshTimeout: patience.open,
        retryDelayOnFailover: patience.passing,
        retryDelayOnClusterDown: patience.passing,
        retryDelayOnTryAgain: patience.passing,
        // For as long as the operation is waited for.
        maxRedirections: patience.operation / patience.passing,
      }),
    );
  };

  const run = async <T>(
    reply: z.ZodType<T>,
    work: (server: RedisServer) => Promise<unknown>,
    ms = patience.operation,
  ): Promise<T> => {
    ended.signal.throwIfAborted();
    let refused: unknown;
    let reconnections = 0;
    const { promise: givenUp, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(refused ?? connectionError ?? new Error("no answer")), ms);
    const end = () => reject(ended.signal.reason);
    ended.signal.addEventListener("abort", end);
    try {
      for (;;) {
        try {
          if (server instanceof Redis) sendTogether(server);
          return reply.parse(await Promise.race([work(server), givenUp]));
        } catch (error) {
          const demoted = isDemoted(error) && reconnections++ < patience.reconnections;
          if (!(isPassing(error) || demoted) || error === refused) throw error;
          refused = error;
          if (demoted && server === first) first.disconnect(true);
          await Promise.race([delay(patience.passing), givenUp]);
        }
      }
    } catch (error) {
      ended.signal.throwIfAborted();
      if (error instanceof z.ZodError) throw error;
      // A client that gave up says "Connection is closed."; why is in the last connection error.
      throw explainRedisError(server.status === "end" ? (connectionError ?? error) : error, target.address);
    } finally {
      clearTimeout(timer);
      ended.signal.removeEventListener("abort", end);
    }
  };

  const abort = () => ended.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    const before = Date.now();
    await run(
      z.string(),
      async () => {
        if (first.status === "wait") await first.connect();
        return first.ping();
      },
      patience.open,
    );
    // A refused SELECT is only an event, and would leave us in database 0.
    if (connectionError) throw explainRedisError(connectionError, target.address);
    // A server that is no part of a cluster refuses the question, and one that never met another knows no address.
    const slots = await run(slotsSchema, () => first.cluster("SLOTS").catch(() => []), patience.open);
    if (slots.some(([, , [host]]) => host)) {
      joinCluster();
      await run(z.string(), (cluster) => cluster.ping(), Math.max(1, patience.open - (Date.now() - before)));
    }
    opened = true;
  } catch (error) {
    server.disconnect();
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }

  return {
    run,
    script(reply, name, keys, args) {
      // The types of ioredis do not know commands made from scripts.
      const call = (client: RedisServer) =>
        (client as unknown as Record<string, (...args: (string | number)[]) => Promise<unknown>>)[name]?.(
          keys.length,
          ...keys,
          ...args,
        ) ?? Promise.reject(new Error(`no script ${name}`));
      return run(reply, call);
    },
    async nodes() {
      // A cluster that cannot be reached knows no nodes, which must not pass for having none.
      await run(z.string(), () => server.ping());
      return server instanceof Cluster ? server.nodes("master") : [first];
    },
    close() {
      ended.abort(closedError(target.url));
      server.disconnect();
    },
  };
}
