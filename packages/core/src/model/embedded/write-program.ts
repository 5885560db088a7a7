import { z } from "zod";
import { type Exchange, newestThatFit, shorten } from "./conversation.ts";
import type { Lane } from "./lane.ts";
import { plainNumbers } from "./numerals.ts";
import { type Prompt, reply, turn } from "./prompt.ts";

const fence = "```";
const maxTokens = 500;
/** Programs that reason in comments are longer. */
const maxPalTokens = 900;

const examples: readonly (readonly [string, string])[] = [
  [
    "연필 130자루의 2/5를 나눠 주고 남은 연필을 한 통에 9자루씩 담으면 몇 통이 되고 몇 자루가 남나요?",
    `pencils = 130
left = pencils - pencils * 2 // 5
{"통": left // 9, "남은 연필": left % 9}`,
  ],
  [
    "A jacket costs 68 dollars after a 15% discount. What was the price before?",
    `paid = 68
round(paid / (1 - 15 / 100), 2)`,
  ],
  [
    "2025년 6월 6일에서 45일 전은 무슨 요일인가요?",
    `from datetime import date, timedelta
day = date(2025, 6, 6) - timedelta(days=45)
{"날짜": str(day), "요일": "월화수목금토일"[day.weekday()] + "요일"}`,
  ],
  [
    "자전거로 시속 18km로 1시간 25분 달리면 몇 km를 가나요?",
    `speed = 18
hours = 1 + 25 / 60
speed * hours`,
  ],
  ['How many times does the letter "s" occur in "possession"?', `"possession".count("s")`],
  [
    "둘레가 50cm이고 가로가 세로보다 5cm 긴 직사각형의 넓이는 몇 cm²인가요?",
    `perimeter = 50
width = (perimeter / 2 - 5) / 2
length = width + 5
width * length`,
  ],
  [
    "How long is it from 22:35 to 06:10 the next morning, in hours and minutes?",
    `start = 22 * 60 + 35
end = 6 * 60 + 10 + 24 * 60
{"hours": (end - start) // 60, "minutes": (end - start) % 60}`,
  ],
  [
    "정육각형의 둘레가 42cm이면 한 변의 길이는 몇 cm인가요?",
    `perimeter = 42
sides = 6
perimeter / sides`,
  ],
  [
    "설탕 45g을 물 255g에 녹인 설탕물의 농도는 몇 %인가요?",
    `sugar = 45
water = 255
sugar / (sugar + water) * 100`,
  ],
  [
    "500만 원을 연이율 4%로 2년 동안 복리로 맡기면 이자는 모두 얼마인가요?",
    `principal = 5_000_000
total = principal * (1 + 4 / 100) ** 2
interest = total - principal
round(interest)`,
  ],
  [
    "4, 9, 14, 19로 이어지는 수열의 30번째 항은?",
    `first = 4
step = 9 - 4
first + step * (30 - 1)`,
  ],
  [
    "1, 5, 25, 125로 이어지는 수열의 9번째 항은?",
    `first = 1
ratio = 5 // 1
first * ratio ** (9 - 1)`,
  ],
  [
    "What are the mean and the median of 4, 9, 15, 22 and 7?",
    `from statistics import mean, median
values = [4, 9, 15, 22, 7]
{"mean": mean(values), "median": median(values)}`,
  ],
];

/** A follow-up works the earlier quantities out again: names of earlier programs are not relied on. */
const followUps = [
  {
    earlier: {
      question: "사탕 12봉지에 8개씩 있는데 1/4을 먹고 남은 사탕을 8명이 똑같이 나누면 몇 개씩이야?",
      program: "candies = 12 * 8\nleft = candies - candies * 1 // 4\nleft // 8",
      answer: "한 사람당 9개씩입니다.",
    },
    question: "그럼 7명이면 몇 개씩이고 몇 개가 남아?",
    program: 'candies = 12 * 8\nleft = candies - candies * 1 // 4\n{"한 사람당": left // 7, "남은 사탕": left % 7}',
  },
  {
    earlier: { question: "What is 12% of 350?", program: "350 * 12 / 100", answer: "12% of 350 is 42." },
    question: "And a third of that?",
    program: "before = 350 * 12 / 100\nbefore / 3",
  },
] as const;

const [early, late] = [examples.slice(0, -2), examples.slice(-2)];
const shown = (some: typeof examples) =>
  some.flatMap(([question, program]) => [...asked(question), ...written(program)]);

