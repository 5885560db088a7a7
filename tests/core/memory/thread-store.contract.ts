import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { StoreEnvironment } from "../../../packages/core/src/memory/open.ts";
import { StoreError, type ThreadKey, type ThreadStore } from "../../../packages/core/src/memory/thread-store.ts";
import type { Message } from "../../../packages/core/src/protocol/index.ts";
import { idsOf, message, messages, textsOf } from "./messages.ts";
import { compareWithModel, storeCommands } from "./model.ts";

/** A kind of store to be held to the contract. */
export interface Backend {
  /** Opens the same data once more, as another process would. */
  open(): Promise<ThreadStore>;
  stop(): Promise<void>;
}

export interface SharedBackend extends Backend {
  /** Writes `raw` where the row's message was, behind the store's back. */
  spoil(thread: ThreadKey, seq: number, raw: string): Promise<void>;
}

type Start = (environment: StoreEnvironment) => Promise<Backend>;

/** What every ThreadStore owes its callers, whatever it keeps its rows in. */
export function threadStoreContract(name: string, start: Start): void {
  describe(name, () => {
    const time = { now: 0 };
    let backend: Backend;
    let store: ThreadStore;
    let second: ThreadStore;
    let ids = 0;
    /** A thread that no other test knows. */
    let thread: ThreadKey;

    beforeAll(async () => {
      backend = await start({ clock: { now: () => time.now }, makeId: () => `id-${ids++}`, home: "/nowhere" });
      store = await backend.open();
      second = await backend.open();
    });
    afterAll(async () => {
      await second?.close();
      await store?.close();
      await backend?.stop();
    });
    beforeEach(() => {
      time.now = Date.UTC(2026, 0, 2, 3, 4, 5, 6);
      thread = { namespace: `ns-${ids++}`, id: "t" };
    });

    const append = (count: number, key = thread) => store.append(key, messages(count, key.id));
    const newest = async (namespace: string) => (await store.threads(namespace)).threads.map(({ id }) => id);

    test("what is appended is read back whole, in order, numbered from 1", async () => {
      const spoken: Message[] = [
        message("a", "안녕하세요 👋🏽"),
        { ...message("b", "잠깐만요"), role: "assistant", state: "aborted", model: "m", finishReason: "stop" },
        {
          ...message("c", ""),
          role: "assistant",
          parts: [
            { type: "reasoning", text: "hm" },
            { type: "tool_call", call: { id: "1", name: "calculate", arguments: '{"a":' } },
          ],
        },
      ];
      expect(await store.append(thread, spoken.slice(0, 1))).toEqual({ kind: "appended", seq: 1 });
      expect(await store.append(thread, spoken.slice(1))).toEqual({ kind: "appended", seq: 3 });
      expect(await second.read(thread)).toEqual(spoken.map((one, index) => ({ seq: index + 1, message: one })));
    });

    test("a thread that nobody wrote is empty, and reading it does not create it", async () => {
      expect(await store.read(thread)).toEqual([]);
      expect(await store.info(thread)).toBeUndefined();
      expect(await store.threads(thread.namespace)).toEqual({ threads: [] });
    });

    test("an append of nothing stores nothing, creates nothing and tells where the thread is", async () => {
      expect(await store.append(thread, [])).toEqual({ kind: "appended", seq: 0 });
      expect(await store.info(thread)).toBeUndefined();
      await append(2);
      expect(await store.append(thread, [], { expect: 2, op: "x" })).toEqual({ kind: "appended", seq: 2 });
      expect(await store.append(thread, [], { expect: 1 })).toEqual({ kind: "conflict", seq: 2 });
    });

    test("a batch with one unusable message stores none of it and throws as a bug, not as a store's failure", async () => {
      const broken = { ...message("b", "x"), role: "wizard" } as unknown as Message;
      const outcome = await store.append(thread, [message("a", "x"), broken]).catch((error: unknown) => error);
      expect(outcome).toBeInstanceOf(Error);
      expect(outcome).not.toBeInstanceOf(StoreError);
      expect(await store.read(thread)).toEqual([]);
    });

    test("a writer who expects an older number is told the newest, and nothing is stored", async () => {
      await append(2);
      expect(await store.append(thread, messages(1, "x"), { expect: 1 })).toEqual({ kind: "conflict", seq: 2 });
      expect(await store.append(thread, messages(1, "x"), { expect: 3 })).toEqual({ kind: "conflict", seq: 2 });
      expect(await store.append(thread, messages(1, "x"), { expect: 2 })).toEqual({ kind: "appended", seq: 3 });
      expect(await store.read(thread)).toHaveLength(3);
    });

    test("two writers with the same expectation: one wins, one conflicts", async () => {
      await append(1);
      const outcomes = await Promise.all([
        store.append(thread, messages(1, "x"), { expect: 1 }),
        second.append(thread, messages(1, "y"), { expect: 1 }),
      ]);
      expect(outcomes.map(({ kind }) => kind).sort()).toEqual(["appended", "conflict"]);
      expect(await store.read(thread)).toHaveLength(2);
    });

    test("the same operation again stores nothing and answers as the first time, whoever sends it and expects what", async () => {
      const first = await store.append(thread, messages(2, "x"), { op: "turn-1", expect: 0 });
      await append(3);
      expect(await second.append(thread, messages(2, "x"), { op: "turn-1", expect: 0 })).toEqual(first);
      expect(await store.append(thread, [], { op: "turn-1" })).toEqual(first);
      expect(await store.read(thread)).toHaveLength(5);
    });

    test("an operation names an append within its thread only, and a conflict does not use it up", async () => {
      const other = { ...thread, id: "other" };
      await store.append(thread, messages(1, "x"), { op: "a" });
      expect(await store.append(other, messages(1, "x"), { op: "a" })).toEqual({ kind: "appended", seq: 1 });
      expect(await store.append(other, messages(1, "x"), { op: "b", expect: 9 })).toEqual({ kind: "conflict", seq: 1 });
      expect(await store.append(other, messages(1, "x"), { op: "b", expect: 1 })).toEqual({ kind: "appended", seq: 2 });
    });

    test("the newest 256 operations are remembered", async () => {
      for (let n = 1; n <= 300; n++) await store.append(thread, messages(1, "x"), { op: `op ${n}` });
      expect(await store.append(thread, messages(1, "x"), { op: "op 300" })).toEqual({ kind: "appended", seq: 300 });
      expect(await store.append(thread, messages(1, "x"), { op: "op 45" })).toEqual({ kind: "appended", seq: 45 });
      expect(await store.append(thread, messages(1, "x"), { op: "op 44" })).toEqual({ kind: "appended", seq: 301 });
    });

    test("two writers at once lose nothing and share no number", async () => {
      const write = async (writer: ThreadStore, who: string) => {
        const seqs: number[] = [];
        for (let n = 0; n < 200; n++) seqs.push((await writer.append(thread, [message(`${who}${n}`, "x")])).seq);
        return seqs;
      };
      const [a, b] = await Promise.all([write(store, "a"), write(second, "b")]);
      const rows = await store.read(thread);
      expect([...a, ...b].sort((x, y) => x - y)).toEqual(Array.from({ length: 400 }, (_, index) => index + 1));
      expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: 400 }, (_, index) => index + 1));
      expect(a.every((seq, n) => idAt(rows, seq) === `a${n}`)).toBe(true);
      expect(b.every((seq, n) => idAt(rows, seq) === `b${n}`)).toBe(true);
    });

    test("a batch stands together in the thread, whoever else writes", async () => {
      const write = async (writer: ThreadStore, who: string) => {
        for (let n = 0; n < 20; n++)
          await writer.append(thread, [message(who, "1"), message(who, "2"), message(who, "3")]);
      };
      await Promise.all([write(store, "a"), write(second, "b")]);
      const rows = await store.read(thread);
      expect(textsOf(rows)).toEqual(Array.from({ length: 120 }, (_, index) => String((index % 3) + 1)));
    });

    test("rows are read after and before a number, and the limit keeps the newest", async () => {
      await append(10);
      const seqs = async (query: Parameters<ThreadStore["read"]>[1]) =>
        (await store.read(thread, query)).map((r) => r.seq);
      expect(await seqs({ after: 7 })).toEqual([8, 9, 10]);
      expect(await seqs({ before: 3 })).toEqual([1, 2]);
      expect(await seqs({ after: 2, before: 6 })).toEqual([3, 4, 5]);
      expect(await seqs({ limit: 3 })).toEqual([8, 9, 10]);
      expect(await seqs({ before: 5, limit: 2 })).toEqual([3, 4]);
      expect(await seqs({ after: 8, limit: 5 })).toEqual([9, 10]);
      expect(await seqs({ limit: 0 })).toEqual([]);
      expect(await seqs({ after: 10 })).toEqual([]);
      expect(await seqs({ before: 1 })).toEqual([]);
      expect(await seqs({ before: 0 })).toEqual([]);
      expect(await seqs({ after: 5, before: 6 })).toEqual([]);
      expect(await seqs({ after: 9, before: 3 })).toEqual([]);
      expect(await seqs({ after: -5, before: 99, limit: 99 })).toHaveLength(10);
    });

    test("a clock that goes back disorders nothing", async () => {
      await append(1);
      time.now -= 3_600_000;
      await store.append(thread, [message("later", "x")]);
      expect((await store.read(thread)).map(({ seq }) => seq)).toEqual([1, 2]);
      expect(await store.info(thread)).toMatchObject({ seq: 2, updatedAt: "2026-01-02T03:04:05.006Z" });
    });

    test("a thread tells its title, folder, times and length; later appends change the last two only", async () => {
      await store.append(thread, messages(1, "x"), { title: "사과  나누기\n둘째 줄 \u001b[31m", folder: "/home/a" });
      time.now += 1000;
      await store.append(thread, messages(2, "x"), { title: "other", folder: "/other" });
      const info = {
        ...thread,
        title: "사과 나누기 둘째 줄",
        folder: "/home/a",
        createdAt: "2026-01-02T03:04:05.006Z",
        updatedAt: "2026-01-02T03:04:06.006Z",
        seq: 3,
      };
      expect(await second.info(thread)).toEqual(info);
      expect(await second.threads(thread.namespace)).toEqual({ threads: [info] });
    });

    test("without a title the first user message gives it, cut to one short line", async () => {
      await store.append(thread, [
        { ...message("s", "hello"), role: "assistant" },
        message("u", `질문 ${"가".repeat(5000)}`),
      ]);
      const info = await store.info(thread);
      expect(info?.title.startsWith("질문 가가가")).toBe(true);
      expect(info?.title.endsWith("…")).toBe(true);
      expect(info?.title.length).toBeLessThan(100);
      expect(info).not.toHaveProperty("folder");
    });

    test("threads are listed by their newest append, page by page, each once", async () => {
      const { namespace } = thread;
      for (let n = 0; n < 25; n++) {
        time.now += 10;
        await append(1, { namespace, id: `t${n}` });
      }
      time.now += 10;
      await append(1, { namespace, id: "t3" });
      const pages: string[][] = [];
      let cursor: string | undefined;
      do {
        const page = await store.threads(namespace, { limit: 10, ...(cursor ? { cursor } : {}) });
        pages.push(page.threads.map(({ id }) => id));
        cursor = page.next;
      } while (cursor);
      expect(pages.map((page) => page.length)).toEqual([10, 10, 5]);
      const rest = Array.from({ length: 25 }, (_, n) => `t${24 - n}`).filter((id) => id !== "t3");
      expect(pages.flat()).toEqual(["t3", ...rest]);
    });

    test("threads of the same millisecond are neither lost nor repeated between pages", async () => {
      const { namespace } = thread;
      await Promise.all(Array.from({ length: 150 }, (_, n) => append(1, { namespace, id: `같은 때 ${n}` })));
      for (const limit of [1, 7, 50, 150, 200]) {
        const seen: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await second.threads(namespace, { limit, ...(cursor ? { cursor } : {}) });
          seen.push(...page.threads.map(({ id }) => id));
          cursor = page.next;
        } while (cursor);
        expect(seen).toHaveLength(150);
        expect(new Set(seen).size).toBe(150);
      }
    });

    test("a page goes on where it ended although newer threads came and its last thread moved up", async () => {
      const { namespace } = thread;
      for (let n = 0; n < 6; n++) {
        time.now += 1;
        await append(1, { namespace, id: `t${n}` });
      }
      const first = await store.threads(namespace, { limit: 3 });
      time.now += 1;
      await append(1, { namespace, id: "new" });
      await append(1, { namespace, id: "t3" });
      const rest = await store.threads(namespace, { limit: 3, cursor: first.next ?? "" });
      expect(first.threads.map(({ id }) => id)).toEqual(["t5", "t4", "t3"]);
      expect(rest.threads.map(({ id }) => id)).toEqual(["t2", "t1", "t0"]);
      expect(rest.next).toBeUndefined();
    });

    test("a folder's threads are found however many others there are", async () => {
      const { namespace } = thread;
      const folder = "/home/진아/a b";
      for (let n = 0; n < 3; n++) {
        time.now += 1;
        await store.append({ namespace, id: `mine ${n}` }, messages(1, "x"), { folder });
      }
      for (let n = 0; n < 150; n++) {
        time.now += 1;
        await store.append({ namespace, id: `t${n}` }, messages(1, "x"), n % 2 ? { folder: `${folder}/` } : {});
      }
      const first = await store.threads(namespace, { folder, limit: 2 });
      expect(first.threads.map(({ id }) => id)).toEqual(["mine 2", "mine 1"]);
      const rest = await store.threads(namespace, { folder, limit: 2, cursor: first.next ?? "" });
      expect(rest.threads.map(({ id }) => id)).toEqual(["mine 0"]);
      expect(rest.next).toBeUndefined();
      expect((await store.threads(namespace, { folder: "/elsewhere" })).threads).toEqual([]);
    });

    test("a cursor that is not one of ours is refused with a reason", async () => {
      await expect(store.threads(thread.namespace, { cursor: "last week" })).rejects.toMatchObject({
        name: "StoreError",
        failure: { code: "usage", hint: expect.stringContaining("cursor") },
      });
    });

    test("no two names are the same thread", async () => {
      const namespaces = [
        "a:b",
        "a",
        "{x}",
        "",
        ".",
        "../",
        "a}",
        "\ud800",
        "\ud801",
        "\ufffd",
        "\u0000",
        "%00",
        "é",
        "e\u0301",
      ];
      const names = [
        ...namespaces,
        "b:c",
        "c",
        "t:1",
        "한글",
        "한글".normalize("NFD"),
        "👩‍👩‍👧",
        `${"x".repeat(10_000)}a`,
        `${"x".repeat(10_000)}b`,
      ];
      const base = thread.namespace;
      const keys = namespaces.flatMap((ns) => names.map((id) => ({ namespace: `${base}${ns}`, id })));
      for (const [n, key] of keys.entries()) await store.append(key, [message(`m${n}`, "x")], { op: key.id });
      for (const [n, key] of keys.entries()) {
        const rows = await second.read(key);
        expect([rows.length, idAt(rows, 1)]).toEqual([1, `m${n}`]);
      }
      for (const ns of namespaces) {
        expect((await newest(`${base}${ns}`)).sort()).toEqual([...names].sort());
      }
      expect(await second.info(keys.at(-1) ?? thread)).toMatchObject(keys.at(-1) ?? thread);
    });

    test("the empty namespace is one of its own", async () => {
      const id = thread.namespace;
      await append(1, { namespace: "", id });
      expect(await newest("")).toContain(id);
      expect(await store.read({ namespace: "", id })).toHaveLength(1);
    });

    test("every text is kept as given: NFD Hangul, emoji, NULs, lone surrogates, control characters, 64 KB, 1 MB", async () => {
      const texts = [
        "",
        "한글".normalize("NFD"),
        "👩‍👩‍👧‍👦🇰🇷",
        "a\u0000b",
        "\ud83d alone \udc00",
        "\u001b[2J\u2028\u2029\r\n\t\\\"'",
        "가".repeat(22_000),
        "x".repeat(1_000_000),
      ];
      await store.append(
        thread,
        texts.map((text, n) => message(`m${n}`, text)),
      );
      expect(textsOf(await second.read(thread))).toEqual(texts);
    });

    test("a thread of thousands of rows keeps them all", async () => {
      for (let n = 0; n < 5; n++) await store.append(thread, messages(1000, `batch ${n}`));
      const rows = await store.read(thread);
      expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: 5000 }, (_, index) => index + 1));
      expect((await store.read(thread, { after: 4998 })).map(({ seq }) => seq)).toEqual([4999, 5000]);
    });

    test("a long text is kept once per thread under the name of its content", async () => {
      const text = `출력 \u0000 \ud800 ${"줄\n".repeat(50_000)}`;
      const name = await store.saveText(thread, text);
      expect(name).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect(await second.saveText(thread, text)).toBe(name);
      expect(await store.saveText(thread, `${text}.`)).not.toBe(name);
      expect(await second.readText(thread, name)).toBe(text);
      expect(await store.readText(thread, "sha256:0")).toBeUndefined();
      expect(await store.readText({ ...thread, id: "other" }, name)).toBeUndefined();
      expect(await store.threads(thread.namespace)).toEqual({ threads: [] });
    });

    test("any sequence of appends and reads does what a list would do", async () => {
      await fc.assert(
        fc.asyncProperty(storeCommands, async (commands) => {
          await compareWithModel([store, second], `property-${ids++}`, commands);
        }),
        { numRuns: 40 },
      );
    });

    test("a closed store says so, and closing twice is fine", async () => {
      const closing = await backend.open();
      await closing.append(thread, messages(1, "x"));
      await closing.close();
      await closing.close();
      const uses = [
        closing.append(thread, messages(1, "y")),
        closing.read(thread),
        closing.info(thread),
        closing.threads(thread.namespace),
        closing.saveText(thread, "x"),
        closing.readText(thread, "x"),
      ];
      for (const use of uses) {
        await expect(use).rejects.toMatchObject({ name: "StoreError", failure: { code: "store_unavailable" } });
      }
    });
  });
}

