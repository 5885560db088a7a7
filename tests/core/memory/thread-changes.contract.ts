import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { StoreEnvironment } from "../../../packages/core/src/memory/open.ts";
import { StoreError, type ThreadKey, type ThreadStore } from "../../../packages/core/src/memory/thread-store.ts";
import type { Mark } from "../../../packages/core/src/protocol/index.ts";
import { factIn } from "./facts.ts";
import { idsOf, message, messages, textsOf } from "./messages.ts";
import type { Backend } from "./thread-store.contract.ts";

export interface SearchableBackend extends Backend {
  /** The keys and files that hold these words, after the server or the file was tidied up. */
  placesWith(words: string): Promise<readonly string[]>;
}

/** What every ThreadStore owes beyond appending and reading: marks, names, forks, erasure. */
export function threadChangesContract(
  name: string,
  start: (environment: StoreEnvironment) => Promise<SearchableBackend>,
): void {
  describe(`${name}: marks, forks, erasure`, () => {
    const time = { now: 0 };
    let backend: SearchableBackend;
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

    const at = "2026-01-02T03:04:05.006Z";
    const summary: Mark = {
      ...{ type: "summary", id: "s", at, from: 1, to: 2, text: "둘이 인사했다", model: "m" },
      ...{ tokensBefore: 90, tokensAfter: 9 },
    };
    const marks: Mark[] = [
      summary,
      { type: "uncompact", id: "u", at, summary: "s" },
      { type: "rewind", id: "r", at, to: 0 },
    ];

    describe("an imported thread", () => {
      const imported = {
        createdAt: "2024-05-06T07:08:09.010Z",
        updatedAt: "2024-06-07T08:09:10.011Z",
        parent: { id: "어미\u0000", seq: 7 },
      };

      test("is as old as it was where it came from, and stands behind what was said here since", async () => {
        const here = { ...thread, id: "here" };
        await store.append(here, [message("h", "x")]);
        await store.append(thread, messages(2, "a"), { expect: 0, imported });
        await store.append(thread, messages(2, "b"), { expect: 2, imported });
        expect(await second.info(thread)).toMatchObject({ ...imported, seq: 4 });
        expect((await second.threads(thread.namespace)).threads.map(({ id }) => id)).toEqual(["here", "t"]);
      });

      test("comes first once somebody speaks in it, and never gets older again", async () => {
        await store.append(thread, messages(1, "a"), { imported });
        await store.append(thread, messages(1, "b"));
        const now = new Date(time.now).toISOString();
        expect(await second.info(thread)).toMatchObject({ ...imported, updatedAt: now });
        await store.append(thread, messages(1, "c"), { imported });
        expect(await second.info(thread)).toMatchObject({ updatedAt: now, seq: 3 });
      });

      test("with a time that is none, or lies ahead, is of this moment", async () => {
        const ahead = { createdAt: "sometime", updatedAt: "2999-01-01T00:00:00.000Z" };
        await store.append(thread, messages(1, "a"), { imported: ahead });
        const now = new Date(time.now).toISOString();
        expect(await second.info(thread)).toMatchObject({ createdAt: now, updatedAt: now });
      });
    });

    describe("marks", () => {
      test("stand between the messages where they were appended, each with its number", async () => {
        await store.append(thread, messages(2, "a"));
        expect(await store.append(thread, [...marks, message("b", "x")], { expect: 2 })).toMatchObject({ seq: 6 });
        const rows = await second.read(thread);
        expect(rows.slice(2, 5)).toEqual(marks.map((mark, index) => ({ seq: index + 3, mark })));
        expect(idsOf(rows)).toEqual(["a-0", "a-1", "s", "u", "r", "b"]);
        expect(await second.info(thread)).toMatchObject({ seq: 6, title: "text 0" });
      });

      test("of two clients at the same place: one is stored, the other told of a conflict", async () => {
        await store.append(thread, messages(3, "a"));
        const outcomes = await Promise.all([store, second].map((one) => one.append(thread, [summary], { expect: 3 })));
        expect(outcomes.map(({ kind }) => kind).sort()).toEqual(["appended", "conflict"]);
        expect(idsOf(await store.read(thread))).toEqual(["a-0", "a-1", "a-2", "s"]);
      });

      test("that are no marks are refused as a bug, and the batch with them", async () => {
        const broken = { ...summary, from: 0 };
        const outcome = await store.append(thread, [message("a", "x"), broken]).catch((error: unknown) => error);
        expect(outcome).toBeInstanceOf(Error);
        expect(outcome).not.toBeInstanceOf(StoreError);
        expect(await store.read(thread)).toEqual([]);
      });

      test("give a thread that begins with them no title", async () => {
        await store.append(thread, [summary]);
        expect(await store.info(thread)).toMatchObject({ title: "", seq: 1 });
      });
    });

    test("a thread of any length is read in pieces that miss and repeat nothing", async () => {
      await store.append(thread, messages(257, "a"));
      const read: string[] = [];
      for (let after = 0; ; after += 50) {
        const rows = await store.read(thread, { after, before: after + 51 });
        if (rows.length === 0) break;
        read.push(...idsOf(rows));
      }
      expect(read).toEqual(messages(257, "a").map(({ id }) => id));
    });

    describe("a name", () => {
      test("given by the user stays through appends and becomes one line; the empty one gives back the first words", async () => {
        await store.append(thread, [{ ...message("s", "hello"), role: "assistant" }], { title: "at first" });
        await store.append(
          thread,
          messages(150, "a").map((one) => ({ ...one, role: "assistant" as const })),
        );
        await store.append(thread, [message("u", "사과를 나눠 줘")]);
        expect(await second.rename(thread, "장보기\n목록 \u001b[31m")).toBe(true);
        await store.append(thread, messages(1, "b"), { title: "other" });
        expect(await store.info(thread)).toMatchObject({ title: "장보기 목록" });
        expect((await second.threads(thread.namespace)).threads[0]).toMatchObject({ title: "장보기 목록", seq: 153 });
        expect(await store.rename(thread, " ")).toBe(true);
        expect(await store.info(thread)).toMatchObject({ title: "사과를 나눠 줘", seq: 153 });
      });

      test("moves a thread nowhere in the list, and makes none", async () => {
        await store.append(thread, messages(1, "a"));
        time.now += 1000;
        await store.append({ ...thread, id: "newer" }, messages(1, "a"));
        time.now += 1000;
        await store.rename(thread, "x");
        expect((await store.threads(thread.namespace)).threads.map(({ id }) => id)).toEqual(["newer", "t"]);
        expect(await store.rename({ ...thread, id: "none" }, "x")).toBe(false);
        expect(await store.info({ ...thread, id: "none" })).toBeUndefined();
      });
    });

    describe("a fork", () => {
      test("has the rows up to its place, marks and texts included, and goes its own way", async () => {
        const text = "출력 ".repeat(1000);
        const saved = await store.saveText(thread, text);
        await store.append(thread, [message("a", "처음"), summary, message("b", "x")], {
          folder: "/home/a",
          op: "one",
        });
        time.now += 1000;
        const forked = await store.fork(thread, 2, "갈래");
        const fork = { ...thread, id: "갈래" };
        const info = {
          ...fork,
          ...{ title: "처음", folder: "/home/a", seq: 2, parent: { id: "t", seq: 2 } },
          ...{ createdAt: "2026-01-02T03:04:06.006Z", updatedAt: "2026-01-02T03:04:06.006Z" },
        };
        expect(forked).toEqual({ kind: "forked", info });
        expect(await second.info(fork)).toEqual(info);
        expect((await second.threads(thread.namespace)).threads[0]).toEqual(info);
        expect(await second.read(fork)).toEqual((await store.read(thread)).slice(0, 2));
        expect(await second.readText(fork, saved)).toBe(text);

        expect(await second.append(fork, [message("c", "y")], { expect: 2, op: "one" })).toEqual({
          kind: "appended",
          seq: 3,
        });
        expect(idsOf(await store.read(fork))).toEqual(["a", "s", "c"]);
        expect(idsOf(await store.read(thread))).toEqual(["a", "s", "b"]);
      });

      test("of a fork knows where it came from", async () => {
        await store.append(thread, messages(3, "a"));
        await store.fork(thread, 3, "b");
        await store.fork({ ...thread, id: "b" }, 1, "c");
        expect(await store.info({ ...thread, id: "c" })).toMatchObject({ seq: 1, parent: { id: "b", seq: 1 } });
      });

      test("of a long thread is whole", async () => {
        const bodies = Array.from({ length: 1234 }, (_, n) => message(`m${n}`, "가".repeat(n)));
        await store.append(thread, bodies);
        for (let n = 0; n < 25; n++) await store.saveText(thread, `text ${n}`);
        expect(await store.fork(thread, 1230, "f")).toMatchObject({ kind: "forked", info: { seq: 1230 } });
        expect(textsOf(await second.read({ ...thread, id: "f" }))).toEqual(
          textsOf(await store.read(thread)).slice(0, 1230),
        );
        const name = await store.saveText(thread, "text 24");
        expect(await second.readText({ ...thread, id: "f" }, name)).toBe("text 24");
      });

      test("where there is no such row, or no thread, is missing and makes none", async () => {
        await store.append(thread, messages(2, "a"));
        for (const seq of [0, -1, 3, 1.5, Number.NaN]) {
          expect(await store.fork(thread, seq, "f")).toEqual({ kind: "missing" });
        }
        expect(await store.fork({ ...thread, id: "none" }, 1, "f")).toEqual({ kind: "missing" });
        expect((await store.threads(thread.namespace)).threads.map(({ id }) => id)).toEqual(["t"]);
      });

      test("under an id that is taken changes nothing", async () => {
        await store.append(thread, messages(2, "a"));
        await store.append({ ...thread, id: "mine" }, messages(1, "b"));
        await store.saveText({ ...thread, id: "texts" }, "x");
        for (const id of ["mine", "t", "texts"]) {
          expect(await store.fork(thread, 2, id)).toEqual({ kind: "taken" });
        }
        expect(idsOf(await store.read({ ...thread, id: "mine" }))).toEqual(["b-0"]);
        expect(await store.info({ ...thread, id: "texts" })).toBeUndefined();
      });
    });

    describe("erasing", () => {
      const secret = "수박서리-7f3a";

      test("a thread leaves nothing of it, and its fork and the rest as they were", async () => {
        const name = await store.saveText(thread, `${secret} output`);
        await store.append(thread, [message("a", `plain`), message("b", secret)], { title: secret, op: secret });
        await store.fork(thread, 1, "fork");
        await store.facts(thread.namespace).put(factIn({ kind: "thread", thread: "t" }, "f1", secret));
        await store.facts(thread.namespace).put(factIn({ kind: "thread", thread: "fork" }, "f2", "kept"));
        await store.facts(thread.namespace).put(factIn({ kind: "user" }, "f3", "kept"));
        await second.rename({ ...thread, id: "fork" }, "fork");

        expect(await store.erase({ namespace: thread.namespace, thread: "t" })).toBe(1);
        expect(await second.read(thread)).toEqual([]);
        expect(await second.info(thread)).toBeUndefined();
        expect(await second.readText(thread, name)).toBeUndefined();
        expect((await second.threads(thread.namespace)).threads.map(({ id }) => id)).toEqual(["fork"]);
        expect((await second.facts(thread.namespace).list()).map(({ id }) => id)).toEqual(["f2", "f3"]);
        expect(idsOf(await second.read({ ...thread, id: "fork" }))).toEqual(["a"]);
        // The fork still has the saved text, which is its own copy.
        expect(await second.readText({ ...thread, id: "fork" }, name)).toBe(`${secret} output`);
        expect(await store.erase({ namespace: thread.namespace, thread: "fork" })).toBe(1);
        expect(await backend.placesWith(secret)).toEqual([]);
      });

      test("twice, or what was never there, is nothing to complain of; the thread can begin anew", async () => {
        await store.append(thread, messages(3, "a"), { op: "one" });
        expect(await store.erase({ namespace: thread.namespace, thread: "t" })).toBe(1);
        expect(await second.erase({ namespace: thread.namespace, thread: "t" })).toBe(0);
        expect(await store.erase({ namespace: "nobody's" })).toBe(0);
        expect(await store.append(thread, messages(1, "b"), { op: "one", expect: 0 })).toEqual({
          kind: "appended",
          seq: 1,
        });
      });

      test("a thread that has grown since leaves it alone", async () => {
        await store.append(thread, messages(3, "a"));
        expect(await store.erase({ namespace: thread.namespace, thread: "t", expect: 2 })).toBe(0);
        expect(await store.read(thread)).toHaveLength(3);
        expect(await store.erase({ namespace: thread.namespace, thread: "t", expect: 3 })).toBe(1);
        expect(await store.read(thread)).toEqual([]);
      });

      test("a namespace leaves nothing of it and touches no other, however alike the names", async () => {
        const { namespace } = thread;
        const alike = [`${namespace}:`, `${namespace}*`, `${namespace}}`, `x${namespace}`];
        for (const ns of [namespace, ...alike]) {
          for (let n = 0; n < 30; n++) {
            const words = ns === namespace ? secret : "kept";
            await store.append({ namespace: ns, id: `t${n}` }, [message("a", words)], { title: words, op: words });
            await store.saveText({ namespace: ns, id: `t${n}` }, words);
            await store.facts(ns).put(factIn({ kind: "user" }, `f${n}`, words));
          }
          await store.saveText({ namespace: ns, id: "no rows" }, ns === namespace ? secret : "kept");
        }
        expect(await store.erase({ namespace })).toBe(30);
        expect(await second.threads(namespace)).toEqual({ threads: [] });
        expect(await second.facts(namespace).list()).toEqual([]);
        expect(await backend.placesWith(secret)).toEqual([]);
        for (const ns of alike) {
          expect((await second.threads(ns)).threads).toHaveLength(30);
          expect(await second.facts(ns).list()).toHaveLength(30);
          expect(textsOf(await second.read({ namespace: ns, id: "t29" }))).toEqual(["kept"]);
        }
      });

      test("a fact leaves nothing of it", async () => {
        const facts = store.facts(thread.namespace);
        for (let n = 0; n < 40; n++) await facts.put(factIn({ kind: "user" }, `f${n}`, n === 20 ? secret : "kept"));
        expect(await facts.remove("f20")).toBe(true);
        expect(await second.facts(thread.namespace).list()).toHaveLength(39);
        expect(await backend.placesWith(secret)).toEqual([]);
      });
    });

    test("a closed store says so whatever is asked of it", async () => {
      const closing = await backend.open();
      await closing.close();
      const facts = closing.facts(thread.namespace);
      const uses = [
        ...[closing.rename(thread, "x"), closing.fork(thread, 1, "f"), closing.erase({ namespace: thread.namespace })],
        ...[closing.warnings(), facts.list(), facts.get("x"), facts.remove("x")],
        facts.put(factIn({ kind: "user" }, "f", "x")),
      ];
      for (const outcome of await Promise.allSettled(uses)) {
        expect(outcome).toMatchObject({ reason: { name: "StoreError", failure: { code: "store_unavailable" } } });
      }
    });
  });
}
