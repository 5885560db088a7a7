import { z } from "zod";
import type { FactRow } from "../fact-store.ts";
import { belongsTo } from "../rows.ts";
import type { ThreadKey } from "../thread-store.ts";
import type { RedisConnection } from "./client.ts";
import { factField } from "./facts.ts";
import { encodeId, factsKey, keysOf, space } from "./keys.ts";

/**
 * KEYS: rows, header, operations, texts, index, facts. ARGV: index member, expected number or "", fields of facts.
 * Answers 0 for a thread that is there and has another number.
 */
const eraseThread = `
if ARGV[2] ~= '' and redis.call('EXISTS', KEYS[1]) == 1 and redis.call('HGET', KEYS[2], 'seq') ~= ARGV[2] then return 0 end
redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[3], KEYS[4])
redis.call('ZREM', KEYS[5], ARGV[1])
for i = 3, #ARGV do redis.call('HDEL', KEYS[6], ARGV[i]) end
return 1
`;

export const eraseScripts = { eraseThread };

/** Takes a thread out of every key of its namespace, or says no: it is not as long as expected. Safe to repeat. */
export async function eraseOne(
  { script }: RedisConnection,
  thread: ThreadKey,
  facts: readonly FactRow[],
  expect: number | undefined,
): Promise<boolean> {
  const { rows, header, ops, texts, index } = keysOf(thread);
  const keys = [rows, header, ops, texts, index, factsKey(thread.namespace)];
  const own = facts.filter((fact) => belongsTo(thread.id, fact)).map(({ id }) => factField(id));
  return (await script(z.literal([0, 1]), "eraseThread", keys, [encodeId(thread.id), expect ?? "", ...own])) === 1;
}

/** Removes every key of a namespace, also those that no index names any more. Safe to repeat. */
export async function eraseAll({ run, nodes }: RedisConnection, namespace: string): Promise<void> {
  const page = z.tuple([z.string(), z.array(z.string())]);
  for (const node of await nodes()) {
    let cursor = "0";
    do {
      const [next, keys] = await run(page, () => node.scan(cursor, "MATCH", `${space(namespace)}:*`, "COUNT", 1000));
      if (keys.length > 0) await run(z.number(), (server) => server.unlink(...keys));
      cursor = next;
    } while (cursor !== "0");
  }
}
