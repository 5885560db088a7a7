import { z } from "zod";
import { escapeText } from "../rows.ts";
import { StoreError, type ThreadKey } from "../thread-store.ts";
import type { RedisConnection } from "./client.ts";
import { encodeId, keysOf, passingKey } from "./keys.ts";

/** How much one script copies, so that a long thread never holds the server up. */
const portion = { rows: 100, texts: 10 };
/** After so many milliseconds without progress the server itself removes what a dead writer left. */
export const passingMs = 60_000;

/**
 * Copies the next rows into the copy, which knows itself how far it has come: sent twice it goes on.
 *
 * KEYS: rows, copy. ARGV: last number, how many at once, lifetime (ms). Answers { rows in the copy, its newest number }.
 */
const copyRows = `
local function newest()
  local row = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
  return row and tonumber(string.match(row[1], '^%d+')) or 0
end
local from = string.format('%.0f', newest() + 1)
if tonumber(from) <= tonumber(ARGV[1]) then
  for _, row in ipairs(redis.call('XRANGE', KEYS[1], from, ARGV[1], 'COUNT', ARGV[2])) do
    redis.call('XADD', KEYS[2], row[1], unpack(row[2]))
  end
end
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return { redis.call('XLEN', KEYS[2]), newest() }
`;

/** KEYS: texts, copy. ARGV: lifetime (ms), names. Answers how many the copy holds. */
const copyTexts = `
for i = 2, #ARGV do
  local body = redis.call('HGET', KEYS[1], ARGV[i])
  if body then redis.call('HSET', KEYS[2], ARGV[i], body) end
end
redis.call('PEXPIRE', KEYS[2], ARGV[1])
return redis.call('HLEN', KEYS[2])
`;

/**
 * Makes a thread of finished copies, in one step of the server, or says why not.
 *
 * KEYS: header of the source; rows, header, texts of the fork; index; copied rows, copied texts; this fork's own name.
 * ARGV: format version, number of the last row, now (ms), lifetime (ms), rows copied, texts copied, index member, id of
 * the fork, id of the source (both escaped), lifetime (ms) or 0. Answers "forked", "missing", "taken", or "lost" for copies that expired.
 */
const finishFork = `
local version, seq, now = ARGV[1], ARGV[2], ARGV[3]
if redis.call('EXISTS', KEYS[8]) == 1 then return 'forked' end
local source = redis.call('HMGET', KEYS[1], 'seq', 'title', 'folder', 'v')
if (tonumber(source[4] or '') or 0) > tonumber(version) then
  return redis.error_reply('NEWERFORMAT thread of format ' .. source[4])
end
if (tonumber(source[1] or '') or 0) < tonumber(seq) then return 'missing' end
if redis.call('EXISTS', KEYS[2], KEYS[3], KEYS[4]) > 0 then return 'taken' end
if redis.call('XLEN', KEYS[6]) ~= tonumber(ARGV[5]) then return 'lost' end
if redis.call('HLEN', KEYS[7]) ~= tonumber(ARGV[6]) then return 'lost' end

redis.call('RENAME', KEYS[6], KEYS[2])
redis.call('PERSIST', KEYS[2])
if tonumber(ARGV[6]) > 0 then
  redis.call('RENAME', KEYS[7], KEYS[4])
  redis.call('PERSIST', KEYS[4])
end
redis.call('HSET', KEYS[3], 'v', version, 'id', ARGV[8], 'seq', seq, 'created', now, 'updated', now,
  'title', source[2] or '', 'folder', source[3] or '', 'parent', ARGV[9], 'parentSeq', seq)
if tonumber(ARGV[10]) > 0 then
  for i = 2, 4 do redis.call('PEXPIRE', KEYS[i], ARGV[10]) end
end
redis.call('ZADD', KEYS[5], now, ARGV[7])
redis.call('SET', KEYS[8], '1', 'PX', ARGV[4])
return 'forked'
`;

export const forkScripts = { copyRows, copyTexts, finishFork };

const outcomeSchema = z.enum(["forked", "missing", "taken", "lost"]);

export interface Fork {
  readonly source: ThreadKey;
  readonly seq: number;
  readonly id: string;
  readonly now: number;
  readonly version: number;
  /** How long the fork is kept, in ms; 0: for ever. */
  readonly ttlMs: number;
  /** Never the same twice. */
  readonly token: string;
}

/**
 * Copies a thread's beginning under keys that expire, portion by portion, and gives them their names in the last step:
 * whatever dies in between, there is a whole fork or none.
 */
export async function forkThread(
  { run, script }: RedisConnection,
  { source, seq, id, now, version, ttlMs, token }: Fork,
): Promise<"forked" | "missing" | "taken"> {
  const { namespace } = source;
  const from = keysOf(source);
  const to = keysOf({ namespace, id });
  const copied = {
    rows: passingKey(namespace, `${token}:t`),
    texts: passingKey(namespace, `${token}:b`),
    done: passingKey(namespace, token),
  };

  const copySchema = z.tuple([z.number(), z.number()]);
  let rows = 0;
  for (let newest = 0; newest < seq; ) {
    const [length, last] = await script(
      copySchema,
      "copyRows",
      [from.rows, copied.rows],
      [seq, portion.rows, passingMs],
    );
    if (last === newest) break;
    [rows, newest] = [length, last];
  }
  const names = await run(z.array(z.string()), (server) => server.hkeys(from.texts));
  let texts = 0;
  for (let start = 0; start < names.length; start += portion.texts) {
    const some = names.slice(start, start + portion.texts);
    texts = await script(z.number(), "copyTexts", [from.texts, copied.texts], [passingMs, ...some]);
  }
  const outcome = await script(
    outcomeSchema,
    "finishFork",
    [from.header, to.rows, to.header, to.texts, to.index, copied.rows, copied.texts, copied.done],
    [version, seq, now, passingMs, rows, texts, encodeId(id), escapeText(id), escapeText(source.id), ttlMs],
  );
  if (outcome === "forked") return outcome;
  await run(z.number(), (server) => server.unlink(copied.rows, copied.texts));
  if (outcome !== "lost") return outcome;
  const message = "The copy of the thread took too long, and the server dropped it.";
  throw new StoreError({ code: "store_unavailable", message, hint: "Try again. The thread itself is as it was." });
}
