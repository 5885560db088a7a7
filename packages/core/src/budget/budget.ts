import { addUsage, type Clock, type Failure, type MakeId, noUsage, type Usage } from "../protocol/index.ts";
import { createCalendar, type SpendEntry, type SpendLedger } from "./ledger.ts";
import { type Cost, costOf, dollars, type Price, ratesFor } from "./price.ts";

export interface Limits {
  /** US dollars for this run. */
  readonly cost?: number;
  /** US dollars a day, over all runs that share the ledger. */
  readonly costPerDay?: number;
  /** Tokens in and out, whatever their bucket. */
  readonly tokens?: number;
  /** Model calls that are steps; summaries are not. */
  readonly steps?: number;
  readonly timeMs?: number;
}

/** What a run has used up so far: a stopped one goes on from here once a limit is raised. */
export interface Spent {
  readonly usage: Usage;
  readonly usd: number;
  readonly steps: number;
  readonly timeMs: number;
}

export interface BudgetOptions {
  readonly limits: Limits;
  /** As it is shown. */
  readonly model: string;
  /** Undefined is unknown. */
  readonly price: Price | undefined;
  readonly spent?: Spent;
  readonly clock: Clock;
  readonly makeId: MakeId;
  /** Needed for a limit a day; without such a limit it is only written to. */
  readonly ledger?: SpendLedger;
  /** Where the day begins; absent: this machine's. */
  readonly timeZone?: string;
}

/** A model call as it is foreseen. */
export interface Projection {
  /** All that is sent: estimated, when nothing better is known. */
  readonly inputTokens: number;
  /** What the request asks for; absent: what the budget leaves. */
  readonly maxOutputTokens?: number;
  /** False for a call that is no step of the turn: a summary. */
  readonly step?: boolean;
}

export type LimitName = "max_cost" | "max_tokens" | "max_steps" | "max_time";

export interface Reservation {
  /** To be sent with the request, so that the projection cannot be outrun; absent: nothing limits the answer. */
  readonly maxOutputTokens?: number;
  /** Books what the call really used, and frees the rest; undefined: it used nothing. Counts once; never rejects. */
  settle(usage: Usage | undefined): Promise<void>;
}

export type Reserved =
  | { readonly kind: "ok"; readonly reservation: Reservation }
  | {
      readonly kind: "exceeded";
      /** Also the turn's status. */
      readonly which: LimitName;
      readonly per: "run" | "day";
      readonly limit: number;
      /** Reservations of calls under way included. */
      readonly spent: number;
      /** What it would have come to. */
      readonly projected: number;
      readonly failure: Failure;
    }
  /** The ledger cannot be used, and a limit a day needs it. */
  | { readonly kind: "failed"; readonly failure: Failure };

export interface Budget {
  /**
   * To be asked before each model call, summaries and sub-runs included, which share the budget. What is reserved
   * counts until it is settled, so calls side by side cannot overdraw it together.
   */
  reserve(projection: Projection): Promise<Reserved>;
  /** What was settled so far. */
  spent(): Spent;
  cost(): Cost;
}

export type OpenedBudget =
  | { readonly kind: "open"; readonly budget: Budget }
  | { readonly kind: "refused"; readonly failure: Failure };

/** An answer shorter than this is none: where the budget leaves less, the call is not made. */
const smallestAnswer = 256;
/** What is held for an answer of no stated length: more would shut out the calls beside it for nothing. */
const longestAnswer = 32_000;

/** Opens a budget. One in money needs a price: it is refused where none is known, never counted as zero. */
export function createBudget(options: BudgetOptions): OpenedBudget {
  const { limits, model, price, ledger } = options;
  const inMoney = limits.cost !== undefined || limits.costPerDay !== undefined;
  if (inMoney && !price) {
    return {
      kind: "refused",
      failure: {
        code: "usage",
        message: `No price is known for ${model}, so its cost cannot be limited.`,
        hint: "Write its price into prices.yaml (`chingu prices` shows where), or limit tokens, steps or time.",
      },
    };
  }
  if (limits.costPerDay !== undefined && !ledger) throw new Error("A limit a day needs a ledger.");
  return { kind: "open", budget: open(options) };
}

