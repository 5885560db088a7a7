import type { Message } from "../../packages/core/src/protocol/index.ts";

const at = Date.UTC(2026, 0, 1);
/** Words of a short message. */
const length = 21;
const filler = "메모리는 사람들이 가장 많이 불평하는 곳이다; a store must keep what it said it has. ";

/** A message that is, as JSON, about a kilobyte long: half Korean, half English. */
export function longMessage(n: number): Message {
  return messageOf(n, `${n} ${filler.repeat(7)}`.slice(0, 560));
}

/** What people say: about 180 bytes, words drawn as unevenly as in speech. */
export function shortMessage(n: number): Message {
  return messageOf(n, Array.from({ length }, (_, k) => word(n * length + k)).join(" "));
}

/** A few words of the message with that number, its rarest among them. */
export function questionAbout(n: number): string {
  return Array.from({ length }, (_, k) => n * length + k)
    .toSorted((a, b) => rankOf(b) - rankOf(a))
    .slice(0, 5)
    .map(word)
    .join(" ");
}

function messageOf(n: number, text: string): Message {
  const role = n % 2 ? "assistant" : "user";
  const id = `0199a000-0000-7000-8000-${String(n).padStart(12, "0")}`;
  const parts: Message["parts"] = [{ type: "text", text }];
  return { id, turnId: id, role, parts, at: new Date(at + n * 60_000).toISOString(), state: "complete" };
}

const words = 20_000;
const syllables = "가나다라마바사아자차카타파하고노도로모보소오조초코토포호기니디리미비시이지치키티피히";
const stems = "lo ra mi te ko sa ne bu vi do pe ga ru fo ti".split(" ");

/** The place of a word in the order of frequency, from chance alone: half of all are among the first 140. */
function rankOf(seed: number): number {
  let x = Math.imul(seed + 1, 0x9e3779b1);
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return Math.floor(words ** (((x ^ (x >>> 16)) >>> 0) / 2 ** 32));
}

function word(seed: number): string {
  const rank = rankOf(seed);
  const digits = (base: number) => [rank % base, Math.floor(rank / base) % base, Math.floor(rank / base ** 2) % base];
  if (rank % 2)
    return `${digits(stems.length)
      .map((digit) => stems[digit])
      .join("")}${rank > 3_375 ? "n" : ""}`;
  return digits(syllables.length)
    .map((digit) => syllables[digit])
    .join("");
}
