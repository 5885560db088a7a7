import { z } from "zod";
import type { FactStore } from "../fact-store.ts";
import { decodeFact, encodeFact, escapeText, sortFacts, unescapeText } from "../rows.ts";
import type { RedisConnection } from "./client.ts";
import { passingMs } from "./fork.ts";
import { factsKey, passingKey } from "./keys.ts";

/**
 * KEYS: facts, this operation's own name. ARGV: id, fact, "absent", "present" or "", lifetime of the name (ms).
 * Answers 1 when stored, now or by the same operation before.
 */
const putFact = `
if redis.call('EXISTS', KEYS[2]) == 1 then return 1 end
local there = redis.call('HEXISTS', KEYS[1], ARGV[1])
if (ARGV[3] == 'absent' and there == 1) or (ARGV[3] == 'present' and there == 0) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('SET', KEYS[2], '1', 'PX', ARGV[4])
return 1
`;

/** KEYS: facts, this operation's own name. ARGV: id, lifetime of the name (ms). Answers 1 when removed, now or before. */
const removeFact = `
if redis.call('EXISTS', KEYS[2]) == 1 then return 1 end
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('SET', KEYS[2], '1', 'PX', ARGV[2])
return 1
`;

export const factScripts = { putFact, removeFact };

const bit = z.literal([0, 1]);

/** The field of a fact. A name like __proto__ would be lost on the way into an object. */
export function factField(id: string): string {
  return `=${escapeText(id)}`;
}

/** The facts of a namespace: one hash, id to JSON. */
export function redisFacts({ run, script }: RedisConnection, namespace: string, makeToken: () => string): FactStore {
  const key = factsKey(namespace);
  const once = () => passingKey(namespace, makeToken());
  return {
    async put(fact, { expect = "" } = {}) {
      const args = [factField(fact.id), encodeFact(fact), expect, passingMs];
      return (await script(bit, "putFact", [key, once()], args)) === 1;
    },
    async get(id) {
      const body = await run(z.string().nullable(), (server) => server.hget(key, factField(id)));
      return body === null ? undefined : decodeFact(id, body);
    },
    async list() {
      const bodies = await run(z.record(z.string(), z.string()), (server) => server.hgetall(key));
      return sortFacts(Object.entries(bodies).map(([id, body]) => decodeFact(unescapeText(id.slice(1)), body)));
    },
    async remove(id) {
      return (await script(bit, "removeFact", [key, once()], [factField(id), passingMs])) === 1;
    },
  };
}