function open({ limits, model, price, spent, clock, makeId, ledger, timeZone }: BudgetOptions): Budget {
  const dayOf = createCalendar(timeZone);
  const startedAt = clock.now() - (spent?.timeMs ?? 0);
  let usage = spent?.usage ?? noUsage;
  let usd = spent?.usd ?? 0;
  let steps = spent?.steps ?? 0;
  const held = { usd: 0, tokens: 0 };

  const elapsed = () => clock.now() - startedAt;

  async function reserve(projection: Projection): Promise<Reserved> {
    const { inputTokens, step = true } = projection;
    const at = clock.now();
    if (limits.timeMs !== undefined && elapsed() >= limits.timeMs) {
      return exceeded("max_time", "run", { limit: limits.timeMs, spent: elapsed(), projected: elapsed() });
    }
    if (step && limits.steps !== undefined && steps + 1 > limits.steps) {
      return exceeded("max_steps", "run", { limit: limits.steps, spent: steps, projected: steps + 1 });
    }
    const output = projection.maxOutputTokens ?? smallestAnswer;
    const tokens = total(usage) + held.tokens;
    if (limits.tokens !== undefined && tokens + inputTokens + output > limits.tokens) {
      const projected = tokens + inputTokens + output;
      return exceeded("max_tokens", "run", { limit: limits.tokens, spent: tokens, projected });
    }
    const projected = projectedCost(price, inputTokens, output);
    const money = dust(usd + held.usd);
    if (limits.cost !== undefined && dust(money + projected) > limits.cost) {
      return exceeded("max_cost", "run", { limit: limits.cost, spent: money, projected: dust(money + projected) });
    }

    // Held before the ledger is asked: another call of this run may come meanwhile.
    const reserved = { usd: projected, tokens: inputTokens + output };
    hold(reserved);
    if (step) steps += 1;
    const entry = { id: makeId(), day: ledger ? dayOf(at) : "", model };
    const giveBack = () => {
      hold({ usd: -reserved.usd, tokens: -reserved.tokens });
      if (step) steps -= 1;
    };
    let cap = projection.maxOutputTokens;
    try {
      const today = await book(entry, at, projected);
      if (today < 0) {
        giveBack();
        await ledger?.append({ ...entry, at: iso(at), state: "spent", usd: 0 });
        const limit = limits.costPerDay ?? 0;
        return exceeded("max_cost", "day", { limit, spent: limit - today - projected, projected: limit - today });
      }
      cap ??= await lengthen(reserved, { entry, at, inputTokens, today });
    } catch (error) {
      giveBack();
      return { kind: "failed", failure: ledgerFailure(error as Error) };
    }

    let settled = false;
    return {
      kind: "ok",
      reservation: {
        ...(cap !== undefined && { maxOutputTokens: cap }),
        async settle(used) {
          if (settled) return;
          settled = true;
          hold({ usd: -reserved.usd, tokens: -reserved.tokens });
          const cost = used ? costOf(used, price).usd : 0;
          if (used) usage = addUsage(usage, used);
          usd += cost ?? 0;
          // A ledger that cannot be written to any more stops the next call, not the answer of this one.
          await ledger?.append({ ...entry, at: iso(clock.now()), state: "spent", usd: cost }).catch(() => {});
        },
      },
    };
  }

  /** Reserves a sum for the day, and says what is left of it then. Written before it is read: none overlooks the other. */
  async function book(entry: Entry, at: number, sum: number): Promise<number> {
    if (limits.costPerDay === undefined || !ledger) return Number.POSITIVE_INFINITY;
    await ledger.append({ ...entry, at: iso(at), state: "reserved", usd: sum });
    return dust(limits.costPerDay - (await ledger.total(entry.day, at)).usd);
  }

  /** Lengthens a reserved answer as far as the limits allow, and says how far; undefined where nothing limits it. */
  async function lengthen(
    reserved: { usd: number; tokens: number },
    { entry, at, inputTokens, today }: { entry: Entry; at: number; inputTokens: number; today: number },
  ): Promise<number | undefined> {
    const rooms: number[] = [];
    if (limits.tokens !== undefined) rooms.push(limits.tokens - total(usage) - held.tokens);
    const perToken = projectedCost(price, inputTokens, 1) - projectedCost(price, inputTokens, 0);
    if (perToken > 0) {
      if (limits.cost !== undefined) rooms.push((limits.cost - usd - held.usd) / perToken);
      if (Number.isFinite(today)) rooms.push(today / perToken);
    }
    if (rooms.length === 0) return undefined;
    const more = Math.max(0, Math.floor(Math.min(...rooms, longestAnswer - smallestAnswer) + 1e-6));
    const longer = { usd: more * perToken, tokens: more };
    hold(longer);
    if ((await book(entry, at, reserved.usd + longer.usd)) < 0) {
      // Another process has lengthened its own meanwhile.
      hold({ usd: -longer.usd, tokens: -longer.tokens });
      await book(entry, at, reserved.usd);
      return reserved.tokens - inputTokens;
    }
    reserved.usd += longer.usd;
    reserved.tokens += longer.tokens;
    return reserved.tokens - inputTokens;
  }

  function hold(more: { readonly usd: number; readonly tokens: number }): void {
    held.usd += more.usd;
    held.tokens += more.tokens;
  }

  return {
    reserve,
    spent: () => ({ usage, usd, steps, timeMs: elapsed() }),
    cost: () =>
      price
        ? { usd, known: true, estimated: usage.estimated }
        : { usd: total(usage) === 0 ? 0 : null, known: total(usage) === 0, estimated: usage.estimated },
  };
}

