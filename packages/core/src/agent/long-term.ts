import type { Decide } from "../approval/rules.ts";
import { findFactId } from "../memory/facts/fact-view.ts";
import { createFacts } from "../memory/facts/facts.ts";
import { factsBlock } from "../memory/facts/facts-block.ts";
import { factTools, memoryForgetName } from "../memory/facts/tools.ts";
import type { ThreadStore } from "../memory/thread-store.ts";
import type { Clock, ToolDefinition } from "../protocol/index.ts";

/** What an agent with long-term facts is given beside its own tools and rules. */
export interface LongTerm {
  readonly tools: readonly ToolDefinition[];
  /** The rules, with the text of a fact shown to whoever is asked whether it may be forgotten. */
  readonly decide: (rules: Decide) => Decide;
  /** What holds in a thread, as quoted text for the model. */
  readonly preface: (thread: string) => Promise<string | undefined>;
}

export function openLongTerm(deps: {
  readonly store: ThreadStore;
  readonly namespace: string;
  readonly clock: Clock;
  readonly project: string | undefined;
}): LongTerm {
  const { store, namespace, clock, project } = deps;
  const facts = createFacts({ store: store.facts(namespace), clock });
  return {
    tools: factTools({ facts, store, namespace, now: clock.now, project }),
    decide: (rules) => async (call, tool, context) => {
      const decision = await rules(call, tool, context);
      if (decision.kind !== "ask" || !tool.trusted || tool.name !== memoryForgetName) return decision;
      const all = await facts.all();
      const found = findFactId(
        all.map(({ id }) => id),
        String(context.input["id"]),
      );
      const fact = found.kind === "found" ? all.find(({ id }) => id === found.id) : undefined;
      if (!fact) return { kind: "allow", reason: "it names no fact, and so erases none" };
      return { ...decision, shows: JSON.stringify(fact.text) };
    },
    preface: async (thread) => factsBlock(await facts.all(), { project, thread, now: clock.now() }),
  };
}
