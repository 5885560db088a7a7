import type { Clock } from "../protocol/index.ts";
import {
  closedError,
  decodeCursor,
  decodeRow,
  decodeText,
  encodeCursor,
  encodeMessage,
  encodeText,
  type Header,
  pageSize,
  rememberedOps,
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
  const texts = new Map<string, string>();
  const namespaces = new Map<string, Map<string, StoredThread>>();
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

  return {
    url,

    async append(key, messages, options = {}) {
      assertOpen();
      const bodies = messages.map(encodeMessage);
      const known = find(key);
      const answered = options.op === undefined ? undefined : known?.ops.get(options.op);
      if (answered !== undefined) return { kind: "appended", seq: answered };
      const seq = known?.rows.length ?? 0;
      if (options.expect !== undefined && options.expect !== seq) return { kind: "conflict", seq };
      if (bodies.length === 0) return { kind: "appended", seq };

      const now = clock.now();
      const title = titleOf(options.title, messages);
      const thread = known ?? create(key, { seq, created: now, updated: now, title, folder: options.folder });
      thread.rows.push(...bodies);
      const updated = Math.max(now, thread.header.updated);
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

    async saveText(key, text) {
      assertOpen();
      const { name, body } = encodeText(text);
      texts.set(textKey(key, name), body);
      return name;
    },

    async readText(key, name) {
      assertOpen();
      const body = texts.get(textKey(key, name));
      return body === undefined ? undefined : decodeText(name, body, url);
    },

    async close() {
      closed = true;
    },
  };
}

function textKey({ namespace, id }: ThreadKey, name: string): string {
  return JSON.stringify([namespace, id, name]);
}

function isOlder(a: { updated: number; name: string }, b: { updated: number; name: string }): boolean {
  return a.updated === b.updated ? a.name < b.name : a.updated < b.updated;
}
