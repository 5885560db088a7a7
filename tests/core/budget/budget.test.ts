import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Budget,
  type BudgetOptions,
  createBudget,
  type Limits,
  type Reserved,
} from "../../../packages/core/src/budget/budget.ts";
import { createCalendar, createFileLedger, type SpendEntry } from "../../../packages/core/src/budget/ledger.ts";
import type { Price } from "../../../packages/core/src/budget/price.ts";
import { noUsage, type Usage } from "../../../packages/core/src/protocol/index.ts";

const noon = Date.parse("2026-01-01T12:00:00Z");
/** A dollar a thousand tokens in, two a thousand out. */
const price: Price = { input: 1000, output: 2000, source: "test" };
const used = (input: number, output: number, more: Partial<Usage> = {}): Usage => ({
  ...noUsage,
  input,
  output,
  ...more,
});

function budgetOf(limits: Limits, more: Partial<BudgetOptions> = {}): Budget {
  const opened = open(limits, more);
  if (opened.kind === "refused") throw new Error(opened.failure.message);
  return opened.budget;
}

let ids = 0;
const open = (limits: Limits, more: Partial<BudgetOptions> = {}) =>
  createBudget({
    limits,
    model: "test-model",
    price,
    clock: { now: () => noon },
    makeId: () => `id-${++ids}`,
    timeZone: "UTC",
    ...more,
  });

function ok(reserved: Reserved) {
  if (reserved.kind !== "ok") throw new Error(JSON.stringify(reserved));
  return reserved.reservation;
}

describe("a budget", () => {
  test("without limits lets everything pass and counts it", async () => {
    const budget = budgetOf({});
    const reservation = ok(await budget.reserve({ inputTokens: 1_000_000 }));
    expect(reservation).not.toHaveProperty("maxOutputTokens");
    await reservation.settle(used(1000, 500, { estimated: true }));

    expect(budget.spent()).toEqual({ usage: used(1000, 500, { estimated: true }), usd: 2, steps: 1, timeMs: 0 });
    expect(budget.cost()).toEqual({ usd: 2, known: true, estimated: true });
  });

  test("in money stops before the call that might overdraw it, and goes on when the limit is raised", async () => {
    const budget = budgetOf({ cost: 5 });
    await ok(await budget.reserve({ inputTokens: 1000, maxOutputTokens: 2000 })).settle(used(1000, 600));
    const stopped = await budget.reserve({ inputTokens: 1000, maxOutputTokens: 1000 });

    expect(stopped).toEqual({
      kind: "exceeded",
      which: "max_cost",
      per: "run",
      limit: 5,
      spent: 2.2,
      projected: 5.2,
      failure: {
        code: "max_cost",
        message: "The limit of $5 leaves no room for another model call: $2.2 used, $5.2 with it.",
        hint: "Raise --max-cost and go on.",
      },
    });
    const raised = budgetOf({ cost: 6 }, { spent: budget.spent() });
    expect(await raised.reserve({ inputTokens: 1000, maxOutputTokens: 1000 })).toMatchObject({ kind: "ok" });
  });

  test("takes the dearest case for a projection: input that is written to the cache, output that is reasoning", async () => {
    const dear: Price = { ...price, cacheRead: 100, cacheWrite: 1250, reasoning: 4000 };
    const budget = budgetOf({ cost: 5.24 }, { price: dear });
    expect(await budget.reserve({ inputTokens: 1000, maxOutputTokens: 1000 })).toMatchObject({ projected: 5.25 });
  });

  test("names the longest answer it can pay, where the request names none", async () => {
    const budget = budgetOf({ cost: 3 });
    const reservation = ok(await budget.reserve({ inputTokens: 1000 }));
    expect(reservation.maxOutputTokens).toBe(1000);
    expect(await budget.reserve({ inputTokens: 1 })).toMatchObject({ kind: "exceeded" });
    await reservation.settle(used(1000, 1000));
    expect(budget.spent().usd).toBe(3);
  });

  test("does not hold more than a long answer, so that calls beside it find room", async () => {
    const budget = budgetOf({ cost: 1000 });
    expect(ok(await budget.reserve({ inputTokens: 1000 })).maxOutputTokens).toBe(32_000);
    expect(await budget.reserve({ inputTokens: 1000 })).toMatchObject({ kind: "ok" });
  });

  test("in money is refused where no price is known, with the way out", () => {
    const refused = {
      kind: "refused",
      failure: {
        code: "usage",
        message: "No price is known for test-model, so its cost cannot be limited.",
        hint: "Write its price into prices.yaml (`chingu prices` shows where), or limit tokens, steps or time.",
      },
    };
    expect(open({ cost: 5 }, { price: undefined })).toEqual(refused);
    expect(open({ costPerDay: 5 }, { price: undefined })).toEqual(refused);
  });

  test("in tokens needs no price, and says that the cost is unknown", async () => {
    const budget = budgetOf({ tokens: 2000 }, { price: undefined });
    const reservation = ok(await budget.reserve({ inputTokens: 1000 }));
    expect(reservation.maxOutputTokens).toBe(1000);
    await reservation.settle(used(900, 100, { cacheRead: 100, reasoning: 50 }));

    expect(budget.cost()).toEqual({ usd: null, known: false, estimated: false });
    expect(await budget.reserve({ inputTokens: 800 })).toMatchObject({
      which: "max_tokens",
      limit: 2000,
      spent: 1150,
      projected: 2206,
    });
  });

  test("in steps does not count summaries", async () => {
    const budget = budgetOf({ steps: 1 });
    await ok(await budget.reserve({ inputTokens: 10, step: false })).settle(used(10, 10));
    await ok(await budget.reserve({ inputTokens: 10 })).settle(used(10, 10));
    expect(await budget.reserve({ inputTokens: 10 })).toMatchObject({ which: "max_steps", spent: 1, projected: 2 });
    expect(await budget.reserve({ inputTokens: 10, step: false })).toMatchObject({ kind: "ok" });
  });

  test("in time counts what went before too", async () => {
    const time = { now: noon };
    const clock = { now: () => time.now };
    const budget = budgetOf({ timeMs: 1000 }, { clock, spent: { usage: noUsage, usd: 0, steps: 0, timeMs: 400 } });
    time.now += 599;
    expect(await budget.reserve({ inputTokens: 1 })).toMatchObject({ kind: "ok" });
    time.now += 1;
    expect(await budget.reserve({ inputTokens: 1 })).toMatchObject({ which: "max_time", limit: 1000, spent: 1000 });
  });

  test("frees what a failed call had reserved, and books an answer once", async () => {
    const budget = budgetOf({ cost: 3 });
    const failed = ok(await budget.reserve({ inputTokens: 1000, maxOutputTokens: 1000 }));
    await failed.settle(undefined);
    await failed.settle(used(1000, 1000));
    expect(budget.spent().usd).toBe(0);
    expect(await budget.reserve({ inputTokens: 1000, maxOutputTokens: 1000 })).toMatchObject({ kind: "ok" });
  });

  test("is never overdrawn by calls side by side that keep to what they reserved", async () => {
    const call = fc.record({
      input: fc.nat(2000),
      output: fc.option(fc.nat(2000), { nil: undefined }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 12 }), fc.integer({ min: 1, max: 12 }), async (calls, dollars) => {
        const budget = budgetOf({ cost: dollars });
        await Promise.all(
          calls.map(async ({ input, output, share }) => {
            const reserved = await budget.reserve({
              inputTokens: input,
              ...(output !== undefined && { maxOutputTokens: output }),
            });
            if (reserved.kind !== "ok") return;
            const longest = reserved.reservation.maxOutputTokens ?? 0;
            await reserved.reservation.settle(used(input, Math.floor(longest * share)));
          }),
        );
        expect(budget.spent().usd).toBeLessThanOrEqual(dollars + 1e-6);
      }),
    );
  });
});

