import { join } from "node:path";
import {
  type AgentOptions,
  type ChatModel,
  type Config,
  createFileLedger,
  type Folders,
  loadPrices,
  type Price,
  type Prices,
  priceOf,
  type Resolution,
} from "@chingu/core";
import { CommandFailure } from "./output/report-failure.ts";

interface BudgetSettings {
  readonly flags: {
    readonly model?: string;
    readonly maxCost?: number;
    readonly maxTokens?: number;
  };
  readonly config: Config;
  readonly folders: Folders;
}

/**
 * What a turn may spend, from flags and configuration, what the model costs, and the ledger of the day. Throws a
 * `CommandFailure` when the user's prices cannot be read. That a limit in money has no price is for the turn to say.
 */
export async function openBudget(
  { flags, config, folders }: BudgetSettings,
  candidates: readonly { readonly resolution: Resolution; readonly model: ChatModel }[],
): Promise<Pick<AgentOptions, "budget" | "price" | "ledger">> {
  const { maxCost, maxTokens, perDay } = { ...config.budget, ...defined(flags) };
  const loaded = await loadPrices(join(folders.config, "prices.yaml"));
  if (loaded.kind === "failed") throw new CommandFailure(loaded.failure);
  const prices = candidates.map((candidate) => priceFor(candidate, loaded.prices));
  // Any of them may answer: a limit must hold for the dearest, and is unknown when one is.
  const price = prices.some((one) => one === undefined) ? undefined : prices.toSorted(byDearness)[0];
  return {
    budget: {
      ...(maxCost !== undefined && { cost: maxCost }),
      ...(maxTokens !== undefined && { tokens: maxTokens }),
      ...(perDay?.maxCost !== undefined && { costPerDay: perDay.maxCost }),
    },
    price: price ?? null,
    ledger: createFileLedger(join(folders.state, "spend")),
  };

  function priceFor({ resolution, model }: (typeof candidates)[number], loaded: Prices): Price | undefined {
    const name = candidates.length === 1 ? (flags.model ?? config.model) : undefined;
    return priceOf(
      {
        model: model.id,
        local: model.capabilities.local,
        ...(name !== undefined && { name }),
        ...(resolution.kind === "resolved" &&
          resolution.choice.kind === "endpoint" && { baseURL: resolution.choice.baseURL }),
      },
      loaded,
    );
  }
}

function byDearness(a: Price | undefined, b: Price | undefined): number {
  const sum = (price: Price | undefined) => (price ? price.input + price.output : 0);
  return sum(b) - sum(a);
}

function defined({ maxCost, maxTokens }: BudgetSettings["flags"]) {
  return { ...(maxCost !== undefined && { maxCost }), ...(maxTokens !== undefined && { maxTokens }) };
}