export const programPrefix: Prompt = [
  ...turn(
    "system",
    "You write one short Python program for each question. Its last line is an expression: the value that answers the question, or a dict with the asked values under names in the question's language. Standard library only. Count exactly; use whole numbers where things are counted.",
  ),
  ...shown(early),
  // Not the last ones: what stands last is copied when a question is hard.
  ...followUps.flatMap(({ question, earlier, program }) => [
    ...asked(question, { earlier: [earlier] }),
    ...written(program),
  ]),
  ...shown(late),
];

/**
 * Where a program must come: the model's own first words, and the task behind the question. Examples make programs short,
 * and a short program of a small model passes over what a word problem says; measured with `bench/embedded --pal`.
 */
export const palPrefix: Prompt = turn("system", "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.");

const palTask =
  "Let's reason step by step in a Python program: say in a comment what each sentence of the question means, compute with it, and print the answer to the question at the end.";

/** A program that failed, and what was said about it. */
export interface FailedProgram {
  readonly code: string;
  readonly error: string;
}

export interface ProgramOptions {
  readonly failed?: FailedProgram | undefined;
  readonly temperature?: number | undefined;
  /** The lane's prefix is `palPrefix`. */
  readonly pal?: boolean;
}

/** Writes the program for the last exchange, piece by piece; with `failed`, a corrected one. */
export async function* writeProgram(
  lane: Lane,
  exchanges: readonly Exchange[],
  { failed, temperature, pal = false }: ProgramOptions,
  signal: AbortSignal,
): AsyncGenerator<string, "stop" | "length", void> {
  const question = exchanges.at(-1)?.question ?? "";
  const ask = (text: string, ...earlier: readonly Digest[]) =>
    asked(text, { earlier, task: pal ? palTask : undefined });
  const again: Prompt = failed
    ? [
        ...written(failed.code),
        ...turn(
          "user",
          `The program failed:\n${shorten(failed.error, 600)}\n\nWrite it again without this mistake, for the same question: ${shorten(question, 600)}`,
        ),
      ]
    : [];
  const output = pal ? maxPalTokens : maxTokens;
  const room = lane.room(output);
  const fits = (prompt: Prompt) => lane.count(prompt) <= room;
  const earlier = newestThatFit(exchanges.slice(0, -1).slice(-3), Math.min(800, room), (one) =>
    lane.count(ask("", digest(one))),
  );
  const wanted = [...ask(question, ...earlier.map(digest)), ...again, ...reply(`${fence}python\n`)];
  const prompt = fits(wanted) ? wanted : [...ask(shorten(question, room)), ...reply(`${fence}python\n`)];
  return yield* lane.write(
    prompt,
    { maxTokens: output, stop: `\n${fence}`, ...(temperature && { temperature }) },
    signal,
  );
}

/** A program that ends in several bare expressions means all of them: only the last would be its value. */
export function withAllValues(code: string): string {
  const lines = code.trimEnd().split("\n");
  const bare =
    /^(?!(?:print|import|from|return|raise|assert|del|pass|for|while|if|with|def|class)\b)[\w("'[][^=:#{}]*$/;
  const first = lines.findLastIndex((line) => !bare.test(line)) + 1;
  const values = lines.slice(first);
  // A line behind an opening one belongs to it.
  if (values.length < 2 || /[([{,:\\]$/.test(lines[first - 1] ?? "") || values.some((line) => /[([,]$/.test(line)))
    return code;
  return [...lines.slice(0, first), `(${values.join(", ")})`].join("\n");
}

/** The `code` argument of a call, as our own adapter or another model wrote it. */
export function codeOf(argumentsText: string): string | undefined {
  try {
    return z.object({ code: z.string() }).parse(JSON.parse(argumentsText)).code;
  } catch {
    return undefined;
  }
}

interface Digest {
  readonly question: string;
  readonly program?: string | undefined;
  readonly answer: string;
}

function digest({ question, calls, answer }: Exchange): Digest {
  const last = calls.findLast(({ outcome }) => outcome?.kind === "value");
  const program = last && codeOf(last.call.arguments);
  return { question: shorten(question, 600), program: program && shorten(program, 600), answer: shorten(answer, 300) };
}

function asked(
  question: string,
  { earlier = [], task }: { readonly earlier?: readonly Digest[]; readonly task?: string | undefined } = {},
): Prompt {
  const before = earlier.map(({ question: was, program, answer }) =>
    [`Earlier question: ${was}`, ...(program ? [`Program:\n${program}`] : []), `Answer: ${answer}\n\n`].join("\n"),
  );
  const words = plainNumbers(`${before.join("")}${task ? "" : "Question: "}${question}`);
  return turn("user", task ? `${words}\n\n${task}` : words);
}

function written(program: string): Prompt {
  return turn("assistant", `${fence}python\n${program}\n${fence}`);
}
