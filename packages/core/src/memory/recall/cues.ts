import { addDays, type Day, dayAt, type Span, spanOf, weekdayOf } from "./calendar.ts";

/** What a question tells beside its words: whose words are looked for, and from when. */
export interface Cues {
  readonly role?: "user" | "assistant";
  readonly times: readonly TimeCue[];
}

export interface TimeCue extends Span {
  /** How sure a time this is: 1 for a day, less for longer stretches. */
  readonly weight: number;
}

export interface CueContext {
  /** The present, in ms since the epoch. */
  readonly now: number;
  readonly zone: string;
  /** What the two of a conversation are called. */
  readonly names?: Readonly<Partial<Record<"user" | "assistant", readonly string[]>>>;
}

/** Reads the cues of a question in English or Korean. What is not understood is no cue. */
export function cuesOf(query: string, context: CueContext): Cues {
  const text = query.normalize("NFKC");
  const role = roleOf(text, context.names ?? {});
  return { ...(role && { role }), times: timesOf(text, context) };
}

const roles: readonly (readonly ["user" | "assistant", RegExp])[] = [
  [
    "user",
    /\b(?:did|have|had|was|were|do|am|when|what|where) I\b|\bI(?:'ve| have| had)? (?:said|told|ask|mention|want|wrote|wrot|ment)/iu,
  ],
  [
    "assistant",
    /\b(?:did|have|had|were|do|when|what|where) you\b|\byou(?:'ve| have| had)? (?:said|told|suggest|recommend|mention|propos|wrote|gave|explain)/iu,
  ],
  ["user", /(?<![가-힣])(?:내가|제가|나는|저는|내|제|나의|저의)(?![가-힣])/u],
  ["assistant", /(?<![가-힣])(?:네가|니가|너가|당신이|너는|넌)(?![가-힣])/u],
  ["user", /\b(?:my|mine)\b/iu],
];

/** Where both are spoken of, the one named first: "what did you say I should do" looks for the assistant's words. */
function roleOf(text: string, names: NonNullable<CueContext["names"]>): Cues["role"] {
  const named = (["user", "assistant"] as const).flatMap((role) =>
    (names[role] ?? []).map((name) => ({ role, at: text.toLowerCase().indexOf(name.normalize("NFKC").toLowerCase()) })),
  );
  const spoken = roles.map(([role, pattern]) => ({ role, at: text.search(pattern) }));
  const found = [...named, ...spoken].filter(({ at }) => at >= 0).sort((a, b) => a.at - b.at);
  return found[0]?.role;
}

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const month =
  "(?<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)";
const weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const koreanWeekdays = "월화수목금토일";
const year = "(?<year>(?:19|20)\\d\\d)";
const dayOfMonth = "(?<day>[0-3]?\\d)(?:st|nd|rd|th)?";
const numbers: Readonly<Record<string, number>> = { a: 1, an: 1, one: 1, two: 2, three: 3, four: 4, five: 5, six: 6 };
const units: Readonly<Record<string, "day" | "week" | "month" | "year">> = {
  ...{ day: "day", week: "week", month: "month", year: "year" },
  ...{ 일: "day", 주: "week", 주일: "week", 달: "month", 개월: "month", 년: "year" },
};

type Groups = Readonly<Record<string, string | undefined>>;
type Read = (groups: Groups, today: Day) => { readonly first: Day; readonly last: Day } | undefined;

/** Longer forms first: what one has read, the next do not read again. */
const forms: readonly (readonly [RegExp, Read])[] = [
  [/(?<year>\d{4})-(?<number>\d\d)-(?<day>\d\d)/u, readDate],
  [/(?:(?<year>\d{4})년\s*)?(?<number>\d{1,2})월\s*(?<day>\d{1,2})일/u, readDate],
  [
    /(?:(?<year>\d{4})년\s*)?(?<![\d개])(?<number>\d{1,2})월(?=(?:에|엔|에는|에도|의|달|초|말|중|경|쯤|부터|까지|은|이)?(?![가-힣]))/u,
    readDate,
  ],
  [new RegExp(`\\b${dayOfMonth}(?: of)? ${month}\\b(?:,? ${year})?`, "iu"), readDate],
  [new RegExp(`\\b${month}\\.? ${dayOfMonth}\\b(?:,? ${year})?(?!\\d)`, "iu"), readDate],
  [new RegExp(`\\b${month},? (?:of )?${year}\\b`, "iu"), readDate],
  // Without a number beside it, `may` and `march` are verbs, and `mar` a part of a name.
  [
    new RegExp(`\\b(?:in|since|during|of|last|this|by|until|before|after|early|late|mid)[ -]${month}\\b`, "iu"),
    readDate,
  ],
  [/(?<count>\d{1,3}|an?|one|two|three|four|five|six) (?<unit>day|week|month|year)s? ago/iu, readAgo],
  [/(?<count>\d{1,3})\s*(?<unit>일|주일|주|달|개월|년)\s*전/u, readAgo],
  [/\bday before yesterday\b|그저께|그제|엊그제/iu, (_, today) => sole(addDays(today, -2))],
  [/\byesterday\b|\blast night\b|어제|어젯밤/iu, (_, today) => sole(addDays(today, -1))],
  [/\btoday\b|\bthis (?:morning|afternoon|evening)\b|오늘/iu, (_, today) => sole(today)],
  [/\b(?:last|on|this) (?<weekday>mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b/iu, readWeekday],
  [/(?<weekday>[월화수목금토일])요일/u, readWeekday],
  [/\b(?<which>last|this) (?<unit>week|month|year)\b/iu, readWhich],
  [/(?<which>지난|저번|이번)\s*(?<unit>주|달|해)/u, readWhich],
  [/(?<which>작년|재작년|올해)/u, readWhich],
  [/\b(?:in|since|during|of) (?<year>(?:19|20)\d\d)\b|(?<korean>(?:19|20)\d\d)년/iu, readYear],
];

function timesOf(query: string, { now, zone }: CueContext): TimeCue[] {
  const today = dayAt(now, zone);
  const times: TimeCue[] = [];
  let rest = query;
  for (const [form, read] of forms) {
    const found = form.exec(rest);
    const days = found && read(found.groups ?? {}, today);
    if (!found || !days) continue;
    rest = rest.replace(found[0], " ");
    const span = spanOf(days.first, days.last, zone);
    times.push({ ...span, weight: weightOf(span) });
  }
  return times;
}

function weightOf({ from, to }: Span): number {
  const days = (to - from) / 86_400_000;
  if (days < 2) return 1;
  return days < 10 ? 0.9 : days < 40 ? 0.8 : 0.7;
}

function sole(day: Day) {
  return { first: day, last: day };
}

/** A day or a month; without a year the newest that is not in the future. */
function readDate(groups: Groups, today: Day): ReturnType<Read> {
  const number = Number(groups["number"] ?? months.indexOf(groups["month"]?.slice(0, 3).toLowerCase() ?? "") + 1);
  const day = groups["day"] === undefined ? undefined : Number(groups["day"]);
  if (!(number >= 1 && number <= 12) || day === 0 || (day ?? 1) > 31) return undefined;
  const inYear = (year: number) => ({ year, month: number, day: day ?? 1 });
  const thisYear = inYear(today.year);
  const isAhead = number > today.month || (number === today.month && (day ?? 1) > today.day);
  const first =
    groups["year"] !== undefined ? inYear(Number(groups["year"])) : isAhead ? inYear(today.year - 1) : thisYear;
  return day === undefined ? monthOf(first) : sole(first);
}

function readAgo(groups: Groups, today: Day): ReturnType<Read> {
  const count = numbers[groups["count"]?.toLowerCase() ?? ""] ?? Number(groups["count"]);
  switch (units[groups["unit"]?.toLowerCase() ?? ""]) {
    case "day":
      return sole(addDays(today, -count));
    case "week":
      return weekOf(addDays(today, -7 * count));
    case "month":
      return monthOf(addDays({ ...today, day: 1, month: today.month - count }, 0));
    case "year":
      return yearOf(today.year - count);
    default:
      return undefined;
  }
}

/** The newest such day before today. */
function readWeekday(groups: Groups, today: Day): ReturnType<Read> {
  const named = groups["weekday"]?.toLowerCase() ?? "";
  const wanted = Math.max(koreanWeekdays.indexOf(named), weekdays.indexOf(named.slice(0, 3)));
  const back = (weekdayOf(today) - wanted + 7) % 7 || 7;
  return sole(addDays(today, -back));
}

function readWhich(groups: Groups, today: Day): ReturnType<Read> {
  const which = groups["which"]?.toLowerCase() ?? "";
  const back = { 재작년: 2, this: 0, 이번: 0, 올해: 0 }[which] ?? 1;
  const unit = groups["unit"]?.toLowerCase();
  if (unit === "week" || unit === "주") return weekOf(addDays(today, -7 * back));
  if (unit === "month" || unit === "달") return monthOf(addDays({ ...today, day: 1, month: today.month - back }, 0));
  return yearOf(today.year - back);
}

function readYear(groups: Groups): ReturnType<Read> {
  return yearOf(Number(groups["year"] ?? groups["korean"]));
}

function weekOf(day: Day) {
  const first = addDays(day, -weekdayOf(day));
  return { first, last: addDays(first, 6) };
}

function monthOf({ year, month }: Day) {
  return { first: { year, month, day: 1 }, last: addDays({ year, month: month + 1, day: 1 }, -1) };
}

function yearOf(year: number) {
  return { first: { year, month: 1, day: 1 }, last: { year, month: 12, day: 31 } };
}
