import { createHash } from "node:crypto";
import { readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { LlamaContextSequence, LlamaGrammar, LlamaModel, Token } from "node-llama-cpp";
import { type Prompt, tokenize } from "./prompt.ts";

/** One sequence of the context with a fixed prefix, whose evaluated state is kept on disk beside the model. */
export interface Lane {
  /** Tokens a prompt behind the prefix may have, if `output` more are to be written. */
  room(output: number): number;
  count(prompt: Prompt): number;
  /**
   * The model's continuation of prefix and prompt, piece by piece, greedily unless a temperature is given. Returns why it
   * ended. Rejects when the signal aborts; the sequence stays usable.
   */
  write(prompt: Prompt, options: WriteOptions, signal: AbortSignal): AsyncGenerator<string, "stop" | "length", void>;
  /** How likely each candidate is as the continuation, among the candidates alone; the values add up to 1. */
  choose(prompt: Prompt, candidates: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, number>>;
}

export interface WriteOptions {
  readonly maxTokens: number;
  /** Ends the continuation; is not part of it. */
  readonly stop?: string;
  readonly grammar?: LlamaGrammar;
  /** Above 0 each continuation is another one; the same ones come again in the next process. */
  readonly temperature?: number;
}

export interface LaneOptions {
  readonly name: string;
  readonly prefix: Prompt;
  readonly model: LlamaModel;
  readonly sequence: LlamaContextSequence;
  /** Where the weights lie: the state is saved as a file of the same beginning, so that it goes when they go. */
  readonly modelPath: string;
  /** Everything that makes a saved state unusable when it changes: sum of the weights, version of the library. */
  readonly stateKey: string;
  readonly createGrammarState: (grammar: LlamaGrammar) => import("node-llama-cpp").LlamaGrammarEvaluationState;
  /** The prefix is read for the first time on this machine: from 0 to 1. */
  readonly onPrepare: (progress: number) => void;
  readonly adapt: () => void;
}

/** Small enough that an abort is noticed soon, large enough that reading is not slowed down. */
const batch = 128;

/** Brings the sequence to the end of its prefix: from the saved state where there is one, else by reading it. */
export async function openLane(options: LaneOptions, signal: AbortSignal): Promise<Lane> {
  const { model, sequence, prefix } = options;
  const fixed = tokenize(model, prefix);
  await restore(fixed, options, signal);
  let sampled = 0;

  async function read(tokens: readonly Token[], stop: AbortSignal): Promise<Token[]> {
    stop.throwIfAborted();
    // At least one token is left to evaluate: only an evaluated token has a continuation.
    await sequence.adaptStateToTokens(tokens.slice(0, -1), false);
    let rest = tokens.slice(sequence.nextTokenIndex);
    while (rest.length > batch) {
      options.adapt();
      await sequence.evaluateWithoutGeneratingNewTokens(rest.slice(0, batch));
      rest = rest.slice(batch);
      stop.throwIfAborted();
    }
    options.adapt();
    return rest;
  }

  return {
    room: (output) => sequence.contextSize - fixed.length - output - 16,
    count: (prompt) => tokenize(model, prompt).length,

    async *write(prompt, { maxTokens, stop, grammar, temperature = 0 }, stopSignal) {
      const rest = await read([...fixed, ...tokenize(model, prompt)], stopSignal);
      const text = textOf(model);
      const cut = cutAt(stop);
      let count = 0;
      const grammarState = grammar && { grammarEvaluationState: options.createGrammarState(grammar) };
      const sampling = temperature > 0 ? { temperature, seed: ++sampled } : { temperature: 0 };
      for await (const token of sequence.evaluate(rest, { ...sampling, ...grammarState })) {
        stopSignal.throwIfAborted();
        options.adapt();
        const { ready, stopped } = cut(text(token));
        if (ready) yield ready;
        if (stopped) return "stop";
        if (++count >= maxTokens) return "length";
      }
      const { ready } = cut("", { last: true });
      if (ready) yield ready;
      return "stop";
    },

    async choose(prompt, candidates, stopSignal) {
      const tokens = [...fixed, ...tokenize(model, prompt)];
      const spelled = candidates.map((name) => ({ name, tokens: model.tokenize(name, false) }));
      const odds = new Map(candidates.map((name) => [name, 1]));
      // Names are read token by token: where several begin alike, each fork shares out the odds of what led to it.
      const forks: { names: typeof spelled; depth: number }[] = [{ names: spelled, depth: 0 }];
      for (let fork = forks.pop(); fork; fork = forks.pop()) {
        const { depth } = fork;
        const branches = Map.groupBy(fork.names, ({ tokens: own }) => own[depth]);
        if (branches.size > 1) {
          const said = [...tokens, ...(fork.names[0]?.tokens.slice(0, depth) ?? [])];
          const rest = await read(said, stopSignal);
          const weights = await nextWeights(sequence, rest, [...branches.keys()].filter(isToken));
          for (const [token, names] of branches) {
            for (const { name } of names)
              odds.set(name, (odds.get(name) ?? 0) * (isToken(token) ? (weights.get(token) ?? 0) : 0));
          }
        }
        for (const [token, names] of branches)
          if (isToken(token) && names.length > 1) forks.push({ names, depth: depth + 1 });
      }
      const sum = odds.values().reduce((total, value) => total + value, 0);
      return new Map([...odds].map(([name, value]) => [name, sum > 0 ? value / sum : 0]));
    },
  };
}

const isToken = (token: Token | undefined): token is Token => token !== undefined;

/** The probabilities of these tokens as the next one, among themselves. */
async function nextWeights(
  sequence: LlamaContextSequence,
  rest: readonly Token[],
  tokens: readonly Token[],
): Promise<ReadonlyMap<Token, number>> {
  const last = rest.at(-1);
  if (last === undefined) throw new Error("There is no token to continue from.");
  const output = await sequence.controlledEvaluate([
    ...rest.slice(0, -1),
    [last, { generateNext: { logits: { filter: { tokens } } } }],
  ]);
  const logits = output.at(-1)?.next.logits ?? new Map<Token, number>();
  const highest = Math.max(...tokens.map((token) => logits.get(token) ?? Number.NEGATIVE_INFINITY));
  const raw = tokens.map(
    (token) => [token, Math.exp((logits.get(token) ?? Number.NEGATIVE_INFINITY) - highest)] as const,
  );
  const sum = raw.reduce((total, [, weight]) => total + weight, 0);
  return new Map(raw.map(([token, weight]) => [token, weight / sum]));
}

async function restore(fixed: readonly Token[], options: LaneOptions, signal: AbortSignal): Promise<void> {
  const { sequence, modelPath, name } = options;
  const key = createHash("sha256")
    .update(`${options.stateKey}\n${fixed.join(" ")}`)
    .digest("hex")
    .slice(0, 16);
  const folder = dirname(modelPath);
  const mine = `${basename(modelPath)}.${name}.`;
  const file = `${mine}${key}.state`;
  try {
    await sequence.loadStateFromFile(join(folder, file), { acceptRisk: true });
    if (sameTokens(sequence.contextTokens, fixed)) return;
  } catch {
    // Absent, or cut by a crash: it is made anew.
  }
  await sequence.clearHistory();
  for (let at = 0; at < fixed.length; at += batch) {
    signal.throwIfAborted();
    options.onPrepare(at / fixed.length);
    options.adapt();
    await sequence.evaluateWithoutGeneratingNewTokens(fixed.slice(at, at + batch));
  }
  try {
    const unfinished = join(folder, `${file}.${process.pid}.new`);
    await sequence.saveStateToFile(unfinished);
    await rename(unfinished, join(folder, file));
    const old = (await readdir(folder)).filter(
      (other) => other.startsWith(mine) && other.endsWith(".state") && other !== file,
    );
    await Promise.all(old.map((other) => rm(join(folder, other), { force: true })));
  } catch {
    // A cache that cannot be written only costs time at the next start.
  }
}

function sameTokens(one: readonly Token[], other: readonly Token[]): boolean {
  return one.length === other.length && one.every((token, index) => token === other[index]);
}

/** Turns tokens into text; holds back what is not yet a whole character: Hangul often takes two tokens. */
function textOf(model: LlamaModel): (token: Token) => string {
  let pending: Token[] = [];
  return (token) => {
    pending.push(token);
    const text = model.detokenize(pending);
    if (text.endsWith("\ufffd") && pending.length < 8) return "";
    pending = [];
    return text;
  };
}

/** Passes text on up to `stop`; holds back an end that may be the beginning of it. */
function cutAt(
  stop: string | undefined,
): (more: string, options?: { last: boolean }) => { ready: string; stopped: boolean } {
  let held = "";
  return (more, { last } = { last: false }) => {
    held += more;
    if (!stop || last) {
      const ready = held;
      held = "";
      return { ready, stopped: false };
    }
    const found = held.indexOf(stop);
    if (found >= 0) return { ready: held.slice(0, found), stopped: true };
    let keep = Math.min(stop.length - 1, held.length);
    while (keep > 0 && !stop.startsWith(held.slice(-keep))) keep--;
    const ready = held.slice(0, held.length - keep);
    held = held.slice(held.length - keep);
    return { ready, stopped: false };
  };
}
