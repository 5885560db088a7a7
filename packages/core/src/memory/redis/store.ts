import { z } from "zod";
import type { Clock, MakeId } from "../../protocol/index.ts";
import {
  decodeCursor,
  decodeRow,
  decodeText,
  encodeCursor,
  encodeItem,
  encodeText,
  escapeText,
  type Header,
  type Position,
  pageSize,
  rememberedOps,
  timesOf,
  titleFor,
  titleOf,
  toThreadInfo,
  unescapeText,
} from "../rows.ts";
import type { ThreadStore } from "../thread-store.ts";
import { appendScript } from "./append.ts";
import { connectRedis } from "./client.ts";
import { eraseAll, eraseOne, eraseScripts } from "./erase.ts";
import { factScripts, redisFacts } from "./facts.ts";
import { forkScripts, forkThread } from "./fork.ts";
import { encodeId, keysOf, space } from "./keys.ts";
import { parseRedisUrl } from "./url.ts";
import { redisWarnings } from "./warnings.ts";

export interface RedisOptions {
  readonly url: string;
  readonly clock: Clock;
  readonly makeId: MakeId;
}

// Marks and forks came without a new version: an older Chingu appends to such a thread without harm, and shows a mark
// as a row that it cannot read.
const formatVersion = 1;

/** Of how many threads a process remembers that they were begun. */
const rememberedThreads = 1_000;

/** KEYS: header. ARGV: title. Answers 0 where there is no thread. */
const renameThread = `
if redis.call('HEXISTS', KEYS[1], 'seq') == 0 then return 0 end
redis.call('HSET', KEYS[1], 'title', ARGV[1])
return 1
`;

/** KEYS: texts. ARGV: name, text, lifetime (ms) or 0. */
const keepText = `
local kept = redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2])
if tonumber(ARGV[3]) > 0 then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return kept
`;

const scripts = { appendRows: appendScript, renameThread, keepText, ...forkScripts, ...factScripts, ...eraseScripts };

/**
 * Threads in Redis. When the server goes away, an operation waits for it to come back for a bounded time and is sent
 * again: an append carries an operation name, its own or ours, so sending it twice stores it once. An append that gave
 * up may still be stored when the server returns.
 */
