/** The jamo of the Korean 2-set layout and the Latin letters on the same keys. */
const keys: Readonly<Record<string, string>> = {
  ㅂ: "q",
  ㅈ: "w",
  ㄷ: "e",
  ㄱ: "r",
  ㅅ: "t",
  ㅛ: "y",
  ㅕ: "u",
  ㅑ: "i",
  ㅐ: "o",
  ㅔ: "p",
  ㅁ: "a",
  ㄴ: "s",
  ㅇ: "d",
  ㄹ: "f",
  ㅎ: "g",
  ㅗ: "h",
  ㅓ: "j",
  ㅏ: "k",
  ㅣ: "l",
  ㅋ: "z",
  ㅌ: "x",
  ㅊ: "c",
  ㅍ: "v",
  ㅠ: "b",
  ㅜ: "n",
  ㅡ: "m",
  ㅃ: "Q",
  ㅉ: "W",
  ㄸ: "E",
  ㄲ: "R",
  ㅆ: "T",
  ㅒ: "O",
  ㅖ: "P",
};

/** Jamo that take two keys. */
const compounds: Readonly<Record<string, string>> = {
  ㅘ: "ㅗㅏ",
  ㅙ: "ㅗㅐ",
  ㅚ: "ㅗㅣ",
  ㅝ: "ㅜㅓ",
  ㅞ: "ㅜㅔ",
  ㅟ: "ㅜㅣ",
  ㅢ: "ㅡㅣ",
  ㄳ: "ㄱㅅ",
  ㄵ: "ㄴㅈ",
  ㄶ: "ㄴㅎ",
  ㄺ: "ㄹㄱ",
  ㄻ: "ㄹㅁ",
  ㄼ: "ㄹㅂ",
  ㄽ: "ㄹㅅ",
  ㄾ: "ㄹㅌ",
  ㄿ: "ㄹㅍ",
  ㅀ: "ㄹㅎ",
  ㅄ: "ㅂㅅ",
};

const initials = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ";
const medials = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ";
const trailing = "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ";

/** The Latin letter on the key of one jamo; anything else unchanged. */
export function latinKey(character: string): string {
  return keys[character] ?? character;
}

/** What would stand there had the keyboard been in Latin mode: `ㅗ디ㅔ` is `help`. */
export function latinKeys(text: string): string {
  return [...text.normalize("NFC")]
    .flatMap((character) => jamoOf(character))
    .flatMap((jamo) => [...(compounds[jamo] ?? jamo)])
    .map(latinKey)
    .join("");
}

/** A composed syllable taken apart into compatibility jamo; anything else as it is. */
function jamoOf(character: string): string[] {
  const index = (character.codePointAt(0) ?? 0) - 0xac00;
  if (index < 0 || index >= 11_172) return [character];
  const last = index % 28;
  return [
    initials[Math.floor(index / 588)] ?? "",
    medials[Math.floor((index % 588) / 28)] ?? "",
    ...(last === 0 ? [] : [trailing[last - 1] ?? ""]),
  ];
}

/** True for Hangul in any form: syllables, conjoining and compatibility jamo. */
export function isHangul(text: string): boolean {
  return /^\p{Script=Hangul}+$/u.test(text);
}
