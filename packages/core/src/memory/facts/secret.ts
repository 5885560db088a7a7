/** Forms that keys are given in, and what a person calls them. */
const forms: readonly { readonly what: string; readonly form: RegExp }[] = [
  { what: "a private key", form: /-----BEGIN [A-Z ]*PRIVATE KEY-----/ },
  { what: "an API key", form: /\b(?:sk|pk|rk)[-_](?:[a-z]+[-_])*[A-Za-z0-9_-]{16,}/ },
  {
    what: "an access token",
    form: /\b(?:gh[pousr]_|github_pat_|glpat-|npm_|hf_|xox[abprs]-|ya29\.)[A-Za-z0-9_.-]{16,}/,
  },
  { what: "an API key", form: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[A-Za-z0-9_-]{30,}/ },
  { what: "an access token", form: /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/ },
  { what: "an access token", form: /\bbearer\s+[A-Za-z0-9._~+/-]{20,}/i },
  { what: "an address with a password", form: /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:[^\s/@]+@/i },
];

/** `password is …`, `비밀번호는 …`: the word, what joins it to the value, the value. */
const named =
  /(?:pass(?:word|wd|phrase|code)?|pwd|pw|api[ _-]?key|secret(?:[ _-]?key)?|access[ _-]?token|pin(?:[ _-]?(?:code|number))?|비밀\s?번호|비번|암호|패스워드|비밀\s?키|(?:API\s?)?키|인증\s?키)\s*(?:is|was|are|=|:|은|는|이|가)\s*["'`“‘]?(\S{4,})/giu;

/** A value that is made, not a word: letters with digits or signs among them, or at least four digits alone. */
function isMade(value: string): boolean {
  const bare = value.replace(/["'`”’.,;!?)]+$|(?:이야|이에요|예요|입니다|야|임)[.!]?$/u, "");
  return /^\d{4,}$/.test(bare) || (bare.length >= 6 && /[a-z]/i.test(bare) && /[\d!@#$%^&*?+=~]/.test(bare));
}

const cardLike = /(?<![\d.,-])\d(?:[ -]?\d){12,18}(?![\d.,]*\d)/g;

/** Whether its check digit is right, as in one of ten numbers of that length that are no card's. */
function isCard(written: string): boolean {
  const digits = written.replace(/\D/g, "");
  if (!/^[3-6]/.test(digits)) return false;
  const sum = [...digits].reverse().reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 0 ? 1 : 2);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

/** Six digits of a birthday, then seven of which the first tells the century. */
const residentNumber = /(?<![\d-])\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\s?-\s?[1-8]\d{6}(?![\d-])/;

/** Letters of both cases and digits in one long piece, as only a machine writes them. */
function isRandom(piece: string): boolean {
  const digits = piece.replace(/\D/g, "").length;
  return digits >= 3 && /[a-z]/.test(piece) && /[A-Z]/.test(piece) && new Set(piece).size >= 16;
}

/**
 * What in a text looks like a secret that must not be kept in the open: `an API key`, `a password`… Undefined when
 * nothing does. It knows common forms; it is a guard against accidents, not against somebody who hides a key.
 */
export function secretIn(text: string): string | undefined {
  const known = forms.find(({ form }) => form.test(text));
  if (known) return known.what;
  for (const [, value = ""] of text.matchAll(named)) if (isMade(value)) return "a password or key";
  if ([...text.matchAll(cardLike)].some(([digits]) => isCard(digits))) return "a card's number";
  if (residentNumber.test(text)) return "a resident registration number";
  return (text.match(/[A-Za-z0-9_-]{32,}/g) ?? []).some(isRandom) ? "a key" : undefined;
}