export async function openRedisStore(options: RedisOptions, signal: AbortSignal): Promise<ThreadStore> {
  const { clock, makeId } = options;
  const target = parseRedisUrl(options.url);
  const connection = await connectRedis(target, scripts, signal);
  const { run, script } = connection;
  /** The headers of threads that were begun, as far as this process knows; one may have been erased since. */
  const begun = new Set<string>();

  const readHeaders = (namespace: string, names: readonly string[]) =>
    run(z.array(headerReplySchema), async (server) => {
      const pipeline = server.pipeline();
      for (const name of names) pipeline.hmget(`${space(namespace)}:h:${name}`, ...headerFields);
      return (await pipeline.exec())?.map(([error, reply]) => {
        if (error) throw error;
        return reply;
      });
    });

  /** The newest threads after `from`, at most `count` and at least one where there is one. */
  const olderThan = async (namespace: string, from: Position | undefined, count: number): Promise<Position[]> => {
    for (let offset = 0; ; offset += count) {
      const reply = await run(scoresReplySchema, (server) =>
        server.zrevrangebyscore(
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

    async append(key, items, { expect, op, title, folder, imported } = {}) {
      const at = keysOf(key);
      const { created, updated } = timesOf(imported, clock.now());
      const send = (begins: boolean) =>
        script(
          appendReplySchema,
          "appendRows",
          [at.rows, at.header, at.ops, at.index, at.texts],
          [
            formatVersion,
            name,
            expect ?? "",
            updated,
            rememberedOps,
            encodeId(key.id),
            escapeText(key.id),
            begins ? `=${titleOf(title, items)}` : "",
            folder === undefined ? "" : `=${escapeText(folder)}`,
            created,
            imported?.parent ? `=${escapeText(imported.parent.id)}` : "",
            imported?.parent?.seq ?? "",
            target.ttlMs,
            ...bodies,
          ],
        );
      const name = op === undefined ? `auto:${makeId()}` : `op:${encodeId(op)}`;
      const bodies = items.map(encodeItem);
      // A title costs more than the rest of an append, and only a thread's first one needs it.
      const [answer, seq] = await send(!begun.has(at.header));
      const [stored, newest] = answer === untitled ? await send(true) : [answer, seq];
      if (begun.size >= rememberedThreads) begun.clear();
      begun.add(at.header);
      return { kind: stored ? "appended" : "conflict", seq: newest };
    },

    async read(key, { after = 0, before, limit } = {}) {
      const first = Math.max(0, after) + 1;
      if (limit === 0 || (before !== undefined && before <= first)) return [];
      const last = before === undefined ? "+" : String(before - 1);
      const rows = await run(rowsReplySchema, (server) =>
        limit === undefined
          ? server.xrevrange(keysOf(key).rows, last, first)
          : server.xrevrange(keysOf(key).rows, last, first, "COUNT", limit),
      );
      return rows
        .map(([id, fields]) => {
          const body = fields[0] === "m" && fields.length === 2 ? fields[1] : undefined;
          return decodeRow(Number.parseInt(id, 10), body ?? JSON.stringify(fields));
        })
        .reverse();
    },

    async info(key) {
      const header = await run(headerReplySchema, (server) => server.hmget(keysOf(key).header, ...headerFields));
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

    async rename(key, title) {
      const given = await titleFor(title, store.read, key);
      return (await script(z.literal([0, 1]), "renameThread", [keysOf(key).header], [given])) === 1;
    },

    async fork(key, seq, id) {
      const source = await store.info(key);
      if (!source || !Number.isInteger(seq) || seq < 1 || seq > source.seq) return { kind: "missing" };
      const fork = {
        source: key,
        seq,
        id,
        now: clock.now(),
        version: formatVersion,
        ttlMs: target.ttlMs,
        token: makeId(),
      };
      const kind = await forkThread(connection, fork);
      if (kind !== "forked") return { kind };
      const info = await store.info({ namespace: key.namespace, id });
      return info ? { kind, info } : { kind: "missing" };
    },

    async erase(what) {
      const { namespace, thread } = what;
      if (thread === undefined) {
        const threads = await run(z.number(), (server) => server.zcard(`${space(namespace)}:ti`));
        await eraseAll(connection, namespace);
        return threads;
      }
      const key = { namespace, id: thread };
      const there = await run(z.number(), (server) => server.exists(keysOf(key).rows));
      const erased = await eraseOne(connection, key, await store.facts(namespace).list(), what.expect);
      return erased ? there : 0;
    },

    facts: (namespace) => redisFacts(connection, namespace, makeId),

    warnings: () => redisWarnings(connection, target.address),

    async saveText(key, text) {
      const { name, body } = encodeText(text);
      await script(z.number(), "keepText", [keysOf(key).texts], [name, body, target.ttlMs]);
      return name;
    },

    async readText(key, name) {
      const body = await run(z.string().nullable(), (server) => server.hget(keysOf(key).texts, name));
      return body === null ? undefined : decodeText(name, body, target.url);
    },

    async close() {
      connection.close();
    },
  };
  return store;
}

/** What the script answers where a thread must be made and no title was given. */
const untitled = 2;
const appendReplySchema = z.tuple([z.literal([0, 1, untitled]), z.number().int()]);
type RowsReply = readonly (readonly [id: string, fields: readonly string[]])[];
// Checked and not copied: a copy of every row is a tenth of what a page of them costs.
const rowsReplySchema = z.custom<RowsReply>(
  (reply) =>
    Array.isArray(reply) &&
    reply.every((row) => Array.isArray(row) && typeof row[0] === "string" && Array.isArray(row[1])),
);

const headerFields = ["id", "seq", "created", "updated", "title", "folder", "parent", "parentSeq"] as const;
/** Undefined where there is no thread, or its header was evicted. */
const headerReplySchema = z.array(z.string().nullable()).transform((fields) => {
  const [id, seq, created, updated, title, folder, parent, parentSeq] = fields;
  if (id == null || seq == null) return undefined;
  return {
    id: unescapeText(id),
    // A damaged number shows as zero: the thread stays in sight, and its rows have their own numbers.
    seq: Number(seq) || 0,
    created: Number(created) || 0,
    updated: Number(updated) || 0,
    title: title ?? "",
    folder: folder ? unescapeText(folder.slice(1)) : undefined,
    parent: parent == null ? undefined : { id: unescapeText(parent), seq: Number(parentSeq) || 0 },
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