describe("a limit a day", () => {
  async function stateFolder(): Promise<AsyncDisposable & { readonly path: string }> {
    const path = await mkdtemp(join(tmpdir(), "chingu-spend-"));
    return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
  }

  test("holds over runs", async () => {
    await using folder = await stateFolder();
    const ledger = createFileLedger(join(folder.path, "spend"));
    const first = budgetOf({ costPerDay: 5 }, { ledger });
    await ok(await first.reserve({ inputTokens: 1000, maxOutputTokens: 1000 })).settle(used(1000, 1000));

    const second = budgetOf({ costPerDay: 5 }, { ledger });
    expect(await second.reserve({ inputTokens: 1000, maxOutputTokens: 1000 })).toMatchObject({
      kind: "exceeded",
      which: "max_cost",
      per: "day",
      limit: 5,
      spent: 3,
      projected: 6,
      failure: {
        message: "The limit of $5 a day leaves no room for another model call: $3 used, $6 with it.",
        hint: "Raise the limit a day in the configuration, or wait for tomorrow.",
      },
    });
    expect(ok(await second.reserve({ inputTokens: 1000 })).maxOutputTokens).toBe(500);
  });

  test("begins anew with the next day", async () => {
    await using folder = await stateFolder();
    const ledger = createFileLedger(folder.path);
    const time = { now: noon };
    const budget = budgetOf({ costPerDay: 3 }, { ledger, clock: { now: () => time.now } });
    await ok(await budget.reserve({ inputTokens: 1000, maxOutputTokens: 1000 })).settle(used(1000, 1000));
    expect(await budget.reserve({ inputTokens: 1000 })).toMatchObject({ kind: "exceeded" });
    time.now += 12 * 60 * 60 * 1000;
    expect(await budget.reserve({ inputTokens: 1000 })).toMatchObject({ kind: "ok" });
  });

  test("counts what other runs have under way, for an hour where they died", async () => {
    await using folder = await stateFolder();
    const ledger = createFileLedger(folder.path);
    await budgetOf({ costPerDay: 5 }, { ledger }).reserve({ inputTokens: 1000, maxOutputTokens: 1000 });
    const time = { now: noon + 1000 };
    const other = budgetOf({ costPerDay: 5 }, { ledger, clock: { now: () => time.now } });

    expect(await other.reserve({ inputTokens: 1000, maxOutputTokens: 1000 })).toMatchObject({ per: "day", spent: 3 });
    time.now += 60 * 60 * 1000;
    expect(await other.reserve({ inputTokens: 1000, maxOutputTokens: 1000 })).toMatchObject({ kind: "ok" });
  });

  test("is never overdrawn by runs side by side", async () => {
    await using folder = await stateFolder();
    const runs = Array.from({ length: 8 }, () =>
      budgetOf({ costPerDay: 10 }, { ledger: createFileLedger(folder.path) }),
    );
    const reserved = await Promise.all(runs.map((run) => run.reserve({ inputTokens: 1000 })));
    await Promise.all(
      reserved.map(async (one) => {
        if (one.kind === "ok") await one.reservation.settle(used(1000, one.reservation.maxOutputTokens ?? 0));
      }),
    );
    const { usd } = await createFileLedger(folder.path).total("2026-01-01", noon);
    expect(usd).toBeLessThanOrEqual(10.000001);
  });

  test("stops with a failure where the ledger cannot be kept", async () => {
    await using folder = await stateFolder();
    const blocked = join(folder.path, "spend");
    await writeFile(blocked, "a file in the way");
    const budget = budgetOf({ costPerDay: 5 }, { ledger: createFileLedger(blocked) });

    expect(await budget.reserve({ inputTokens: 1 })).toMatchObject({
      kind: "failed",
      failure: { code: "store_unavailable", message: expect.stringContaining(blocked) },
    });
    expect(budget.spent()).toMatchObject({ usd: 0, steps: 0 });
  });

  test("without one, a ledger that cannot be kept costs nothing but the record", async () => {
    await using folder = await stateFolder();
    const blocked = join(folder.path, "spend");
    await writeFile(blocked, "a file in the way");
    const budget = budgetOf({}, { ledger: createFileLedger(blocked) });
    await ok(await budget.reserve({ inputTokens: 1 })).settle(used(1, 1));
    expect(budget.spent().steps).toBe(1);
  });
});

