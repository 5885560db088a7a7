import type { Usage } from "../protocol/index.ts";
import { priceTable, type Rates } from "./price-table.ts";

export interface Price extends Rates {
  /** What holds for the whole request when its input is larger than `tokens`. */
  readonly above?: Rates & { readonly tokens: number };
  /** Who says so: a repository or page, or the user's own file. */
  readonly source: string;
  /** The day the source speaks of: `2026-07-24`; absent in the user's own file. */
  readonly asOf?: string;
}

/** Prices by the model's name, the user's own before the table's. */
export interface Prices {
  /** By `MODEL` or `PROVIDER/MODEL`. */
  readonly own: Readonly<Record<string, Price>>;
}

export interface PricedModel {
  /** As the endpoint knows it. */
  readonly model: string;
  /** As the user names it, where that differs: `work/gpt-5`. */
  readonly name?: string;
  /** Where it answers; another house may ask another price for the same model. Absent: anywhere. */
  readonly baseURL?: string;
  /** Runs on this machine. */
  readonly local: boolean;
}

const free: Price = { input: 0, output: 0, source: "runs on this machine" };

/**
 * What a model costs, or undefined where nobody has said: never zero by ignorance. The user's own price counts first,
 * then that local models are free, then the table, for the endpoints it speaks of.
 */
export function priceOf({ model, name, baseURL, local }: PricedModel, { own }: Prices): Price | undefined {
  for (const id of [name, model]) if (id !== undefined && Object.hasOwn(own, id)) return own[id];
  if (local) return free;
  const host = baseURL === undefined ? undefined : hostOf(baseURL);
  const makers = priceTable.makers.filter((maker) => host === undefined || maker.hosts.includes(host));
  for (const id of [model, undated(model)]) {
    for (const { models } of makers) {
      if (Object.hasOwn(models, id)) return { ...(models[id] as Rates), ...provenance };
    }
  }
  return undefined;
}

/** Every price there is, by name: the user's own, then the table's. */
export function allPrices({ own }: Prices): readonly { readonly model: string; readonly price: Price }[] {
  const table = priceTable.makers.flatMap(({ models }) =>
    Object.entries(models).map(([model, rates]) => ({ model, price: { ...rates, ...provenance } })),
  );
  return [
    ...Object.entries(own).map(([model, price]) => ({ model, price })),
    ...table.filter(({ model }) => !Object.hasOwn(own, model)),
  ];
}

export interface Cost {
  /** Null where no price is known. */
  readonly usd: number | null;
  readonly known: boolean;
  /** Whether the tokens were estimated: shown with `~`. */
  readonly estimated: boolean;
}

/** What tokens cost. Without a price the cost is unknown, and said to be. */
export function costOf(usage: Usage, price: Price | undefined): Cost {
  if (!price) return { usd: null, known: false, estimated: usage.estimated };
  const rates = ratesFor(price, usage.input + usage.cacheRead + usage.cacheWrite);
  const usd =
    usage.input * rates.input +
    usage.cacheRead * (rates.cacheRead ?? rates.input) +
    usage.cacheWrite * (rates.cacheWrite ?? rates.input) +
    usage.output * rates.output +
    usage.reasoning * (rates.reasoning ?? rates.output);
  return { usd: dollars(usd), known: true, estimated: usage.estimated };
}

/** The rates for a request with so much input. */
export function ratesFor(price: Price, inputTokens: number): Rates {
  return price.above && inputTokens > price.above.tokens ? price.above : price;
}

/** From millionths, without the dust of floating point. */
export const dollars = (perMillion: number): number => Number((perMillion / 1_000_000).toFixed(12));

const provenance = { source: priceTable.source, asOf: priceTable.asOf };

/** `gpt-5-mini-2025-08-07` is `gpt-5-mini`, `claude-opus-4-5-20251101` is `claude-opus-4-5`. */
const undated = (model: string): string => model.replace(/-(\d{4}-\d\d-\d\d|\d{8})$/, "");

const hostOf = (baseURL: string): string => (URL.canParse(baseURL) ? new URL(baseURL).hostname.toLowerCase() : "");
