/** US dollars per million tokens. */
export interface Rates {
  readonly input: number;
  readonly output: number;
  /** Absent: as other input. */
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
  /** Absent: as other output. */
  readonly reasoning?: number;
}

interface Maker {
  readonly name: string;
  /** The endpoints these prices hold at. */
  readonly hosts: readonly string[];
  readonly models: Readonly<Record<string, Rates & { readonly above?: Rates & { readonly tokens: number } }>>;
}

interface PriceTable {
  readonly source: string;
  readonly asOf: string;
  readonly makers: readonly Maker[];
}

/** A row's numbers in the order of price lists: input, cached input, output. */
const rates = (input: number, cacheRead: number, output: number, more: Partial<Rates> = {}): Rates => ({
  input,
  cacheRead,
  output,
  ...more,
});

/** OpenAI's larger windows: beyond 272,000 tokens of input the whole request costs more. */
const long = (below: Rates): Rates & { above: Rates & { tokens: number } } => ({
  ...below,
  above: {
    tokens: 272_000,
    input: below.input * 2,
    output: below.output * 1.5,
    ...(below.cacheRead !== undefined && { cacheRead: below.cacheRead * 2 }),
    ...(below.cacheWrite !== undefined && { cacheWrite: below.cacheWrite * 2 }),
  },
});

/**
 * List prices of the models most in use, in US dollars per million tokens, standard tier, without regional surcharges.
 *
 * Source: the file `model_prices_and_context_window.json` of the public repository Wei-Shaw/model-price-repo, which
 * follows LiteLLM's, at commit 07913ecbaab8e6a76eedc15ddf744a4e63cf322a. It carries no date; its youngest dated entry
 * (claude-opus-5) is of 2026-07-24, which is what `asOf` says. Left out: what had only a promotional price then
 * (claude-sonnet-5), and makers whose prices it does not give.
 */
export const priceTable: PriceTable = {
  source: "github.com/Wei-Shaw/model-price-repo, after LiteLLM",
  asOf: "2026-07-24",
  makers: [
    {
      name: "OpenAI",
      hosts: ["api.openai.com"],
      models: {
        "gpt-4o": rates(2.5, 1.25, 10),
        "gpt-4o-mini": rates(0.15, 0.075, 0.6),
        "gpt-4.1": rates(2, 0.5, 8),
        "gpt-4.1-mini": rates(0.4, 0.1, 1.6),
        "gpt-4.1-nano": rates(0.1, 0.025, 0.4),
        o3: rates(2, 0.5, 8),
        "o3-mini": rates(1.1, 0.55, 4.4),
        "o3-pro": { input: 20, output: 80 },
        "o4-mini": rates(1.1, 0.275, 4.4),
        "gpt-5": rates(1.25, 0.125, 10),
        "gpt-5-mini": rates(0.25, 0.025, 2),
        "gpt-5-nano": rates(0.05, 0.005, 0.4),
        "gpt-5-pro": { input: 15, output: 120 },
        "gpt-5.1": rates(1.25, 0.125, 10),
        "gpt-5.2": rates(1.75, 0.175, 14),
        "gpt-5.2-pro": { input: 21, output: 168 },
        "gpt-5.3-codex": rates(1.75, 0.175, 14),
        "gpt-5.4": long(rates(2.5, 0.25, 15)),
        "gpt-5.4-mini": rates(0.75, 0.075, 4.5),
        "gpt-5.4-nano": rates(0.2, 0.02, 1.25),
        "gpt-5.4-pro": long(rates(30, 3, 180)),
        "gpt-5.5": long(rates(5, 0.5, 30)),
        "gpt-5.5-pro": long(rates(30, 3, 180)),
        "gpt-5.6": long(rates(5, 0.5, 30, { cacheWrite: 6.25 })),
        "gpt-5.6-sol": long(rates(5, 0.5, 30, { cacheWrite: 6.25 })),
        "gpt-5.6-terra": long(rates(2, 0.2, 12, { cacheWrite: 2.5 })),
        "gpt-5.6-luna": long(rates(0.2, 0.02, 1.2, { cacheWrite: 0.25 })),
      },
    },
    {
      name: "Anthropic",
      hosts: ["api.anthropic.com"],
      models: {
        "claude-haiku-4-5": rates(1, 0.1, 5, { cacheWrite: 1.25 }),
        "claude-sonnet-4-5": {
          ...rates(3, 0.3, 15, { cacheWrite: 3.75 }),
          above: { tokens: 200_000, ...rates(6, 0.6, 22.5, { cacheWrite: 7.5 }) },
        },
        "claude-sonnet-4-6": rates(3, 0.3, 15, { cacheWrite: 3.75 }),
        "claude-opus-4-1": rates(15, 1.5, 75, { cacheWrite: 18.75 }),
        "claude-opus-4-5": rates(5, 0.5, 25, { cacheWrite: 6.25 }),
        "claude-opus-4-6": rates(5, 0.5, 25, { cacheWrite: 6.25 }),
        "claude-opus-4-7": rates(5, 0.5, 25, { cacheWrite: 6.25 }),
        "claude-opus-4-8": rates(5, 0.5, 25, { cacheWrite: 6.25 }),
        "claude-opus-5": rates(5, 0.5, 25, { cacheWrite: 6.25 }),
        "claude-fable-5": rates(10, 1, 50, { cacheWrite: 12.5 }),
      },
    },
    {
      name: "Google",
      hosts: ["generativelanguage.googleapis.com"],
      models: {
        "gemini-2.5-pro": {
          ...rates(1.25, 0.125, 10),
          above: { tokens: 200_000, ...rates(2.5, 0.25, 15) },
        },
        "gemini-2.5-flash": rates(0.3, 0.03, 2.5),
        "gemini-2.5-flash-lite": rates(0.1, 0.01, 0.4),
        "gemini-3-flash-preview": rates(0.5, 0.05, 3),
        "gemini-3.1-pro-preview": {
          ...rates(2, 0.2, 12),
          above: { tokens: 200_000, ...rates(4, 0.4, 18) },
        },
        "gemini-3.1-flash-lite-preview": rates(0.25, 0.025, 1.5),
        "gemini-3.5-flash": rates(1.5, 0.15, 9),
        "gemini-3.5-flash-lite": rates(0.3, 0.03, 2.5),
      },
    },
    {
      name: "DeepSeek",
      hosts: ["api.deepseek.com"],
      models: {
        "deepseek-v4-flash": rates(0.22, 0.007, 0.66),
        "deepseek-v4-pro": rates(0.66, 0.022, 1.98),
        "deepseek-chat": rates(0.22, 0.007, 0.66),
        "deepseek-reasoner": rates(0.22, 0.007, 0.66),
      },
    },
  ],
};
