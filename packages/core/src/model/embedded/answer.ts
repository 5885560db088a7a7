import type { ToolOutcome } from "../../protocol/index.ts";
import { type Exchange, newestThatFit, shorten, usesHangul } from "./conversation.ts";
import type { Lane } from "./lane.ts";
import { saysNumbersOf } from "./numerals.ts";
import { type Prompt, reply, turn } from "./prompt.ts";
import { codeOf } from "./write-program.ts";

const maxTokens = 700;

export function answerPrefix(system: string): Prompt {
  return turn("system", shorten(system, 2_000));
}

/**
 * The answer for the person, in the question's language: after tools, from what they returned; else from the
 * conversation. The oldest exchanges are left out when there is no room for all.
 */
export function writeAnswer(
  lane: Lane,
  exchanges: readonly Exchange[],
  options: { readonly maxTokens?: number; readonly onCut: () => void },
  signal: AbortSignal,
): AsyncGenerator<string, "stop" | "length", void> {
  const output = Math.min(options.maxTokens ?? maxTokens, maxTokens);
  const room = lane.room(output);
  const current = exchanges.at(-1) ?? { question: "", calls: [], answer: "" };
  let now = [...lastTurns(current), ...reply()];
  if (lane.count(now) > room) {
    options.onCut();
    // A token is at least about one character, so this fits.
    now = [...lastTurns({ ...current, question: shorten(current.question, Math.floor(room / 3)) }), ...reply()];
  }
  const before = newestThatFit(exchanges.slice(0, -1).map(pastTurns), room - lane.count(now), (prompt) =>
    lane.count(prompt),
  );
  return lane.write([...before.flat(), ...now], { maxTokens: output }, signal);
}

/** A small model sometimes talks around the result: what it left out of a short one, to be put behind its answer. */
export function leftOut(exchange: Exchange | undefined, said: string): string | undefined {
  const last = exchange?.calls.at(-1);
  if (last?.outcome?.kind !== "value" || codeOf(last.call.arguments) === undefined) return undefined;
  const result = (last.outcome.display ?? last.outcome.content).trim();
  if (result.length > 200 || result.includes("\n") || saysNumbersOf(result, said)) return undefined;
  const plain = result.replace(/[{}'"]/g, "");
  return ` (${usesHangul(exchange?.question ?? "") ? "결과" : "Result"}: ${plain})`;
}

function pastTurns({ question, answer }: Exchange): Prompt {
  return [...turn("user", shorten(question, 1_500)), ...turn("assistant", shorten(answer, 1_500) || "…")];
}

function lastTurns({ question, calls }: Exchange): Prompt {
  const korean = usesHangul(question);
  const last = calls.at(-1);
  if (!last) return turn("user", question);
  const code = codeOf(last.call.arguments);
  const used =
    code === undefined
      ? `${last.call.name} ${shorten(last.call.arguments, 400)}`
      : `\`\`\`python\n${shorten(code, 1_500)}\n\`\`\``;
  return [
    ...turn("user", question),
    ...turn("assistant", used),
    ...turn("user", last.outcome?.kind === "value" ? useResult(last.outcome, korean) : sayFailed(last.outcome, korean)),
  ];
}

function useResult(outcome: Extract<ToolOutcome, { kind: "value" }>, korean: boolean): string {
  const result = shorten(outcome.content, 3_000);
  return korean
    ? `실행 결과:\n${result}\n\n이 결과로 처음 질문에 한국어 한두 문장으로 답해 줘. 결과의 숫자를 그대로 쓰고, 물어본 것을 빠짐없이 말하고, 코드나 계산 과정은 쓰지 마.`
    : `Result:\n${result}\n\nAnswer the question from this result in one or two sentences. Use exactly these numbers, cover everything that was asked, and show no code and no working.`;
}

function sayFailed(outcome: ToolOutcome | undefined, korean: boolean): string {
  const reason = shorten(outcome && outcome.kind !== "value" ? outcome.message : "no result", 500);
  return korean
    ? `실행하지 못했어:\n${reason}\n\n계산에 실패해서 답할 수 없다고 한국어 한두 문장으로 말해 줘. 숫자를 지어내지 마.`
    : `It failed:\n${reason}\n\nSay in one or two sentences that this failed and that you cannot give the result. Make up no numbers.`;
}
