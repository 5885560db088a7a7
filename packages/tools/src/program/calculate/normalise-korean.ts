import { type Measure, withCompounds } from "./compounds.ts";
import { readKoreanNumber, Unclear } from "./korean-number.ts";
import { withPercents } from "./percents.ts";
import { type Kind, type Token, withShares } from "./shares.ts";
import { currencySigns, ownUnits, unitNames, unitNotes, unitSigns } from "./units.ts";

/** An expression as mathjs reads it. */
export interface Reading {
  readonly expression: string;
  /** Whether anything was put differently. */
  readonly changed: boolean;
  /** What should be said along with the result. */
  readonly notes: readonly string[];
  /** The place in what was written of a place in `expression`; both count from 0. */
  origin(at: number): number;
}

/** One character for one: what follows can count on the places. */
const characters: ReadonlyMap<string, string> = new Map([
  ...[..."×✕∗⋅"].map((sign) => [sign, "*"] as const),
  ...[..."−–"].map((sign) => [sign, "-"] as const),
  ["÷", "/"],
  ["∕", "/"],
  ["￦", "₩"],
  ["￥", "¥"],
  ["\u3000", " "],
  ["\u00a0", " "],
  ["\t", " "],
]);

const signs: ReadonlyMap<string, string> = new Map([
  ["²", "^2"],
  ["³", "^3"],
  ["≤", "<="],
  ["≥", ">="],
  ["≠", "!="],
  ["π", " pi "],
  ["√", " sqrt "],
]);

const spelled = /(?:더하기|빼기|곱하기|나누기)|(?:원주율|루트)(?![가-힣])/y;
const spelledSigns: ReadonlyMap<string, string> = new Map([
  ["더하기", "+"],
  ["빼기", "-"],
  ["곱하기", "*"],
  ["나누기", "/"],
  ["원주율", "π"],
  ["루트", "√"],
]);

const hangul = /[가-힣]+/y;
const name = /[\p{L}_$](?:[\p{L}\p{N}_$])*/uy;
const plainNumber = /0[xX][\da-fA-F]+|0[bB][01]+|0[oO][0-7]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const grouped = /\d{1,3}(?:,\d{3})+(?!\d|,\d)/y;
const rate =
  /(\d+(?:\.\d+)?) *할(?: *(\d) *푼)?(?: *(\d) *리)?(?![가-힣])|(\d+(?:\.\d+)?) *푼(?: *(\d) *리)?(?![가-힣])/y;
const rateBefore의 = new RegExp(rate.source.replaceAll("(?![가-힣])", "(?=의)"), "y");
/** 30분의 20% is of minutes. */
const fraction = /(\d+) *분의 *(\d+)(?!\d|\.\d| *(?:%|퍼센트|프로))/y;
const spokenFraction = /([일이삼사오육칠팔구십백천]+) *분의 *([일이삼사오육칠팔구십백천]+)(?![가-힣])/y;
const date = /(?:19|20)\d\d([-/])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])(?![\d.])/y;
const clock = /(?:[01]?\d|2[0-4]):[0-5]\d(?!\d)/y;
const vulgar = "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞";

function match(pattern: RegExp, source: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(source) ?? undefined;
}

/**
 * Puts Korean and typographic ways to write an expression into the notation of mathjs: 만, 억 and 조, thousands
 * separators, 할푼리, `17% of 2340`, `2340의 17%`, `32평을 m^2로`, full-width signs, units. What is written plainly stays
 * as it is. Throws `Unclear` where people would read it in two ways. `measure` knows the units of mathjs.
 */
