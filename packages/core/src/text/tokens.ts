import { stemmer } from "stemmer";
import { englishStopWords, koreanParticles, koreanStopWords } from "./stop-words.ts";

/** One thing to look for. A single syllable stands for every word that has it, so it is looked up by its start. */
export interface QueryToken {
  readonly term: string;
  readonly prefix: boolean;
}

// Words keep the marks that belong to their letters; an underscore holds an identifier together.
const word = /[\p{L}\p{N}_][\p{L}\p{N}\p{M}_]*/gu;
const cjkRun =
  /[\p{Script=Hangul}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー々]+|[^\p{Script=Hangul}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー々]+/gu;
const cjk = /[\p{Script=Hangul}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;
const hangul = /\p{Script=Hangul}/u;
// `parseHTMLBody2` is parse, HTML, Body and 2.
const identifierPart = /\p{Lu}+(?!\p{Ll})|\p{Lu}?[\p{Ll}\p{M}]+|\p{N}+|[^\p{Lu}\p{Ll}\p{N}\p{M}_]+/gu;

/**
 * What a text is found by, each as often as it occurs: Latin words as stems, identifiers whole and in their parts, CJK
 * as pairs of characters, with the last one of a run by itself, so that any single one is the start of something. Texts
 * that differ in case, width, accents or composition only (NFD, full width) have the same tokens.
 */
export function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  for (const { run, script } of runsOf(text)) {
    if (script === "cjk") addPairs(run, tokens);
    else addWord(run, tokens);
  }
  return tokens;
}

/**
 * What a question looks for: the tokens of its words, each once, without the words that only ask. Korean particles are
 * taken off. Empty where nothing is left: then nothing is to be found, rather than everything.
 */
export function queryTokensOf(query: string): QueryToken[] {
  const found = new Map<string, QueryToken>();
  const add = (term: string, prefix = false) => found.set(`${term}${prefix ? "*" : ""}`, { term, prefix });
  for (const { run, script, alone } of runsOf(query)) {
    if (script === "latin") {
      const tokens: string[] = [];
      addWord(run, tokens);
      for (const token of tokens) add(token);
      continue;
    }
    const stem = hangul.test(run) ? withoutParticle(run, alone) : run;
    if (stem === "" || koreanStopWords.has(run) || koreanStopWords.has(stem)) continue;
    const characters = [...stem];
    if (characters.length === 1) add(stem, true);
    for (let at = 0; at + 1 < characters.length; at++) add(`${characters[at]}${characters[at + 1]}`);
  }
  return [...found.values()];
}

/** Pairs of neighbouring characters, each as a number, for telling texts apart that say nearly the same. */
export function shinglesOf(text: string): ReadonlySet<number> {
  const plain = text.normalize("NFKC").toLowerCase().replace(/\s+/g, " ").trim();
  const pairs = new Set<number>();
  for (let at = 0; at < plain.length; at++) pairs.add(plain.charCodeAt(at) * 0x10000 + (plain.charCodeAt(at + 1) || 0));
  return pairs;
}

/** The stretches of one script: `useEffect에서` is a Latin one and a CJK one. */
function* runsOf(text: string): Generator<{ run: string; script: "latin" | "cjk"; alone: boolean }> {
  for (const [found] of text.normalize("NFKC").matchAll(word)) {
    if (!cjk.test(found)) {
      yield { run: found, script: "latin", alone: true };
      continue;
    }
    for (const [run] of found.matchAll(cjkRun)) {
      yield { run, script: cjk.test(run) ? "cjk" : "latin", alone: run === found };
    }
  }
}

function addPairs(run: string, tokens: string[]): void {
  let before = "";
  for (const character of run) {
    if (before !== "") tokens.push(before + character);
    before = character;
  }
  tokens.push(before);
}

function addWord(run: string, tokens: string[]): void {
  const whole = fold(run);
  if (whole === "" || englishStopWords.has(whole)) return;
  tokens.push(stem(whole));
  if (!/[\p{Lu}_\p{N}]/u.test(run.slice(1))) return;
  const parts = run.match(identifierPart) ?? [];
  if (parts.length < 2) return;
  for (const part of parts) {
    const folded = fold(part);
    if (!englishStopWords.has(folded)) tokens.push(stem(folded));
  }
}

function fold(text: string): string {
  const lower = text.toLowerCase().replace(/^_+|_+$/g, "");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the whole of ASCII, which has no accents
  return /^[\x00-\x7f]*$/.test(lower) ? lower : lower.normalize("NFD").replace(/\p{M}/gu, "");
}

function stem(folded: string): string {
  return folded.length > 2 && /^[a-z]+$/.test(folded) ? stemmer(folded) : folded;
}

/** Beside a Latin word (`useEffect에서`) a particle may be all there is. */
function withoutParticle(run: string, alone: boolean): string {
  const least = alone ? 2 : 0;
  const particle = koreanParticles.find((one) => run.endsWith(one) && run.length - one.length >= least);
  return particle === undefined ? run : run.slice(0, -particle.length);
}

/** Where a text has what is looked for: stretches of UTF-16 offsets in order, their ends excluded. The text is to be in NFC. */
export function matchesIn(text: string, tokens: readonly QueryToken[]): { start: number; end: number }[] {
  const terms = new Set(tokens.flatMap(({ term, prefix }) => (prefix ? [] : [term])));
  const starts = new Set(tokens.flatMap(({ term, prefix }) => (prefix ? [term] : [])));
  const matches: { start: number; end: number }[] = [];
  const add = (start: number, end: number) => {
    const last = matches.at(-1);
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else matches.push({ start, end });
  };
  for (const found of text.matchAll(word)) {
    for (const { 0: run, index } of found[0].matchAll(cjkRun)) {
      const start = found.index + index;
      if (!cjk.test(run)) {
        if (tokensOf(run).some((token) => terms.has(token))) add(start, start + run.length);
        continue;
      }
      for (let at = 0; at < run.length; at++) {
        if (starts.has(run.charAt(at))) add(start + at, start + at + 1);
        if (terms.has(run.slice(at, at + 2).normalize("NFKC"))) add(start + at, start + Math.min(run.length, at + 2));
      }
    }
  }
  return matches;
}
