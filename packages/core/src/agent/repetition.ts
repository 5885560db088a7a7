import { createHash } from "node:crypto";
import type { ToolCall, ToolOutcome } from "../protocol/index.ts";

export type Repetition = "new" | "repeated" | "endless";

/**
 * Watches the calls of one turn (rule 21). The same call with the same result for the third time is `repeated`: the
 * model is told so instead of being given the result again. For the fifth time it is `endless`, and the turn ends.
 */
export function createRepetitionGuard(): (call: ToolCall, outcome: ToolOutcome) => Repetition {
  const seen = new Map<string, number>();
  return (call, outcome) => {
    const result = outcome.kind === "value" ? outcome.content : outcome.message;
    const key = createHash("sha256")
      .update(JSON.stringify([call.name, call.arguments, outcome.kind, result]))
      .digest("base64");
    const times = (seen.get(key) ?? 0) + 1;
    seen.set(key, times);
    return times >= 5 ? "endless" : times >= 3 ? "repeated" : "new";
  };
}

export const repeatedOutcome: ToolOutcome = {
  kind: "error",
  code: "failed",
  message: "this exact call has returned exactly this result before, more than once",
  hint: "use the result you have, or try something else",
};

const shortestBlock = 20;
const longestBlock = 600;
const leastTimes = 6;
/** People do ask for a word a hundred times; a model that is caught in a loop goes on beyond that. */
const leastCharacters = 2_400;

/** Whether a text has come to say one block of 20 to 600 characters over and over, for at least 2,400 characters. */
export function repeatsItself(text: string): boolean {
  for (let length = shortestBlock; length <= longestBlock; length++) {
    const stretch = length * Math.max(leastTimes, Math.ceil(leastCharacters / length));
    if (stretch > text.length) continue;
    const tail = text.slice(-stretch);
    if (tail.trim() !== "" && tail.endsWith(tail.slice(0, -length))) return true;
  }
  return false;
}