export function normaliseKorean(
  written: string,
  measure: (unit: string) => Measure | undefined = () => undefined,
): Reading {
  const source = [...written]
    .map((character) => {
      const code = character.codePointAt(0) ?? 0;
      if (code >= 0xff01 && code <= 0xff5e) return String.fromCharCode(code - 0xfee0);
      return characters.get(character) ?? character;
    })
    .join("");
  const tokens = withPercents(withShares(withCompounds(read(source), measure)));
  const starts: number[] = [];
  let expression = "";
  for (const { text } of tokens) {
    starts.push(expression.length);
    expression += text;
  }
  const used = new Set(tokens.flatMap(({ kind, text }) => (kind === "word" ? [text.trim()] : [])));
  const notes = [
    ...ownUnits.flatMap(({ name, note }) => (note !== undefined && used.has(name) ? [note] : [])),
    ...[...used].flatMap((name) => unitNotes.get(name.replace(/s$/, "")) ?? []),
  ];
  return {
    expression,
    // A space after a comma shows that it separates.
    changed: expression.replace(/(?<!,)\s/g, "") !== source.replace(/(?<!,)\s/g, ""),
    notes: [...new Set(notes)],
    origin(at) {
      const index = starts.findLastIndex((start) => start <= at);
      const token = tokens[index];
      if (token === undefined) return at;
      const inside = source.startsWith(token.text, token.at) ? at - (starts[index] ?? 0) : 0;
      return token.at + inside;
    },
  };
}

