import type { Compaction, TurnStatus } from "@chingu/core/protocol";
import { englishCompaction, koreanCompaction } from "../language/compaction.ts";

/** Every string the terminal shows, in one language. */
export interface TerminalLabels {
  readonly stopHint: string;
  readonly stopping: string;
  readonly working: string;
  readonly thinking: string;
  readonly writing: string;
  readonly callingTool: (name: string) => string;
  readonly seconds: (count: number) => string;
  readonly queued: string;
  readonly moreQueued: (count: number) => string;
  readonly moreTools: (count: number) => string;
  readonly quitAgain: string;
  readonly moreLines: (count: number) => string;
  readonly pasted: (number: number, lines: number) => string;
  readonly retrying: (attempt: number) => string;
  /** Rows already printed cannot be taken back: said under them. */
  readonly withdrawn: string;
  readonly compacted: (compaction: Compaction) => string;
  readonly toolFailed: string;
  readonly toolUnknown: string;
  readonly toolStopped: string;
  readonly receipts: string;
  readonly openReceipts: string;
  readonly noReceipts: string;
  readonly agree: (programs: number, of: number) => string;
  readonly program: string;
  readonly output: string;
  readonly value: string;
  readonly notComputed: (numbers: string) => string;
  readonly status: Readonly<Record<Exclude<TurnStatus, "completed">, string>>;
  readonly approval: (tool: string) => string;
  readonly approvalQuestion: string;
  readonly approvalQuestionAlways: string;
  readonly alwaysRule: (rule: string, folder: string) => string;
  readonly alwaysQuestion: string;
  /** The status while a question is open. */
  readonly waitingForYou: string;
  readonly allowed: string;
  readonly allowedAlways: string;
  readonly denied: string;
  /** The turn was stopped before the question was answered. */
  readonly leftOpen: string;
  readonly unknownCommand: (name: string) => string;
  readonly commandFailed: (name: string, message: string) => string;
  readonly commands: string;
  readonly keys: string;
  readonly keyList: ReadonlyArray<readonly [keys: string, meaning: string]>;
  readonly help: string;
  readonly quit: string;
  readonly why: string;
  readonly earlier: (count: number) => string;
  readonly internal: string;
}

export const english: TerminalLabels = {
  stopHint: "Esc to stop",
  stopping: "stopping",
  working: "working",
  thinking: "thinking",
  writing: "writing",
  callingTool: (name) => `preparing ${name}`,
  seconds: (count) => `${count}s`,
  queued: "next",
  moreQueued: (count) => `${count} more waiting`,
  moreTools: (count) => `${count} more running`,
  quitAgain: "Press Ctrl-C again to quit",
  moreLines: (count) => `... ${count} more ${count === 1 ? "line" : "lines"}`,
  pasted: (number, lines) => `[paste #${number}, ${lines} ${lines === 1 ? "line" : "lines"}]`,
  retrying: (attempt) => `trying again (${attempt})`,
  compacted: englishCompaction.line,
  withdrawn: "The text above is withdrawn: the answer starts again.",
  toolFailed: "failed",
  toolUnknown: "no answer; it may have run",
  toolStopped: "stopped",
  receipts: "receipts",
  openReceipts: "/why",
  noReceipts: "The last answer has no receipts.",
  agree: (programs, of) => `${programs} of ${of} agree`,
  program: "program",
  output: "output",
  value: "value",
  notComputed: (numbers) => `≈ ${numbers}: in no tool result, message or quote`,
  status: {
    refused: "The model declined to answer.",
    incomplete: "The answer is incomplete.",
    aborted: "Stopped.",
    failed: "No answer.",
    max_steps: "Stopped at the limit of steps.",
    max_tokens: "Stopped at the limit of tokens.",
    max_cost: "Stopped at the limit of cost.",
    max_time: "Stopped at the time limit.",
    repeating: "Stopped: the model kept repeating itself.",
    denied: "Stopped: a tool call was denied.",
    unverified: "The answer could not be verified.",
  },
  approval: (tool) => `${tool} asks to run:`,
  approvalQuestion: "Allow it? y = yes, n = no (Enter: no)",
  approvalQuestionAlways: "Allow it? y = yes, n = no, a = always (Enter: no)",
  alwaysRule: (rule, folder) => `The rule "allow ${rule}" would be kept for ${folder}`,
  alwaysQuestion: "Keep this rule and allow the call? y = yes, n = no (Enter: no)",
  waitingForYou: "waiting for your answer",
  allowed: "allowed",
  allowedAlways: "allowed, and the rule is kept",
  denied: "denied",
  leftOpen: "not answered, and not run; `chingu resume` asks again",
  unknownCommand: (name) => `There is no command /${name}. /help lists them.`,
  commandFailed: (name, message) => `/${name} failed: ${message}`,
  commands: "Commands",
  keys: "Keys",
  keyList: [
    ["Enter", "send"],
    ["Ctrl-J, \\ Enter", "new line"],
    ["Up, Down", "earlier texts"],
    ["Esc, Ctrl-C", "stop the running turn"],
    ["Ctrl-C", "clear the input; twice when empty: quit"],
    ["Ctrl-D", "quit, on an empty line"],
  ],
  help: "what can be typed here",
  quit: "leave",
  why: "the receipts of the last answer in full",
  earlier: (count) => `(${count} earlier ${count === 1 ? "message" : "messages"})`,
  internal: "Something in Chingu broke. Your text is kept; please send it again.",
};

