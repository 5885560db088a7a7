import { type Budget, type BudgetOptions, createBudget, type Limits, type Reservation } from "../budget/budget.ts";
import type { ModelFailure, ModelRequest } from "../model/chat-model.ts";
import type { Failure, TurnResult, Usage } from "../protocol/index.ts";
import { inputTokens } from "./estimate-usage.ts";

/** What a turn may spend and has spent: every model call asks here first and settles here. */
export interface Spending {
  /** Leave for one model call, or the failure the turn ends with: no room in a limit, or a ledger that cannot be used. */
  reserve(request: ModelRequest): Promise<Reservation | ModelFailure>;
  usage(): Usage;
  cost(): TurnResult["cost"];
}

/** Opens a turn's spending. `refusal` says why no turn may begin with these limits: one in money, and no price. */
export function openSpending(options: BudgetOptions): { readonly spending: Spending; readonly refusal?: Failure } {
  const opened = createBudget(options);
  if (opened.kind === "refused") return { ...openSpending({ ...options, limits: {} }), refusal: opened.failure };
  return { spending: spendingOf(opened.budget, options.limits) };
}

function spendingOf(budget: Budget, limits: Limits): Spending {
  const limited = Object.values(limits).some((limit) => limit !== undefined);
  return {
    async reserve(request) {
      const { maxOutputTokens } = request;
      const reserved = await budget.reserve({
        // Nobody reads the estimate where nothing is limited, and a long thread is long to measure.
        inputTokens: limited ? inputTokens(request) : 0,
        ...(maxOutputTokens !== undefined && { maxOutputTokens }),
      });
      return reserved.kind === "ok" ? reserved.reservation : { ...reserved.failure, retryable: false };
    },
    usage: () => budget.spent().usage,
    cost: () => {
      const { usd, known } = budget.cost();
      return { usd, known };
    },
  };
}
