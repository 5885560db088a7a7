import type { SummaryRefusal } from "../../protocol/index.ts";
import { unsupportedNumbers } from "../../receipts/check-numbers.ts";
import { numberWords } from "./number-words.ts";

export type Verdict =
  | { readonly kind: "good" }
  | { readonly kind: "bad"; readonly why: SummaryRefusal; readonly detail?: string };

/** A line that says nothing: a heading, a dash, "none". */
const emptyLine = /^(?:\s*#.*|[\s"'`*.>-]*(?:none|null|n\/a|없음)?[\s"'`*.]*)$/i;

/**
 * Whether a summary may stand for what it was made from: it says something, and every number, path, address and
 * identifier in it stands in its sources too. Prose cannot be checked so, and is not.
 */
export function verifySummary(summary: string, sources: readonly string[]): Verdict {
  if (saysNothing(summary)) return { kind: "bad", why: "empty" };
  const invented = inventedTokens(summary, sources);
  if (invented.length > 0) return { kind: "bad", why: "invented", detail: invented.slice(0, 5).join(", ") };
  return { kind: "good" };
}

export function saysNothing(summary: string): boolean {
  return summary.split("\n").every((line) => emptyLine.test(line));
}

/** What a summary names and its sources do not. */
function inventedTokens(summary: string, sources: readonly string[]): string[] {
  const texts = sources.map(plain);
  // A call's arguments are JSON, which doubles each backslash.
  const known = texts
    .flatMap((text) => (text.includes("\\\\") ? [text, text.replaceAll("\\\\", "\\")] : [text]))
    .join("\n");
  const said = plain(summary);
  const quoted = [...said.matchAll(/`([^`\n]{2,})`/g)].map(([, code = ""]) => code);
  const named = [...tokenPatterns.flatMap((pattern) => said.match(pattern) ?? []), ...quoted].map(trimmed);
  const unknown = named.filter((token) => token !== "" && !prose.test(token) && !isKnown(token, known));
  const figures = [...texts, ...texts.flatMap(numberWords).map(({ value }) => String(value))];
  const numbers = unsupportedNumbers(said, figures).map(({ text }) => text);
  const words = numberWords(said).filter(
    ({ text, value }) => !known.includes(text) && unsupportedNumbers(String(value), figures).length > 0,
  );
  return [...new Set([...unknown, ...numbers, ...words.map(({ text }) => text)])];
}

/** What names one thing exactly. A word of prose fits none of them. */
const tokenPatterns: readonly RegExp[] = [
  // Addresses and mail addresses.
  /\b[a-z][a-z0-9+.-]*:\/\/[^\s<>"'`)\]}]+/gi,
  /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g,
  // Paths: from a root, or of more than two parts, or ending in a file's name.
  /(?<![\p{L}\p{N}_./:\\~-])(?:~|\.{1,2})?\/[\p{L}\p{N}_.@+-]+(?:\/[\p{L}\p{N}_.@+-]+)*/gu,
  /(?<![\p{L}\p{N}_./:\\~-])[\p{L}\p{N}_.@+-]+(?:\/[\p{L}\p{N}_.@+-]+){2,}/gu,
  /(?<![\p{L}\p{N}_./:\\~-])[\p{L}\p{N}_.@+-]+\/[\p{L}\p{N}_@+-]+\.[A-Za-z][A-Za-z0-9]{0,7}/gu,
  /\b[A-Za-z]:\\[^\s<>"'`|?*]+/g,
  /(?<![\p{L}\p{N}_./:\\~-])[\p{L}\p{N}_.@+-]+(?:\\[\p{L}\p{N}_.@+-]+){2,}/gu,
  /(?<![\p{L}\p{N}_./:\\~-])[\p{L}\p{N}_.@+-]+\\[\p{L}\p{N}_@+-]+\.[A-Za-z][A-Za-z0-9]{0,7}/gu,
  // Names of files.
  /(?<![\p{L}\p{N}_./:\\~@-])[\p{L}\p{N}_-]{2,}(?:\.[A-Za-z0-9]+)*\.[a-z][a-z0-9]{0,7}(?![\p{Script=Latin}\p{N}_(])/gu,
  // Identifiers: camelCase, snake_case, and whatever mixes letters with digits.
  /\b[a-z]+(?:[A-Z][A-Za-z0-9]*)+\b/g,
  /\b[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+\b/g,
  /\b(?=[A-Za-z0-9-]*\d)(?=[A-Za-z0-9-]*[A-Za-z])[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\b/g,
  // Versions, and addresses of machines.
  /\bv?\d+(?:\.\d+){2,}(?:-[\w.]+)?/g,
];

/** Looks like a name and is none. */
const prose = /^\d+(?:st|nd|rd|th)$/i;

const plain = (text: string) => text.normalize("NFKC").replace(/[^\S\n]+/g, " ");

const trimmed = (token: string) => token.replace(/[.,;:!?…]+$/, "").trim();

/** A Korean particle sticks to the name before it. */
const particle = /\p{Script=Hangul}{1,4}$/u;

function isKnown(token: string, known: string): boolean {
  if (standsIn(token, known)) return true;
  // `10MB` for `10 MB`.
  const [, digits, unit] = /^([\d.,]+)([A-Za-z]+)$/.exec(token) ?? [];
  if (digits !== undefined && standsIn(`${digits} ${unit}`, known)) return true;
  const behind = particle.exec(token)?.[0] ?? "";
  for (let length = 1; length <= behind.length && length < token.length; length++) {
    if (standsIn(token.slice(0, -length), known)) return true;
  }
  return false;
}

/** Whether it stands there as a whole, not as a piece of a longer word. */
function standsIn(token: string, known: string): boolean {
  for (let at = known.indexOf(token); at !== -1; at = known.indexOf(token, at + 1)) {
    const before = /\w$/.test(known.charAt(at - 1)) && /^\w/.test(token);
    const after = /^\w/.test(known.charAt(at + token.length)) && /\w$/.test(token);
    if (!before && !after) return true;
  }
  return false;
}
