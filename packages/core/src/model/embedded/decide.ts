import type { ToolSpec } from "../../protocol/index.ts";
import { type Exchange, shorten } from "./conversation.ts";
import type { Lane } from "./lane.ts";
import type { Prompt } from "./prompt.ts";

/** How sure the model must be that a program is wanted; measured with `bench/embedded`. */
const sureEnough = 0.6;

/** In the prompt's words; what is called instead depends on what is offered. */
const compute = "compute";
const answer = "answer";

export const decidePrefix: Prompt = [
  `Choose how to handle each message.
${compute}: a number or a date must be worked out: arithmetic, counting, percentages, time, units, statistics
${answer}: everything else: greetings, thanks, facts, names, explanations, writing, translation, summaries, advice, things to remember

message: 영화표가 한 장에 14,000원인데 30% 할인받으면 4명은 모두 얼마를 내나요?
handle: ${compute}

message: Who painted the Mona Lisa?
handle: ${answer}

message: How many weekdays are there in March 2025?
handle: ${compute}

message: 반가워, 오늘 기분은 어때?
handle: ${answer}

message: Rewrite this more formally: gimme the report by 5.
handle: ${answer}

message: 밑변이 9cm이고 높이가 14cm인 삼각형의 넓이는?
handle: ${compute}

message: 자바와 자바스크립트는 무엇이 다른가요?
handle: ${answer}

message: How many vowels does the word "encyclopedia" have?
handle: ${compute}

message: 세계에서 가장 높은 산은 무엇인가요?
handle: ${answer}

message: 내 생일은 5월 3일이야. 잊지 마.
handle: ${answer}

also for the next message:
library__find_book: Looks up a book in the library's catalogue.
message: Does the library have "The Little Prince" in French?
handle: library__find_book

earlier: 사탕 96개를 8명에게 똑같이 나누면 몇 개씩이야? → 한 사람당 12개씩입니다.
message: 그럼 6명이면?
handle: ${compute}

earlier: What is 15% of 80? → 15% of 80 is 12.
message: Perfect, thanks! What does "percent" mean in Latin?
handle: ${answer}

message: 2027년 광복절은 무슨 요일이야?
handle: ${compute}

`,
];

/**
 * Tools that are not offered by their description: a Python program covers `calculate` and `run_javascript`, reading on
 * in a long output is beyond a small context, and a small model cannot tell what is worth keeping.
 */
const known = new Set([
  ...["run_python", "run_javascript", "calculate", "read_output"],
  ...["memory_save", "memory_forget", "memory_search"],
]);

export type Decision = { readonly kind: "answer" } | { readonly kind: "call"; readonly tool: ToolSpec };

/**
 * Whether to answer or to call a tool, and which: by the odds of the names behind a few examples, not by what the model
 * would write. Our own tools are known to the examples; others are offered by their descriptions' first line.
 */
export async function decide(
  lane: Pick<Lane, "choose">,
  exchanges: readonly Exchange[],
  tools: readonly ToolSpec[],
  signal: AbortSignal,
): Promise<Decision> {
  const own = tools.find(({ name }) => name === "run_python") ?? tools.find(({ name }) => name === "calculate");
  const others = tools.filter(({ name }) => !known.has(name));
  if (!own && others.length === 0) return { kind: "answer" };
  const names = [answer, ...(own ? [compute] : []), ...others.map(({ name }) => name)];
  const odds = await lane.choose(
    promptFor(exchanges, others),
    names.map((name) => ` ${name}`),
    signal,
  );
  const of = (name: string) => odds.get(` ${name}`) ?? 0;
  const [best] = others.toSorted((one, two) => of(two.name) - of(one.name));
  if (best && of(best.name) > of(answer) && of(best.name) > (own ? of(compute) : 0))
    return { kind: "call", tool: best };
  if (own && of(compute) >= sureEnough * (of(compute) + of(answer))) return { kind: "call", tool: own };
  return { kind: "answer" };
}

function promptFor(exchanges: readonly Exchange[], others: readonly ToolSpec[]): Prompt {
  const current = exchanges.at(-1);
  // Quoted facts stand there without an answer.
  const earlier = [exchanges.at(-2)].find((exchange) => exchange?.answer);
  const offered = others.map(({ name, description }) => `${name}: ${oneLine(description, 120)}\n`).join("");
  return [
    offered && `also for the next message:\n${offered}`,
    earlier ? `earlier: ${oneLine(earlier.question, 200)} → ${oneLine(earlier.answer, 200)}\n` : "",
    `message: ${oneLine(current?.question ?? "", 1_000)}\nhandle:`,
  ];
}

function oneLine(text: string, characters: number): string {
  return shorten(text.replace(/\s+/g, " ").trim(), characters);
}
