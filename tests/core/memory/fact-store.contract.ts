import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { FactStore } from "../../../packages/core/src/memory/fact-store.ts";
import type { StoreEnvironment } from "../../../packages/core/src/memory/open.ts";
import { StoreError, type ThreadStore } from "../../../packages/core/src/memory/thread-store.ts";
import type { Fact } from "../../../packages/core/src/protocol/index.ts";
import { factIn } from "./facts.ts";
import type { Backend } from "./thread-store.contract.ts";

/** What the facts of every store owe their callers. */
export function factStoreContract(name: string, start: (environment: StoreEnvironment) => Promise<Backend>): void {
  describe(`${name}: facts`, () => {
    let backend: Backend;
    let store: ThreadStore;
    let second: ThreadStore;
    let ids = 0;
    let namespace: string;
    let facts: FactStore;
    let theirs: FactStore;

    beforeAll(async () => {
      backend = await start({ clock: { now: () => 0 }, makeId: () => `id-${ids++}`, home: "/nowhere" });
      store = await backend.open();
      second = await backend.open();
    });
    afterAll(async () => {
      await second?.close();
      await store?.close();
      await backend?.stop();
    });
    beforeEach(() => {
      namespace = `facts-${ids++}`;
      facts = store.facts(namespace);
      theirs = second.facts(namespace);
    });

    const user = { kind: "user" } as const;

    test("are read back whole, whatever their words and ids", async () => {
      const all: Fact[] = [
        {
          ...factIn({ kind: "project", folder: "/집/a b" }, "1", "한글".normalize("NFD")),
          supersedes: "0",
          pinned: true,
        },
        {
          ...factIn({ kind: "thread", thread: "\ud800" }, "\ud83d", "\ud800 \u0000"),
          validTo: "2027-01-01T00:00:00.000Z",
        },
        { ...factIn(user, "__proto__", "x"), source: [{ thread: "t", seq: 3, role: "user" }], by: "assistant" },
        factIn(user, "한글", "👩‍👩‍👧‍👦".repeat(5000)),
        factIn(user, "", ""),
      ];
      for (const fact of all) expect(await facts.put(fact)).toBe(true);
      for (const fact of all) expect(await theirs.get(fact.id)).toEqual({ id: fact.id, fact });
      expect(await theirs.list()).toHaveLength(all.length);
    });

    test("are listed oldest first, then by id", async () => {
      const on = (day: number, id: string) => ({ ...factIn(user, id, id), at: `2026-01-0${day}T00:00:00.000Z` });
      for (const fact of [on(3, "c"), on(1, "z"), on(2, "b"), on(2, "a")]) await facts.put(fact);
      expect((await theirs.list()).map(({ id }) => id)).toEqual(["z", "a", "b", "c"]);
    });

    test("that nobody saved are not there", async () => {
      expect(await facts.get("none")).toBeUndefined();
      expect(await facts.list()).toEqual([]);
      expect(await facts.remove("none")).toBe(false);
    });

    test("are put only where none is, or only where one is, when that is expected", async () => {
      expect(await facts.put(factIn(user, "a", "one"), { expect: "present" })).toBe(false);
      expect(await facts.get("a")).toBeUndefined();
      expect(await facts.put(factIn(user, "a", "one"), { expect: "absent" })).toBe(true);
      expect(await theirs.put(factIn(user, "a", "two"), { expect: "absent" })).toBe(false);
      expect(await theirs.get("a")).toMatchObject({ fact: { text: "one" } });
      expect(await theirs.put(factIn(user, "a", "three"), { expect: "present" })).toBe(true);
      expect(await facts.put(factIn(user, "a", "four"))).toBe(true);
      expect(await theirs.list()).toMatchObject([{ fact: { text: "four" } }]);
      expect(await facts.remove("a")).toBe(true);
      expect(await theirs.remove("a")).toBe(false);
      expect(await theirs.put(factIn(user, "a", "five"), { expect: "absent" })).toBe(true);
    });

    test("of two who put the same id where none is, one wins", async () => {
      const puts = [facts, theirs].map((one, n) => one.put(factIn(user, "a", String(n)), { expect: "absent" }));
      expect((await Promise.all(puts)).sort()).toEqual([false, true]);
    });

    test("belong to their namespace", async () => {
      for (const ns of ["a:b", "a", "{x}", "../", "x".repeat(10_000)]) {
        await store.facts(`${namespace}${ns}`).put(factIn(user, "1", ns));
      }
      expect(await facts.list()).toEqual([]);
      for (const ns of ["a:b", "a", "{x}", "../", "x".repeat(10_000)]) {
        expect(await second.facts(`${namespace}${ns}`).list()).toMatchObject([{ fact: { text: ns } }]);
      }
    });

    test("that are none are refused as a bug", async () => {
      const broken = { ...factIn(user, "a", "x"), by: "wizard" } as unknown as Fact;
      const outcome = await facts.put(broken).catch((error: unknown) => error);
      expect(outcome).toBeInstanceOf(Error);
      expect(outcome).not.toBeInstanceOf(StoreError);
      expect(await facts.list()).toEqual([]);
    });
  });
}
