import { describe, expect, test } from "vitest";
import { faultsOfEffects, faultsOfLog, faultsOfRequest } from "../../proof/unbrickable/judge.ts";
import { prove } from "../../proof/unbrickable/prove.ts";

test("a thread goes on after the process is killed at any point of a turn", { timeout: 300_000 }, async () => {
  const only = ["plain", "one tool", "three parallel tools", "approval", "compaction"];
  const trials = await prove({ every: 16, atOnce: 2, only });
  expect(trials.filter(({ faults }) => faults.length > 0)).toEqual([]);
  expect(trials.length).toBeGreaterThan(24);
  expect(new Set(trials.map(({ store }) => store))).toEqual(new Set(["sqlite", "redis"]));
});

describe("The judge of the proof sees", () => {
  const call = (id: string, key = "a") => ({ id, function: { name: "note", arguments: `{"key":"${key}"}` } });
  const system = { role: "system", content: "Be brief." };
  const user = { role: "user", content: "Please do it." };

  test("a call without its result", () => {
    const messages = [system, user, { role: "assistant", tool_calls: [call("1")] }, user];
    expect(faultsOfRequest(messages)).toEqual(["message 3 (user) comes before the results of 1"]);
  });

  test("a result without its call", () => {
    const messages = [system, user, { role: "tool", tool_call_id: "1", content: "x" }];
    expect(faultsOfRequest(messages)).toEqual(["message 2 (tool) answers 1, expected was undefined"]);
  });

  test("a message that was promised and is gone", () => {
    expect(faultsOfLog([], ["m1"])).toEqual(["promised were m1, kept are "]);
  });

  test("an effect the model is not told of, and one that is said not to have happened", () => {
    const told = [
      system,
      user,
      { role: "assistant", tool_calls: [call("1")] },
      { role: "tool", tool_call_id: "1", content: "it was not run" },
    ];
    expect(faultsOfEffects([system, user], ["a"])).toHaveLength(1);
    expect(faultsOfEffects(told, ["a"])).toHaveLength(1);
    expect(faultsOfEffects(told, [])).toEqual([]);
  });

  test("an effect that happened twice", () => {
    const told = [
      { role: "assistant", tool_calls: [call("1")] },
      { role: "tool", tool_call_id: "1", content: "wrote a" },
    ];
    expect(faultsOfEffects(told, ["a", "a"])).toEqual(["an effect was repeated: a, a"]);
  });
});
