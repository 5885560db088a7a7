import type { Usage } from "../protocol/index.ts";
import { createMeasure, type Measure } from "./estimate-usage.ts";

/** What a request may take, in tokens as we estimate them. */
export interface Room {
  /** More than this, and the context is compacted. */
  readonly limit: number;
  /** What stays word for word when it is. */
  readonly keep: number;
  /** How many real tokens one of ours stands for. */
  readonly ratio: number;
}

/** How many tokens a model takes: what its endpoint says, or what an overflow has taught. */
export interface ContextWindow {
  /** Undefined: nobody knows. */
  room(): Room | undefined;
  /** A request of this estimated size was too much. */
  learn(tooMuch: number): void;
  /** What an endpoint counted for a request of this estimated size corrects the estimates from then on. */
  observe(estimated: number, usage: Usage, model: string): void;
  readonly measure: Measure;
}

/** What is taken for a measurement: less text than this says little, and a ratio beyond these is no count of it. */
const measurable = { tokens: 400, ratio: { from: 0.5, to: 3 } };
/** A correction smaller than this would only move the place of the next cut about. */
const worthIt = 0.1;

/** `declared` is asked each time: an endpoint may tell its window only with its first answer. */
export function createContextWindow(declared: () => number | undefined): ContextWindow {
  const ratios = new Map<string, number>();
  let ratio = 1;
  let learned = Number.POSITIVE_INFINITY;
  return {
    measure: createMeasure(),
    room() {
      const tokens = Math.min((declared() ?? Number.POSITIVE_INFINITY) / ratio, learned);
      if (!Number.isFinite(tokens)) return undefined;
      const whole = tokens * ratio;
      return { limit: (whole - reserve(whole)) / ratio, keep: Math.max(20_000, whole * 0.3) / ratio, ratio };
    },
    learn(tooMuch) {
      learned = Math.min(learned, Math.floor(tooMuch * 0.8));
    },
    observe(estimated, { input, cacheRead, cacheWrite, estimated: guessed }, model) {
      const seen = (input + cacheRead + cacheWrite) / estimated;
      const { from, to } = measurable.ratio;
      if (guessed || estimated < measurable.tokens || seen < from || seen > to) return;
      const known = ratios.get(model) ?? 1;
      if (Math.abs(seen - known) > known * worthIt) ratios.set(model, seen);
      ratio = ratios.get(model) ?? 1;
    },
  };
}

/** What is kept free for the answer: 15 % and at least 16,000 tokens, but never more than 30 %. */
function reserve(window: number): number {
  return Math.min(Math.max(16_000, window * 0.15), window * 0.3);
}