/** Takes the text apart and puts each part into plain notation. */
function read(source: string): Token[] {
  const tokens: Token[] = [];
  const brackets: ("call" | "group" | "list")[] = [];
  const add = (kind: Kind, text: string, at: number) => tokens.push({ kind, text, at });
  const last = () => tokens.findLast(({ kind }) => kind !== "space");
  const endsInGoal = /(?:[가-힣]|[A-Za-z\d)])로\s*$/.test(source);
  let degrees: string | undefined;
  let currency: string | undefined;
  let at = 0;

  const endsWell = (from: number) => {
    const run = match(hangul, source, from)?.[0] ?? "";
    return (
      run === "" ||
      unitNames.has(run) ||
      (/[의을를]$/.test(run) && (run.length === 1 || unitNames.has(run.slice(0, -1))))
    );
  };
  const unit = (text: string, place: number) => {
    if (text === "%") add("percent", text, place);
    else add("word", tokens.at(-1)?.kind === "number" ? ` ${text}` : text, place);
  };
  const number = (text: string, end: number) => {
    if (currency === undefined) add("number", text, at);
    else {
      add("open", "(", at);
      add("number", text, at);
      add("word", ` ${currency}`, at);
      add("close", ")", at);
      currency = undefined;
    }
    at = end;
  };

  while (at < source.length) {
    const character = source[at] ?? "";
    if (character === " " || character === "\n") {
      add("space", character, at++);
      continue;
    }
    if (character === '"' || character === "#" || (character === "'" && !isValue(last()))) {
      const end = endOfText(source, at);
      add("text", source.slice(at, end), at);
      at = end;
      continue;
    }
    if (/\d/.test(character) && last()?.text !== ":") refuseDates();
    if (vulgar.includes(character)) {
      // NFKD takes ½ apart into 1, a fraction slash and 2.
      const part = character.normalize("NFKD").replace("\u2044", "/");
      const whole =
        last()?.kind === "number" ? tokens.splice(tokens.findLastIndex(({ kind }) => kind === "number"))[0] : undefined;
      if (whole === undefined) addPart(`(${part})`);
      else add("share", `(${whole.text} + ${part})`, whole.at);
      at++;
      continue;
    }
    if (/[\d.]/.test(character) && (/\d/.test(character) || /\d/.test(source[at + 1] ?? ""))) {
      readNumber();
      continue;
    }
    if (
      currencySigns.has(character) &&
      /^ ?[\d.]/.test(source.slice(at + 1, at + 3)) &&
      !(character === "$" && isValue(tokens.at(-1)))
    ) {
      currency = currencySigns.get(character);
      at += source[at + 1] === " " ? 2 : 1;
      continue;
    }
    const words = match(spelled, source, at)?.[0];
    if (words !== undefined) {
      readSign(spelledSigns.get(words) ?? words, words.length);
      continue;
    }
    if (/[가-힣]/.test(character)) {
      readHangul();
      continue;
    }
    const sign = unitSigns.get(
      source.startsWith("°", at) && /[CF]/.test(source[at + 1] ?? "")
        ? source[at + 1] === "C"
          ? "℃"
          : "℉"
        : character,
    );
    if (sign !== undefined) {
      unit(sign, at);
      at += character === "°" && sign !== "deg" ? 2 : 1;
      continue;
    }
    if (signs.has(character)) {
      readSign(character, 1);
      continue;
    }
    const word = match(name, source, at)?.[0].match(/^[^가-힣]+/)?.[0];
    if (word !== undefined) {
      const before = last()?.kind;
      const shared =
        word === "of" && (before === "percent" || before === "share" || before === "number" || before === "close");
      const logarithm = word === "ln" && /^ *\(/.test(source.slice(at + 2));
      add(shared ? "of" : "word", logarithm ? "log" : word, at);
      at += word.length;
      continue;
    }
    if ("([{".includes(character)) {
      brackets.push(character !== "(" ? "list" : last()?.kind === "word" ? "call" : "group");
      add("open", character, at++);
    } else if (")]}".includes(character)) {
      brackets.pop();
      add("close", character, at++);
    } else if (character === "%") {
      add("percent", character, at++);
    } else {
      add("sign", character, at++);
    }
  }
  return tokens;

  /** A sign that took so many characters. */
  function readSign(sign: string, length: number): void {
    add(sign === "√" || sign === "π" ? "word" : "sign", signs.get(sign) ?? sign, at);
    at += length;
    if (sign === "√") wrapRoot();
  }

  /** `√2` is a call of which mathjs needs the brackets. */
  function wrapRoot(): void {
    at += match(/ */y, source, at)?.[0].length ?? 0;
    const value = match(plainNumber, source, at)?.[0];
    if (value === undefined) return;
    add("open", "(", at);
    add("number", value, at);
    add("close", ")", at);
    at += value.length;
  }

  /** A part as `3분의 1`, which mathjs would multiply with a value before it. */
  function addPart(text: string): void {
    const before = last();
    if (isValue(before) && before?.kind !== "word") {
      throw new Unclear("a value and a part side by side are read in two ways: write + or * between them", at);
    }
    add("share", text, at);
  }

  function refuseDates(): void {
    const day = match(date, source, at)?.[0];
    if (day !== undefined) {
      const apart = day.replace(/[-/]/g, " $& ");
      throw new Unclear(`${day} is a date or a sum: for dates use run_python, else write ${apart}`, at);
    }
    const time = brackets.length === 0 ? match(clock, source, at)?.[0] : undefined;
    if (time !== undefined) {
      throw new Unclear(
        `${time} is a time or a range: for times use run_python or 1 hour + 30 minute, else [${time}]`,
        at,
      );
    }
  }

  function readNumber(): void {
    const share = match(rate, source, at) ?? match(rateBefore의, source, at);
    if (share !== undefined) {
      const [all, tenths = "0", hundredths = "0", thousandths = "0", only = "0", rest = "0"] = share;
      const text = `(${tenths}/10 + ${hundredths}/100 + ${thousandths}/1000 + ${only}/100 + ${rest}/1000)`;
      add("share", text.replace(/ \+ 0\/\d+|0\/10 \+ (?=.)/g, "").replace("(0/100 + ", "("), at);
      at += all.length;
      return;
    }
    const part = match(fraction, source, at);
    if (part !== undefined) {
      addPart(`(${part[2]}/${part[1]})`);
      at += part[0].length;
      return;
    }
    const korean = readKoreanNumber(source, at, endsWell);
    if (korean !== undefined) {
      number(korean.text, korean.end);
      return;
    }
    const separated = match(grouped, source, at)?.[0];
    if (separated !== undefined && source[at - 1] !== ".") {
      const inside = brackets.at(-1) ?? "group";
      if (inside === "group") {
        const rest = match(/\.\d+/y, source, at + separated.length)?.[0] ?? "";
        number(separated.replaceAll(",", "") + rest, at + separated.length + rest.length);
        return;
      }
      readArguments(separated);
      return;
    }
    const text = match(plainNumber, source, at)?.[0] ?? source[at] ?? "";
    number(text, at + text.length);
  }

  /** Between the brackets of a call or a list a comma separates; where it looks like thousands all the same, we ask. */
  function readArguments(separated: string): void {
    const groups = separated.split(",");
    const [first = ""] = groups;
    const looksGrouped =
      groups.slice(1).some((group) => group.startsWith("0")) ||
      (groups.length > 2 && first.length < 3) ||
      /^\s*, |^\.\d+\s*,/.test(source.slice(at + separated.length)) ||
      /, +$/.test(source.slice(0, at));
    if (looksGrouped) {
      throw new Unclear(
        `${separated} could be one number or ${groups.length}: write ${groups.join("")}, or ${groups.join(", ")}`,
        at,
      );
    }
    for (const [index, group] of groups.entries()) {
      if (index > 0) add("sign", ", ", at - 1);
      const isLast = index === groups.length - 1;
      const rest = isLast ? (match(/\.\d+/y, source, at + group.length)?.[0] ?? "") : "";
      add("number", group + rest, at);
      at += group.length + rest.length + (isLast ? 0 : 1);
    }
  }

  function readHangul(): void {
    const [all, below, above] = match(spokenFraction, source, at) ?? [];
    if (all !== undefined) {
      const [top, bottom] = [above, below].map((words = "") => readKoreanNumber(`${words}만`, 0, () => true)?.text);
      if (top?.endsWith("0000") && bottom?.endsWith("0000")) {
        addPart(`(${top.slice(0, -4)}/${bottom.slice(0, -4)})`);
        at += all.length;
        return;
      }
    }
    const korean = readKoreanNumber(source, at, endsWell);
    if (korean !== undefined) {
      number(korean.text, korean.end);
      return;
    }
    const letters = match(hangul, source, at)?.[0] ?? "";
    // 2시간30분: behind a number a unit ends where the next number begins.
    const counts =
      tokens.at(-1)?.kind === "number" && unitNames.has(letters) && /\d/.test(source[at + letters.length] ?? "");
    const run = counts ? letters : (match(name, source, at)?.[0] ?? letters);
    const place = at;
    at += run.length;
    if (run === "섭씨" || run === "화씨") {
      degrees = run === "섭씨" ? "degC" : "degF";
      return;
    }
    if (run === "도" && isValue(last())) {
      if (degrees === undefined) throw new Unclear("도 is a temperature or an angle: write degC or deg", place);
      unit(degrees, place);
      degrees = undefined;
      return;
    }
    if (endsInGoal && /^\s*$/.test(source.slice(at)) && tokens.some(({ kind }) => kind === "을")) {
      const goal = run.replace(/으?로$/, "");
      if (goal !== "") unit(unitNames.get(goal) ?? goal, place);
      return;
    }
    const known = unitNames.get(run);
    if (known !== undefined) {
      unit(known, place);
      return;
    }
    const [, base = "", particle = ""] = /^(.*)([의을를])$/.exec(run) ?? [];
    const followed = /^ *[\d제세]/.test(source.slice(at));
    if (particle !== "" && (base === "" || unitNames.has(base) || (particle === "의" && followed))) {
      if (base !== "") unit(unitNames.get(base) ?? base, place);
      if (particle !== "의" && !endsInGoal) {
        throw new Unclear(`${particle} is understood in 32평을 m^2로; elsewhere leave it out`, place + base.length);
      }
      add(particle === "의" ? "의" : "을", particle === "의" ? "의" : " to ", place + base.length);
      return;
    }
    add("word", run, place);
  }
}

const isValue = (token: Token | undefined) =>
  token !== undefined && ["number", "share", "percent", "word", "close"].includes(token.kind);

/** A text in quotes, or a comment until the end of its line. */
function endOfText(source: string, start: number): number {
  const quote = source[start];
  if (quote === "#") return source.indexOf("\n", start) === -1 ? source.length : source.indexOf("\n", start);
  let at = start + 1;
  while (at < source.length && source[at] !== quote) at += source[at] === "\\" ? 2 : 1;
  return Math.min(at + 1, source.length);
}
