import { z } from "zod";
import {
  decodeCursor,
  decodeRow,
  decodeText,
  encodeCursor,
  encodeItem,
  encodeText,
  escapeText,
  pageSize,
  rememberedOps,
  timesOf,
  titleFor,
  titleOf,
  toThreadInfo,
  unescapeText,
} from "../rows.ts";
import { type Item, type Row, StoreError, type ThreadStore } from "../thread-store.ts";
import { openSqliteDatabase, type SqliteDatabase, type SqliteOptions } from "./database.ts";
import { damaged } from "./errors.ts";
import { sqliteFacts } from "./facts.ts";

const optionalText = z
  .string()
  .nullable()
  .transform((text) => (text === null ? undefined : unescapeText(text)));
const headerSchema = z
  .object({
    id: z.number(),
    name: z.string(),
    seq: z.number(),
    created: z.number(),
    updated: z.number(),
    title: z.string(),
    folder: optionalText,
    parent: optionalText,
    parent_seq: z.number().nullable(),
  })
  .transform(({ parent, parent_seq, ...header }) => ({
    ...header,
    parent: parent === undefined || parent_seq === null ? undefined : { id: parent, seq: parent_seq },
  }));
const rowSchema = z.object({ seq: z.number(), body: z.string() });
const textSchema = z.object({ body: z.string() });
const seqSchema = z.object({ seq: z.number() });

/**
 * The embedded store: one file, safe for several processes. An append is on disk (in the operating system's hands)
 * when it resolves, so a killed process loses nothing. A file that is damaged or not ours is refused and left as it is.
 */