describe("the ledger", () => {
  const entry = (id: string, usd: number | null, more: Partial<SpendEntry> = {}): SpendEntry => ({
    id,
    day: "2026-01-01",
    at: "2026-01-01T12:00:00.000Z",
    model: "test-model",
    state: "spent",
    usd,
    ...more,
  });

  test("takes the last word on each call, and counts those without a price apart", async () => {
    const path = await mkdtemp(join(tmpdir(), "chingu-spend-"));
    const ledger = createFileLedger(path);
    await ledger.append(entry("a", 2, { state: "reserved" }));
    await ledger.append(entry("a", 0.5));
    await ledger.append(entry("b", null));
    await ledger.append(entry("c", 9, { day: "2026-01-02" }));
    expect(await ledger.total("2026-01-01", noon)).toEqual({ usd: 0.5, unknown: 1 });
    expect(await ledger.total("2025-12-31", noon)).toEqual({ usd: 0, unknown: 0 });
    await rm(path, { recursive: true });
  });

  test("passes over a line that a crash has torn, and keeps its neighbours", async () => {
    const path = await mkdtemp(join(tmpdir(), "chingu-spend-"));
    const ledger = createFileLedger(path);
    await ledger.append(entry("a", 1));
    await appendFile(join(path, "2026-01-01.jsonl"), '{"id":"torn","usd":');
    await ledger.append(entry("b", 2));
    expect(await ledger.total("2026-01-01", noon)).toEqual({ usd: 3, unknown: 0 });
    await rm(path, { recursive: true });
  });

  test("loses nothing when processes write at once", async () => {
    const path = await mkdtemp(join(tmpdir(), "chingu-spend-"));
    const ledgerFile = new URL("../../../packages/core/src/budget/ledger.ts", import.meta.url).href;
    const program = `
      const { createFileLedger } = await import(${JSON.stringify(ledgerFile)});
      const ledger = createFileLedger(${JSON.stringify(path)});
      const name = process.argv[1];
      await Promise.all(Array.from({ length: 200 }, (_, i) =>
        ledger.append({ ...${JSON.stringify(entry("", 0.01))}, id: name + i })));
    `;
    const children = ["a", "b", "c"].map((name) =>
      spawn(process.execPath, ["--input-type=module", "--eval", program, name], { stdio: "inherit" }),
    );
    const codes = await Promise.all(children.map(async (child) => (await once(child, "exit"))[0]));
    expect(codes).toEqual([0, 0, 0]);
    expect((await createFileLedger(path).total("2026-01-01", noon)).usd).toBeCloseTo(6);
    await rm(path, { recursive: true });
  });

  test("counts a moment to the day on the user's wall", () => {
    expect(createCalendar("Asia/Seoul")(Date.parse("2026-01-01T20:00:00Z"))).toBe("2026-01-02");
    expect(createCalendar("UTC")(Date.parse("2026-01-01T20:00:00Z"))).toBe("2026-01-01");
  });
});
