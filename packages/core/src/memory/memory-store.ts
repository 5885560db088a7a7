import type { Clock } from "../protocol/index.ts";
import type { FactStore } from "./fact-store.ts";
import {
  belongsTo,
  closedError,
  decodeCursor,
  decodeFact,
  decodeRow,
  decodeText,
  encodeCursor,
  encodeFact,
  encodeItem,
  encodeText,
  type Header,
  pageSize,
  rememberedOps,
  sortFacts,
  timesOf,
  titleFor,
  titleOf,
  toThreadInfo,
} from "./rows.ts";
import type { ThreadKey, ThreadStore } from "./thread-store.ts";

interface StoredThread {
  readonly id: string;
  header: Header;
  readonly rows: string[];
  /** Operation to sequence number, oldest first. */
  readonly ops: Map<string, number>;
}

/** A store that lives as long as the process, for tests and for users who want nothing kept. */
export function createMemoryStore({ clock }: { readonly clock: Clock }): ThreadStore {
  const namespaces = new Map<string, Map<string, StoredThread>>();
  /** By thread, then by name. */
  const texts = new Map<string, Map<string, string>>();
  /** By namespace, then by id. */
  const facts = new Map<string, Map<string, string>>();
  const url = "memory:";
  let closed = false;

  const assertOpen = () => {
    if (closed) throw closedError(url);
  };
  const find = ({ namespace, id }: ThreadKey) => namespaces.get(namespace)?.get(id);
  const create = ({ namespace, id }: ThreadKey, header: Header): StoredThread => {
    const thread: StoredThread = { id, header, rows: [], ops: new Map() };
    const threads = namespaces.get(namespace) ?? new Map<string, StoredThread>();
    namespaces.set(namespace, threads.set(id, thread));
    return thread;
  };

  const eraseThread = (key: ThreadKey): void => {
    texts.delete(textsKey(key));
    namespaces.get(key.namespace)?.delete(key.id);
  };

  const factsOf = (namespace: string): FactStore => {
    const stored = () => facts.get(namespace) ?? new Map<string, string>();
    return {
      async put(fact, options = {}) {
        assertOpen();
        const body = encodeFact(fact);
        if (options.expect !== undefined && stored().has(fact.id) !== (options.expect === "present")) return false;
        facts.set(namespace, stored().set(fact.id, body));
        return true;
      },
      async get(id) {
        assertOpen();
        const body = stored().get(id);
        return body === undefined ? undefined : decodeFact(id, body);
      },
      async list() {
        assertOpen();
        return sortFacts([...stored()].map(([id, body]) => decodeFact(id, body)));
      },
      async remove(id) {
        assertOpen();
        return stored().delete(id);
      },
    };
  };

  const store: ThreadStore = {
    url,

    async append(key, items, options = {}) {
      assertOpen();
      const bodies = items.map(encodeItem);
      const known = find(key);
      const answered = options.op === undefined ? undefined : known?.ops.get(options.op);
      if (answered !== undefined) return { kind: "appended", seq: answered };
      const seq = known?.rows.length ?? 0;
      if (options.expect !== undefined && options.expect !== seq) return { kind: "conflict", seq };
      if (bodies.length === 0) return { kind: "appended", seq };

      const times = timesOf(options.imported, clock.now());
      const title = titleOf(options.title, items);
      const { folder, imported } = options;
      const thread = known ?? create(key, { seq, ...times, title, folder, parent: imported?.parent });
      thread.rows.push(...bodies);
      const updated = Math.max(times.updated, thread.header.updated);
      thread.header = { ...thread.header, seq: thread.rows.length, updated };
      if (options.op !== undefined) {
        thread.ops.set(options.op, thread.rows.length);
        for (const op of thread.ops.keys()) if (thread.ops.size > rememberedOps) thread.ops.delete(op);
      }
      return { kind: "appended", seq: thread.rows.length };
    },

    async read(key, query = {}) {
      assertOpen();
      const rows = find(key)?.rows ?? [];
      const first = Math.max(0, query.after ?? 0);
      const last = Math.min(rows.length, (query.before ?? Number.POSITIVE_INFINITY) - 1);
      const start = query.limit === undefined ? first : Math.max(first, last - query.limit);
      return rows.slice(start, Math.max(start, last)).map((raw, index) => decodeRow(start + index + 1, raw));
    },

    async info(key) {
      assertOpen();
      const thread = find(key);
      return thread && toThreadInfo(key.namespace, thread.id, thread.header);
    },

    async threads(namespace, query = {}) {
      assertOpen();
      const from = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
      const limit = pageSize(query.limit);
      const matching = [...(namespaces.get(namespace)?.values() ?? [])]
        .map(({ id, header }) => ({ name: id, updated: header.updated, header }))
        .filter(({ header }) => query.folder === undefined || header.folder === query.folder)
        .filter((one) => from === undefined || isOlder(one, from))
        .sort((a, b) => (isOlder(a, b) ? 1 : -1));
      const page = matching.slice(0, limit);
      const last = page.at(-1);
      return {
        threads: page.map(({ name, header }) => toThreadInfo(namespace, name, header)),
        ...(last && matching.length > limit ? { next: encodeCursor(last) } : {}),
      };
    },

    async rename(key, title) {
      assertOpen();
      const given = await titleFor(title, store.read, key);
      const thread = find(key);
      if (!thread) return false;
      thread.header = { ...thread.header, title: given };
      return true;
    },

    async fork(key, seq, id) {
      assertOpen();
      const source = find(key);
      if (!source || !Number.isInteger(seq) || seq < 1 || seq > source.rows.length) return { kind: "missing" };
      const target = { namespace: key.namespace, id };
      if (find(target) || texts.has(textsKey(target))) return { kind: "taken" };
      const now = clock.now();
      const { title, folder } = source.header;
      const parent = { id: key.id, seq };
      const thread = create(target, { seq, created: now, updated: now, title, folder, parent });
      thread.rows.push(...source.rows.slice(0, seq));
      const saved = texts.get(textsKey(key));
      if (saved) texts.set(textsKey(target), new Map(saved));
      return { kind: "forked", info: toThreadInfo(key.namespace, id, thread.header) };
    },

    async erase(what) {
      assertOpen();
      const { namespace, thread } = what;
      const threads = namespaces.get(namespace);
      if (thread === undefined) {
        for (const key of texts.keys()) if (namespaceOf(key) === namespace) texts.delete(key);
        facts.delete(namespace);
        namespaces.delete(namespace);
        return threads?.size ?? 0;
      }
      const there = threads?.has(thread) ?? false;
      if (what.expect !== undefined && what.expect !== (threads?.get(thread)?.rows.length ?? 0)) return 0;
      eraseThread({ namespace, id: thread });
      const stored = facts.get(namespace);
      for (const [id, body] of stored ?? []) if (belongsTo(thread, decodeFact(id, body))) stored?.delete(id);
      return there ? 1 : 0;
    },

    facts: factsOf,

    async warnings() {
      assertOpen();
      // Whoever chose `memory:` wants nothing kept.
      return [];
    },

    async saveText(key, text) {
      assertOpen();
      const { name, body } = encodeText(text);
      const saved = texts.get(textsKey(key)) ?? new Map<string, string>();
      texts.set(textsKey(key), saved.set(name, body));
      return name;
    },

    async readText(key, name) {
      assertOpen();
      const body = texts.get(textsKey(key))?.get(name);
      return body === undefined ? undefined : decodeText(name, body, url);
    },

    async close() {
      closed = true;
    },
  };
  return store;
}

function textsKey({ namespace, id }: ThreadKey): string {
  return JSON.stringify([namespace, id]);
}

function namespaceOf(key: string): unknown {
  return JSON.parse(key)[0];
}

function isOlder(a: { updated: number; name: string }, b: { updated: number; name: string }): boolean {
  return a.updated === b.updated ? a.name < b.name : a.updated < b.updated;
}