/** The most a call can cost: all input at its dearest, an answer of full length. Unknown prices are no one's limit here. */
function projectedCost(price: Price | undefined, inputTokens: number, outputTokens: number): number {
  if (!price) return 0;
  const rates = ratesFor(price, inputTokens);
  const input = Math.max(rates.input, rates.cacheWrite ?? 0);
  const output = Math.max(rates.output, rates.reasoning ?? 0);
  return dollars(inputTokens * input + outputTokens * output);
}

function total({ input, cacheRead, cacheWrite, output, reasoning }: Usage): number {
  return input + cacheRead + cacheWrite + output + reasoning;
}

const words: Readonly<Record<LimitName, { readonly flag: string; readonly unit: (value: number) => string }>> = {
  max_cost: { flag: "--max-cost", unit: (usd) => `$${Number(usd.toPrecision(3))}` },
  max_tokens: { flag: "--max-tokens", unit: (tokens) => `${tokens} tokens` },
  max_steps: { flag: "--max-steps", unit: (steps) => `${steps} steps` },
  max_time: { flag: "--max-time", unit: (ms) => `${Math.round(ms / 1000)} s` },
};

function exceeded(
  which: LimitName,
  per: "run" | "day",
  sums: { readonly limit: number; readonly spent: number; readonly projected: number },
): Reserved {
  const { flag, unit } = words[which];
  const limit = per === "day" ? `${unit(sums.limit)} a day` : unit(sums.limit);
  const failure: Failure = {
    code: which,
    message: `The limit of ${limit} leaves no room for another model call: ${unit(sums.spent)} used, ${unit(sums.projected)} with it.`,
    hint:
      per === "day" ? "Raise the limit a day in the configuration, or wait for tomorrow." : `Raise ${flag} and go on.`,
  };
  return { kind: "exceeded", which, per, ...sums, failure };
}

function ledgerFailure({ message }: Error): Failure {
  return {
    code: "store_unavailable",
    message: `What was spent today cannot be read or written: ${message}.`,
    hint: "Make the state folder writable, or take the limit a day out of the configuration.",
  };
}

type Entry = Pick<SpendEntry, "id" | "day" | "model">;

/** A sum without the dust of floating point. */
const dust = (sum: number): number => Number(sum.toFixed(10));

const iso = (at: number): string => new Date(at).toISOString();
