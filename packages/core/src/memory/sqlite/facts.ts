import { z } from "zod";
import type { FactStore } from "../fact-store.ts";
import { decodeFact, encodeFact, escapeText, sortFacts, unescapeText } from "../rows.ts";
import type { SqliteDatabase } from "./database.ts";

const factRowSchema = z.object({ name: z.string(), body: z.string() });

/** The facts of a namespace. */
export function sqliteFacts(database: SqliteDatabase, namespace: string): FactStore {
  const ns = escapeText(namespace);
  const decode = (row: unknown) => {
    const { name, body } = factRowSchema.parse(row);
    return decodeFact(unescapeText(name), body);
  };
  const insert = "insert into fact (ns, name, thread_name, body) values (?1, ?2, ?3, ?4) on conflict do";
  const sql = {
    insert: `${insert} nothing`,
    put: `${insert} update set thread_name = ?3, body = ?4`,
    update: "update fact set thread_name = ?3, body = ?4 where ns = ?1 and name = ?2",
    get: "select name, body from fact where ns = ? and name = ?",
    list: "select name, body from fact where ns = ?",
    remove: "delete from fact where ns = ? and name = ?",
  };
  return {
    async put(fact, { expect } = {}) {
      const body = encodeFact(fact);
      const thread = fact.scope.kind === "thread" ? escapeText(fact.scope.thread) : null;
      const statement = { absent: sql.insert, present: sql.update, either: sql.put }[expect ?? "either"];
      const put = await database.attempt(() => database.prepare(statement).run(ns, escapeText(fact.id), thread, body));
      return put.changes > 0;
    },
    async get(id) {
      const found = await database.attempt(() => database.prepare(sql.get).get(ns, escapeText(id)));
      return found && decode(found);
    },
    async list() {
      return sortFacts((await database.attempt(() => database.prepare(sql.list).all(ns))).map(decode));
    },
    async remove(id) {
      const removed = await database.attempt(() => database.prepare(sql.remove).run(ns, escapeText(id)));
      await database.scrub();
      return removed.changes > 0;
    },
  };
}