export const korean: TerminalLabels = {
  stopHint: "Esc로 중지",
  stopping: "멈추는 중",
  working: "작업 중",
  thinking: "생각 중",
  writing: "쓰는 중",
  callingTool: (name) => `${name} 준비 중`,
  seconds: (count) => `${count}초`,
  queued: "다음",
  moreQueued: (count) => `${count}개 더 대기 중`,
  moreTools: (count) => `${count}개 더 실행 중`,
  quitAgain: "끝내려면 Ctrl-C를 한 번 더 누르세요",
  moreLines: (count) => `... ${count}줄 더`,
  pasted: (number, lines) => `[붙여넣기 #${number}, ${lines}줄]`,
  retrying: (attempt) => `다시 시도하는 중 (${attempt})`,
  compacted: koreanCompaction.line,
  withdrawn: "위의 글은 취소되었습니다. 답을 처음부터 다시 씁니다.",
  toolFailed: "실패",
  toolUnknown: "응답 없음; 실행되었을 수 있습니다",
  toolStopped: "중지됨",
  receipts: "근거",
  openReceipts: "/why",
  noReceipts: "마지막 답에는 근거가 없습니다.",
  agree: (programs, of) => `${of}개 중 ${programs}개 일치`,
  program: "프로그램",
  output: "출력",
  value: "값",
  notComputed: (numbers) => `≈ ${numbers}: 도구 결과, 메시지, 인용 어디에도 없는 수입니다`,
  status: {
    refused: "모델이 답하지 않았습니다.",
    incomplete: "답이 끝까지 오지 않았습니다.",
    aborted: "중지했습니다.",
    failed: "답을 받지 못했습니다.",
    max_steps: "단계 수 한도에서 멈췄습니다.",
    max_tokens: "토큰 한도에서 멈췄습니다.",
    max_cost: "비용 한도에서 멈췄습니다.",
    max_time: "시간 한도에서 멈췄습니다.",
    repeating: "모델이 같은 말을 되풀이해 멈췄습니다.",
    denied: "도구 실행이 거절되어 멈췄습니다.",
    unverified: "답을 확인하지 못했습니다.",
  },
  approval: (tool) => `${tool} 도구가 실행을 요청합니다:`,
  approvalQuestion: "허용할까요? y = 예, n = 아니요 (Enter: 아니요)",
  approvalQuestionAlways: "허용할까요? y = 예, n = 아니요, a = 항상 (Enter: 아니요)",
  alwaysRule: (rule, folder) => `저장할 규칙: "allow ${rule}", 적용 폴더: ${folder}`,
  alwaysQuestion: "이 규칙을 저장하고 호출을 허용할까요? y = 예, n = 아니요 (Enter: 아니요)",
  waitingForYou: "답을 기다리는 중",
  allowed: "허용함",
  allowedAlways: "허용함, 규칙 저장함",
  denied: "거절함",
  leftOpen: "답하지 않아 실행하지 않았습니다. `chingu resume` 으로 다시 물을 수 있습니다",
  unknownCommand: (name) => `/${name} 명령은 없습니다. /help로 목록을 볼 수 있습니다.`,
  commandFailed: (name, message) => `/${name} 명령이 실패했습니다: ${message}`,
  commands: "명령",
  keys: "키",
  keyList: [
    ["Enter", "보내기"],
    ["Ctrl-J, \\ Enter", "줄바꿈"],
    ["위, 아래", "앞서 보낸 글"],
    ["Esc, Ctrl-C", "진행 중인 답 중지"],
    ["Ctrl-C", "입력 지우기; 빈 줄에서 두 번이면 끝내기"],
    ["Ctrl-D", "빈 줄에서 끝내기"],
  ],
  help: "쓸 수 있는 명령과 키",
  quit: "끝내기",
  why: "마지막 답의 근거 전체",
  earlier: (count) => `(이전 메시지 ${count}개)`,
  internal: "Chingu 내부에 문제가 생겼습니다. 글은 그대로 있으니 다시 보내 주세요.",
};
