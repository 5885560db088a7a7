import { expect, test } from "vitest";
import { faults, prove } from "../../proof/faults/prove.ts";
import { openStage } from "../../proof/faults/stage.ts";
import { message } from "../core/memory/messages.ts";

test("what a store acknowledged is there once, whatever happened to it", { timeout: 300_000 }, async () => {
  const trials = await prove({ divisor: 50, timed: false, only: ({ long }) => !long });
  expect(trials.filter((trial) => trial.faults.length > 0)).toEqual([]);
  expect(trials.length).toBe(faults.filter(({ long }) => !long).length);
  for (const trial of trials) {
    if (!trial.skipped) expect(trial).toMatchObject({ kept: trial.acked - trial.taken, duplicated: 0 });
  }
});

test("the proof sees a message that is gone, one that is there twice, and a number that is missing", async () => {
  await using stage = await openStage({ divisor: 1, timed: false });
  const store = await stage.open("memory:");
  await stage.ledger.sayAll(store, 2);
  stage.ledger.promised(["gone"]);
  await stage.ledger.audit(store);
  expect(stage.faults).toEqual([]);
  expect(stage.ledger.counts).toEqual({ acked: 3, kept: 2, duplicated: 0, taken: 0 });
  await store.append({ namespace: "default", id: "t" }, [message("m0", "again")]);
  await stage.ledger.audit({ ...store, read: async (...args) => (await store.read(...args)).slice(1) });
  expect(stage.ledger.counts.duplicated).toBe(2);
  expect(stage.faults).toEqual(["the readable rows are not 1 to 3 but for none"]);
});