/** What a store owes when others can write where it keeps its rows. */
export function damagedRowContract(
  name: string,
  start: (environment: StoreEnvironment) => Promise<SharedBackend>,
): void {
  describe(`${name}, written by others`, () => {
    const thread = { namespace: "default", id: "t" };
    let backend: SharedBackend;
    let store: ThreadStore;
    let ids = 0;

    beforeAll(async () => {
      backend = await start({ clock: { now: () => 0 }, makeId: () => `id-${ids++}`, home: "/nowhere" });
      store = await backend.open();
    });
    afterAll(async () => {
      await store?.close();
      await backend?.stop();
    });

    test("a row that cannot be read stays in its place and the others are readable", async () => {
      await store.append(thread, messages(4, "t"));
      await backend.spoil(thread, 2, '{"id":"m1","role":');
      await backend.spoil(thread, 3, '{"id":"m2","role":"wizard"}');
      const rows = await store.read(thread);
      expect(idsOf(rows)).toEqual(["t-0", '{"id":"m1","role":', '{"id":"m2","role":"wizard"}', "t-3"]);
      expect(rows[1]).toMatchObject({ seq: 2, corrupt: expect.stringContaining("JSON") });
      expect(rows[2]).toMatchObject({ seq: 3, corrupt: expect.stringContaining("role") });
      expect(await store.append(thread, messages(1, "x"))).toEqual({ kind: "appended", seq: 5 });
      expect(await store.read(thread, { after: 1, before: 3 })).toMatchObject([{ raw: '{"id":"m1","role":' }]);
    });
  });
}

function idAt(rows: Awaited<ReturnType<ThreadStore["read"]>>, seq: number): string | undefined {
  const row = rows[seq - 1];
  return row && "message" in row ? row.message.id : undefined;
}
