import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { allPrices, costOf, type Prices, priceOf } from "../../../packages/core/src/budget/price.ts";
import { loadPrices } from "../../../packages/core/src/budget/price-file.ts";

const none: Prices = { own: {} };
const openai = "https://api.openai.com/v1";
const usage = { input: 1000, cacheRead: 2000, cacheWrite: 3000, output: 400, reasoning: 50, estimated: false };

describe("the price of a model", () => {
  test("is the table's, with its source and date", () => {
    expect(priceOf({ model: "gpt-5-mini", baseURL: openai, local: false }, none)).toEqual({
      input: 0.25,
      cacheRead: 0.025,
      output: 2,
      source: "github.com/Wei-Shaw/model-price-repo, after LiteLLM",
      asOf: "2026-07-24",
    });
  });

  test("holds for a dated version of the model too", () => {
    const priceAt = (model: string) => priceOf({ model, local: false }, none);
    expect(priceAt("gpt-5-mini-2025-08-07")).toEqual(priceAt("gpt-5-mini"));
    expect(priceAt("claude-opus-4-5-20251101")).toEqual(priceAt("claude-opus-4-5"));
  });

  test.each([
    ["a model nobody has priced", "gpt-99", openai],
    ["a name that only begins alike", "gpt-5-mini-turbo", openai],
    ["the same model at another house", "gpt-5-mini", "https://models.example/v1"],
    ["a name that every object has", "constructor", openai],
  ])("is unknown for %s", (_, model, baseURL) => {
    expect(priceOf({ model, baseURL, local: false }, none)).toBeUndefined();
  });

  test("is nothing for a model on this machine", () => {
    expect(priceOf({ model: "qwen3:8b", local: true }, none)).toMatchObject({ input: 0, output: 0 });
  });

  test("is the user's own before all others", () => {
    const own = { input: 1, output: 2, source: "prices.yaml" };
    const prices = { own: { "work/gpt-5": own, "qwen3:8b": own } };
    expect(priceOf({ model: "gpt-5", name: "work/gpt-5", baseURL: openai, local: false }, prices)).toEqual(own);
    expect(priceOf({ model: "qwen3:8b", local: true }, prices)).toEqual(own);
    expect(priceOf({ model: "gpt-5", baseURL: openai, local: false }, prices)).toMatchObject({ input: 1.25 });
  });

  test("is listed once a model, each with its source", () => {
    const list = allPrices({ own: { "gpt-5": { input: 9, output: 9, source: "prices.yaml" } } });
    expect(list.filter(({ model }) => model === "gpt-5")).toEqual([
      { model: "gpt-5", price: { input: 9, output: 9, source: "prices.yaml" } },
    ]);
    expect(new Set(list.map(({ model }) => model)).size).toBe(list.length);
    for (const { price } of list) {
      expect(price.source).not.toBe("");
      expect(price.output).toBeGreaterThanOrEqual(price.input);
      expect(price.cacheRead ?? 0).toBeLessThanOrEqual(price.input);
    }
  });
});

describe("rule 27: the cost of tokens", () => {
  test("pays each bucket once, at its own rate", () => {
    const price = { input: 1, cacheRead: 0.1, cacheWrite: 1.25, output: 10, reasoning: 20, source: "test" };
    expect(costOf(usage, price)).toEqual({ usd: 0.00995, known: true, estimated: false });
  });

  test("pays buckets without a rate of their own like their neighbours", () => {
    expect(costOf(usage, { input: 1, output: 10, source: "test" })).toEqual({
      usd: 0.0105,
      known: true,
      estimated: false,
    });
  });

  test("rises for the whole request above the threshold", () => {
    const price = { input: 1, output: 10, above: { tokens: 5999, input: 2, output: 15 }, source: "test" };
    expect(costOf(usage, price)).toMatchObject({ usd: 0.01875 });
    expect(costOf({ ...usage, input: 999 }, price)).toMatchObject({ usd: 0.010499 });
  });

  test("is unknown without a price, and never zero", () => {
    expect(costOf(usage, undefined)).toEqual({ usd: null, known: false, estimated: false });
  });

  test("is marked where the tokens were estimated", () => {
    expect(costOf({ ...usage, estimated: true }, { input: 1, output: 1, source: "test" })).toMatchObject({
      estimated: true,
    });
  });
});

describe("the user's own prices", () => {
  async function loaded(content: string | undefined) {
    const folder = await mkdtemp(join(tmpdir(), "chingu-prices-"));
    const file = join(folder, "prices.yaml");
    if (content !== undefined) await writeFile(file, content);
    try {
      return { file, loaded: await loadPrices(file) };
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  test("come from YAML or JSON, and name the file as their source", async () => {
    const yaml = await loaded("prices:\n  work/gpt-5: { input: 1, output: 2, cacheRead: 0.1 } # ours\n");
    const price = { input: 1, output: 2, cacheRead: 0.1, source: yaml.file };
    expect(yaml.loaded).toEqual({ kind: "loaded", prices: { own: { "work/gpt-5": price } } });
    const json = await loaded('{"prices":{"work/gpt-5":{"input":1,"output":2,"cacheRead":0.1}}}');
    expect(json.loaded).toEqual({ kind: "loaded", prices: { own: { "work/gpt-5": { ...price, source: json.file } } } });
  });

  test("are none without a file, and in an empty one", async () => {
    expect((await loaded(undefined)).loaded).toEqual({ kind: "loaded", prices: { own: {} } });
    expect((await loaded("")).loaded).toEqual({ kind: "loaded", prices: { own: {} } });
  });

  test.each([
    ["prices:\n  m: { input: cheap, output: 2 }", "prices.m.input: "],
    ["prices:\n  m: { input: -1, output: 2 }", "prices.m.input: "],
    ["prices:\n  m: { input: 1 }", "prices.m.output: "],
    ["prices:\n  m: { input: 1, output: 2, currency: eur }", 'prices.m: Unrecognized key: "currency"'],
    ["prices: {", "cannot be read: "],
  ])("that cannot be understood are a failure that names file and key: %s", async (content, words) => {
    const { file, loaded: result } = await loaded(content);
    expect(result).toMatchObject({ kind: "failed", failure: { code: "usage" } });
    const message = result.kind === "failed" ? result.failure.message : "";
    expect(message).toContain(file);
    expect(message).toContain(words);
  });
});
