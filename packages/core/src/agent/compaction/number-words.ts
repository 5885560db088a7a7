const digits = "영일이삼사오육칠팔구";
const small: { readonly [word: string]: number } = { 십: 10, 백: 100, 천: 1_000 };
const large: { readonly [word: string]: number } = { 만: 1e4, 억: 1e8, 조: 1e12 };

/** What is counted: only before one of these are syllables like 천 or 만 taken for a number. */
const units =
  "원|달러|유로|엔|개|명|번|건|배|회|권|장|대|층|쪽|줄|행|시간|분|초|일|주|달|개월|월|년|세|살|퍼센트|프로|킬로|미터|그램|리터|바이트|토큰";
const particles =
  "(?:에서|까지|부터|으로|은|는|이|가|을|를|의|에|로|과|와|도|만|씩|쯤|정도|이고|이며|이라|인|짜리|이하|이상|미만|이다|이었다|입니다)?";
const worded = new RegExp(
  `(?<!\\p{L}|\\p{N})[${digits}십백천만억조]+(?: [${digits}십백천만억조]+)* ?(?=(?:${units})${particles}(?!\\p{L}))`,
  "gu",
);

/**
 * The numbers that a text writes in Korean words before what they count: `삼백만 원`. Only such of at least two words, one
 * of them ten or more: a single syllable is too often part of another word.
 */
export function numberWords(text: string): { readonly text: string; readonly value: number }[] {
  return [...text.matchAll(worded)].flatMap(([found]) => {
    const words = found.trim();
    const value = figureOf(words.replaceAll(" ", ""));
    return value === undefined ? [] : [{ text: words, value }];
  });
}

/** Undefined for what is no number, `이일`. */
function figureOf(words: string): number | undefined {
  if (words.length < (words.includes("조") ? 3 : 2) || !/[십백천만억조]/.test(words)) return undefined;
  let [total, section, digit, step, scale] = [0, 0, 0, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (const word of words) {
    const by = small[word];
    const over = large[word];
    if (by !== undefined) {
      if (by >= step) return undefined;
      section += (digit || 1) * by;
      [digit, step] = [0, by];
    } else if (over !== undefined) {
      if (over >= scale) return undefined;
      total += (section + digit || 1) * over;
      [section, digit, step, scale] = [0, 0, Number.POSITIVE_INFINITY, over];
    } else {
      if (digit > 0) return undefined;
      digit = digits.indexOf(word);
    }
  }
  return total + section + digit;
}
