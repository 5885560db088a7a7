import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import { z } from "zod";
import type { Clock, MakeId } from "../protocol/index.ts";
import { appendScript } from "./redis-append.ts";
import { explainRedisError, isPassing } from "./redis-errors.ts";
import { parseRedisUrl } from "./redis-url.ts";
import {
  closedError,
  decodeCursor,
  decodeRow,
  decodeText,
  encodeCursor,
  encodeMessage,
  encodeText,
  escapeText,
  type Header,
  type Position,
  pageSize,
  rememberedOps,
  titleOf,
  toThreadInfo,
  unescapeText,
} from "./rows.ts";
import type { ThreadKey, ThreadStore } from "./thread-store.ts";

export interface RedisOptions {
  readonly url: string;
  readonly clock: Clock;
  readonly makeId: MakeId;
}

const formatVersion = 1;
/** In milliseconds: how long opening, and later any one operation, may take, reconnections included. */
const patience = { open: 1_800, operation: 5_000, socket: 2_000, passing: 100 };

/**
 * Threads in Redis. When the server goes away, an operation waits for it to come back for a bounded time and is sent
 * again: an append carries an operation name, its own or ours, so sending it twice stores it once. An append that gave
 * up may still be stored when the server returns.
 */
export async function openRedisStore(options: RedisOptions, signal: AbortSignal): Promise<ThreadStore> {
  signal.throwIfAborted();
  const { clock, makeId } = options;
  const target = parseRedisUrl(options.url);
  let opened = false;
  let connectionError: unknown;
  // Its reason is what every operation still waiting, and every later one, throws.
  const ended = new AbortController();

  const client = new Redis({
    host: target.host,
    port: target.port,
    db: target.db,
    ...(target.username ? { username: target.username } : {}),
    ...(target.password ? { password: target.password } : {}),
    ...(target.tls ? { tls: {} } : {}),
    lazyConnect: true,
    // Its INFO may be forbidden, and LOADING is waited for below, with a limit.
    enableReadyCheck: false,
    disableClientInfo: true,
    connectTimeout: patience.open,
    socketTimeout: patience.socket,
    // A frozen server never closes its side: the process must not wait for it.
    disconnectTimeout: patience.passing,
    maxRetriesPerRequest: null,
    retryStrategy: (times) => (opened ? Math.min(25 * 2 ** times, 500) : null),
    scripts: { appendRows: { lua: appendScript, numberOfKeys: 4 } },
  });
  client.on("error", (error: unknown) => {
    connectionError = error;
  });
  client.on("ready", () => {
    if (opened) connectionError = undefined;
  });

  /** Runs `work` with its reply checked, within `ms`; throws a StoreError that says what to do. */
  const run = async <T>(reply: z.ZodType<T>, work: () => Promise<unknown>, ms = patience.operation): Promise<T> => {
    ended.signal.throwIfAborted();
    let refused: unknown;
    const { promise: givenUp, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(refused ?? connectionError ?? new Error("no answer")), ms);
    const end = () => reject(ended.signal.reason);
    ended.signal.addEventListener("abort", end);
    try {
      for (;;) {
        try {
          return reply.parse(await Promise.race([work(), givenUp]));
        } catch (error) {
          if (!isPassing(error) || error === refused) throw error;
          refused = error;
          await Promise.race([delay(patience.passing), givenUp]);
        }
      }
    } catch (error) {
      ended.signal.throwIfAborted();
      if (error instanceof z.ZodError) throw error;
      // A client that gave up says "Connection is closed."; why is in the last connection error.
      throw explainRedisError(client.status === "end" ? (connectionError ?? error) : error, target.address);
    } finally {
      clearTimeout(timer);
      ended.signal.removeEventListener("abort", end);
    }
  };

  const readHeaders = (namespace: string, names: readonly string[]) =>
    run(z.array(headerReplySchema), async () => {
      const pipeline = client.pipeline();
      for (const name of names) pipeline.hmget(`${space(namespace)}:h:${name}`, ...headerFields);
      return (await pipeline.exec())?.map(([error, reply]) => {
        if (error) throw error;
        return reply;
      });
    });

  /** The newest threads after `from`, at most `count` and at least one where there is one. */
  const olderThan = async (namespace: string, from: Position | undefined, count: number): Promise<Position[]> => {
    for (let offset = 0; ; offset += count) {
      const reply = await run(scoresReplySchema, () =>
        client.zrevrangebyscore(
          ...([
            `${space(namespace)}:ti`,
            from?.updated ?? "+inf",
            "-inf",
            "WITHSCORES",
            "LIMIT",
            offset,
            count,
          ] as const),
        ),
      );
      const older = reply.filter(
        ({ updated, name }) => !from || updated < from.updated || (updated === from.updated && name < from.name),
      );
      if (older.length > 0 || reply.length < count) return older;
    }
  };

  const store: ThreadStore = {
    url: target.url,

    async append(key, messages, { expect, op, title, folder } = {}) {
      const at = keysOf(key);
      const args = [
        formatVersion,
        op === undefined ? `auto:${makeId()}` : `op:${encodeId(op)}`,
        expect ?? "",
        clock.now(),
        rememberedOps,
        encodeId(key.id),
        escapeText(key.id),
        titleOf(title, messages),
        folder === undefined ? "" : `=${escapeText(folder)}`,
        ...messages.map(encodeMessage),
      ];
      // The types of ioredis do not know commands made from scripts.
      const scripted = client as unknown as { appendRows(...args: (string | number)[]): Promise<unknown> };
      const [stored, seq] = await run(appendReplySchema, () =>
        scripted.appendRows(at.rows, at.header, at.ops, at.index, ...args),
      );
      return { kind: stored ? "appended" : "conflict", seq };
    },

    async read(key, { after = 0, before, limit } = {}) {
      const first = Math.max(0, after) + 1;
      if (limit === 0 || (before !== undefined && before <= first)) return [];
      const last = before === undefined ? "+" : String(before - 1);
      const rows = await run(rowsReplySchema, () =>
        limit === undefined
          ? client.xrevrange(keysOf(key).rows, last, first)
          : client.xrevrange(keysOf(key).rows, last, first, "COUNT", limit),
      );
      return rows
        .map(([id, fields]) => {
          const body = fields[0] === "m" && fields.length === 2 ? fields[1] : undefined;
          return decodeRow(Number.parseInt(id, 10), body ?? JSON.stringify(fields));
        })
        .reverse();
    },

    async info(key) {
      const header = await run(headerReplySchema, () => client.hmget(keysOf(key).header, ...headerFields));
      return header && toThreadInfo(key.namespace, key.id, header);
    },

    async threads(namespace, { folder, cursor, limit } = {}) {
      const size = pageSize(limit);
      const found: { readonly position: Position; readonly id: string; readonly header: Header }[] = [];
      let from = cursor === undefined ? undefined : decodeCursor(cursor);
      while (found.length <= size) {
        const positions = await olderThan(namespace, from, Math.max(size + 1, 64));
        from = positions.at(-1);
        if (!from) break;
        const headers = await readHeaders(
          namespace,
          positions.map(({ name }) => name),
        );
        for (const [index, position] of positions.entries()) {
          const header = headers[index];
          if (!header || (folder !== undefined && header.folder !== folder)) continue;
          found.push({ position, id: header.id, header });
        }
      }
      const page = found.slice(0, size);
      const last = page.at(-1);
      return {
        threads: page.map(({ id, header }) => toThreadInfo(namespace, id, header)),
        ...(last && found.length > size ? { next: encodeCursor(last.position) } : {}),
      };
    },

    async saveText(key, text) {
      const { name, body } = encodeText(text);
      await run(z.number(), () => client.hsetnx(keysOf(key).texts, name, body));
      return name;
    },

    async readText(key, name) {
      const body = await run(z.string().nullable(), () => client.hget(keysOf(key).texts, name));
      return body === null ? undefined : decodeText(name, body, target.url);
    },

    async close() {
      ended.abort(closedError(target.url));
      client.disconnect();
    },
  };

  const abort = () => ended.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    const connect = async () => {
      if (client.status === "wait") await client.connect();
      return client.ping();
    };
    await run(z.string(), connect, patience.open);
    // A refused SELECT is only an event, and would leave us in database 0.
    if (connectionError) throw explainRedisError(connectionError, target.address);
    opened = true;
    return store;
  } catch (error) {
    client.disconnect();
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** All keys of a namespace share the braces, so a cluster keeps them in one slot. */
function space(namespace: string): string {
  return `m1:{${encodeId(namespace)}}`;
}

function keysOf({ namespace, id }: ThreadKey) {
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

/** Any id as a short piece of a key, distinct for distinct ids. A dot, which base64url lacks, marks what is no encoding. */
function encodeId(id: string): string {
  const bytes = Buffer.from(escapeText(id));
  if (bytes.length === 0) return ".";
  return bytes.length <= 128
    ? bytes.toString("base64url")
    : `.${createHash("sha256").update(bytes).digest("base64url")}`;
}

const appendReplySchema = z.tuple([z.literal([0, 1]), z.number().int()]);
const rowsReplySchema = z.array(z.tuple([z.string(), z.array(z.string())]));

const headerFields = ["id", "seq", "created", "updated", "title", "folder"] as const;
/** Undefined where there is no thread, or its header was evicted. */
const headerReplySchema = z.array(z.string().nullable()).transform((fields) => {
  const [id, seq, created, updated, title, folder] = fields;
  if (id == null || seq == null) return undefined;
  return {
    id: unescapeText(id),
    // A damaged number shows as zero: the thread stays in sight, and its rows have their own numbers.
    seq: Number(seq) || 0,
    created: Number(created) || 0,
    updated: Number(updated) || 0,
    title: title ?? "",
    folder: folder ? unescapeText(folder.slice(1)) : undefined,
  };
});

/** Members and scores: pairs in RESP3, flat in RESP2. */
const scoresReplySchema = z.array(z.unknown()).transform((reply) => {
  const flat = z.array(z.coerce.string()).parse(reply.flat());
  return Array.from({ length: flat.length / 2 }, (_, index) => ({
    name: flat[index * 2] ?? "",
    updated: Number(flat[index * 2 + 1]),
  }));
});