export async function openSqliteStore(options: SqliteOptions, signal: AbortSignal): Promise<ThreadStore> {
  const { url, clock } = options;
  const database = await openSqliteDatabase(options, signal);
  const { attempt, transact } = database;

  const sql = {
    find: database.prepare("select * from thread where ns = ? and name = ?"),
    answered: database.prepare("select seq from op where thread = ? and op = ?"),
    create: database.prepare(
      `insert into thread (ns, name, seq, created, updated, title, folder, parent, parent_seq)
       values (?, ?, 0, ?, ?, ?, ?, ?, ?)`,
    ),
    grow: database.prepare("update thread set seq = ?, updated = max(updated, ?) where id = ?"),
    insert: database.prepare("insert into message (thread, seq, at, role, body) values (?, ?, ?, ?, ?)"),
    remember: database.prepare("insert into op (thread, seq, op) values (?, ?, ?)"),
    forget: database.prepare(
      `delete from op where thread = ?1
       and seq <= (select seq from op where thread = ?1 order by seq desc limit 1 offset ${rememberedOps})`,
    ),
    read: database.prepare(
      `select seq, body from message where thread = (select id from thread where ns = ? and name = ?)
       and seq > ? and seq < ? order by seq desc limit ?`,
    ),
    readOne: database.prepare("select seq, body from message where thread = ? and seq = ?"),
    threads: database.prepare(
      `select * from thread where ns = ?1 and (?2 is null or folder = ?2)
       and (?3 is null or (updated, name) < (?3, ?4)) order by updated desc, name desc limit ?5`,
    ),
    rename: database.prepare("update thread set title = ? where ns = ? and name = ?"),
    fork: database.prepare(
      `insert into thread (ns, name, seq, created, updated, title, folder, parent, parent_seq)
       select ns, ?1, ?2, ?3, ?3, title, folder, name, ?2 from thread where id = ?4`,
    ),
    copyRows: database.prepare(
      `insert into message (thread, seq, at, role, body)
       select ?, seq, at, role, body from message where thread = ? and seq <= ? order by seq`,
    ),
    copyTexts: database.prepare(
      `insert into text (ns, thread_name, name, body)
       select ns, ?, name, body from text where ns = ? and thread_name = ?`,
    ),
    hasText: database.prepare("select 1 from text where ns = ? and thread_name = ? limit 1"),
    saveText: database.prepare("insert or ignore into text (ns, thread_name, name, body) values (?, ?, ?, ?)"),
    readText: database.prepare("select body from text where ns = ? and thread_name = ? and name = ?"),
  };
  const find = (namespace: string, name: string) => {
    const found = sql.find.get(namespace, name);
    return found && headerSchema.parse(found);
  };
  const readAlone = (thread: number, seq: number): Row => {
    try {
      const { body } = rowSchema.parse(sql.readOne.get(thread, seq));
      return decodeRow(seq, body);
    } catch (error) {
      return {
        seq,
        corrupt: `its place in the file is damaged: ${error instanceof Error ? error.message : ""}`,
        raw: "",
      };
    }
  };
  const erase = prepareErasure(database);

  const store: ThreadStore = {
    url,

    async append(key, items, { expect, op, title, folder, imported } = {}) {
      const bodies = items.map(encodeItem);
      const namespace = escapeText(key.namespace);
      const name = escapeText(key.id);
      return transact(() => {
        const thread = find(namespace, name);
        const answered = thread && op !== undefined && sql.answered.get(thread.id, escapeText(op));
        if (answered) return { kind: "appended", seq: seqSchema.parse(answered).seq };
        const seq = thread?.seq ?? 0;
        if (expect !== undefined && expect !== seq) return { kind: "conflict", seq };
        if (items.length === 0) return { kind: "appended", seq };

        const { created, updated } = timesOf(imported, clock.now());
        const create = () => {
          const home = folder === undefined ? null : escapeText(folder);
          const parent = imported?.parent ? escapeText(imported.parent.id) : null;
          const fork = [parent, imported?.parent?.seq ?? null] as const;
          return sql.create.run(namespace, name, created, updated, titleOf(title, items), home, ...fork);
        };
        const id = thread?.id ?? create().lastInsertRowid;
        for (const [index, item] of items.entries()) {
          const at = escapeText(item.at);
          sql.insert.run(id, seq + index + 1, at, kindOf(item), bodies[index] ?? "");
        }
        const newest = seq + items.length;
        sql.grow.run(newest, updated, id);
        if (op !== undefined) {
          sql.remember.run(id, newest, escapeText(op));
          sql.forget.run(id);
        }
        return { kind: "appended", seq: newest };
      });
    },

    async read(key, { after = 0, before = Number.MAX_SAFE_INTEGER, limit = -1 } = {}) {
      const namespace = escapeText(key.namespace);
      const name = escapeText(key.id);
      const first = Math.max(1, after + 1);
      try {
        const found = await attempt(() => sql.read.all(namespace, name, after, before, limit));
        return found
          .map((row) => rowSchema.parse(row))
          .map(({ seq, body }) => decodeRow(seq, body))
          .reverse();
      } catch (error) {
        if (!(error instanceof StoreError) || error.failure.code !== "store_corrupt") throw error;
        // One by one: a damaged page costs the rows on it.
        const thread = await attempt(() => find(namespace, name));
        const last = Math.min(before - 1, thread?.seq ?? 0);
        const seqs = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
        const wanted = seqs.slice(limit < 0 ? 0 : Math.max(0, seqs.length - limit));
        // A thread of which not even the beginning can be read is no thread with gaps.
        if (!thread || "corrupt" in readAlone(thread.id, 1)) throw error;
        return wanted.map((seq) => readAlone(thread.id, seq));
      }
    },

    async info(key) {
      const header = await attempt(() => find(escapeText(key.namespace), escapeText(key.id)));
      return header && toThreadInfo(key.namespace, key.id, header);
    },

    async threads(namespace, { folder, cursor, limit } = {}) {
      const from = cursor === undefined ? undefined : decodeCursor(cursor);
      const size = pageSize(limit);
      const home = folder === undefined ? null : escapeText(folder);
      const found = await attempt(() =>
        sql.threads.all(escapeText(namespace), home, from?.updated ?? null, from?.name ?? null, size + 1),
      );
      const headers = found.slice(0, size).map((row) => headerSchema.parse(row));
      const last = headers.at(-1);
      return {
        threads: headers.map((header) => toThreadInfo(namespace, unescapeText(header.name), header)),
        ...(last && found.length > size ? { next: encodeCursor(last) } : {}),
      };
    },

    async rename(key, title) {
      const given = await titleFor(title, store.read, key);
      const renamed = await attempt(() => sql.rename.run(given, escapeText(key.namespace), escapeText(key.id)));
      return renamed.changes > 0;
    },

    async fork(key, seq, id) {
      const namespace = escapeText(key.namespace);
      const name = escapeText(id);
      return transact(() => {
        const source = find(namespace, escapeText(key.id));
        if (!source || !Number.isInteger(seq) || seq < 1 || seq > source.seq) return { kind: "missing" };
        if (find(namespace, name) || sql.hasText.get(namespace, name)) return { kind: "taken" };
        const { lastInsertRowid } = sql.fork.run(name, seq, clock.now(), source.id);
        sql.copyRows.run(lastInsertRowid, source.id, seq);
        sql.copyTexts.run(name, namespace, source.name);
        const header = find(namespace, name);
        if (!header) throw new Error("a thread that was just made is not there");
        return { kind: "forked", info: toThreadInfo(key.namespace, id, header) };
      });
    },

    async erase(what) {
      const namespace = escapeText(what.namespace);
      const erased = await transact(() => {
        if (what.thread !== undefined && what.expect !== undefined) {
          const seq = find(namespace, escapeText(what.thread))?.seq ?? 0;
          if (seq !== what.expect) return 0;
        }
        return erase(namespace, what.thread);
      });
      await database.scrub();
      return erased;
    },

    facts: (namespace) => sqliteFacts(database, namespace),

    async warnings() {
      const found = await attempt(() => database.prepare("pragma quick_check(1)").get());
      const said = z.object({ quick_check: z.string() }).parse(found).quick_check;
      return said === "ok" ? [] : [damaged(url, said).failure];
    },

    async saveText(key, text) {
      const { name, body } = encodeText(text);
      await attempt(() => sql.saveText.run(escapeText(key.namespace), escapeText(key.id), name, body));
      return name;
    },

    async readText(key, name) {
      const found = await attempt(() => sql.readText.get(escapeText(key.namespace), escapeText(key.id), name));
      return found && decodeText(name, textSchema.parse(found).body, url);
    },

    async close() {
      database.close();
    },
  };
  return store;
}

function kindOf(item: Item): string {
  return "role" in item ? item.role : item.type;
}

/** What takes a thread, or all of a namespace, out of every table; answers how many threads there were. */
function prepareErasure(database: SqliteDatabase): (namespace: string, thread: string | undefined) => number {
  const threads = "select id from thread where ns = ?1 and (?2 is null or name = ?2)";
  const statements = [
    `delete from op where thread in (${threads})`,
    `delete from message where thread in (${threads})`,
    "delete from text where ns = ?1 and (?2 is null or thread_name = ?2)",
    "delete from fact where ns = ?1 and (?2 is null or thread_name = ?2)",
  ].map((sql) => database.prepare(sql));
  const last = database.prepare("delete from thread where ns = ?1 and (?2 is null or name = ?2)");
  return (namespace, thread) => {
    const name = thread === undefined ? null : escapeText(thread);
    for (const statement of statements) statement.run(namespace, name);
    return Number(last.run(namespace, name).changes);
  };
}
