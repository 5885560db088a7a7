import type { Compaction, SummaryRefusal } from "@chingu/core/protocol";

/** What is said when a conversation outgrows the model's window. */
export interface CompactionMessages {
  /** One line for one compaction. */
  readonly line: (compaction: Compaction) => string;
  readonly compactCommand: string;
  readonly uncompactCommand: string;
  readonly nothing: string;
  readonly notSummarised: string;
  readonly refused: (why: SummaryRefusal, detail: string | undefined) => string;
  readonly takenBack: (from: number, to: number) => string;
  readonly more: (count: number) => string;
  readonly usage: string;
}

const thousands = (tokens: number) => (tokens < 1_000 ? String(tokens) : `${Math.round(tokens / 100) / 10}k`);

const englishWhy: Readonly<Record<SummaryRefusal, string>> = {
  empty: "the summary said nothing",
  cut: "the summary was cut at the output limit",
  longer: "the summary was longer than the messages",
  invented: "the summary named what no message says",
  timeout: "the summary took too long",
  failed: "no summary could be had",
  refused: "the model declined to summarise",
  changed: "the thread was changed meanwhile",
};

const because = (why: string, detail: string | undefined) => (detail === undefined ? why : `${why}: ${detail}`);

export const englishCompaction: CompactionMessages = {
  line(compaction) {
    const { kind, droppedMessages, stubbedResults, tokensBefore, tokensAfter, refused } = compaction;
    const size = `${thousands(tokensBefore)} → ${thousands(tokensAfter)} tokens; the thread keeps everything`;
    if (kind === "stubs") return `${stubbedResults} older tool results are shortened from here on (${size})`;
    const messages = `${droppedMessages} earlier ${droppedMessages === 1 ? "message" : "messages"}`;
    if (kind === "summary") return `A summary stands for ${messages} from here on (${size}). /compact show, /uncompact`;
    const why = refused ? ` (${because(englishWhy[refused.why], refused.detail)})` : "";
    return `${messages} no longer fit and are left out from here on${why} (${size})`;
  },
  compactCommand: "summarise everything but the last two turns; /compact show: what the model no longer sees",
  uncompactCommand: "take the summary back",
  nothing: "There is nothing to summarise before the last two turns.",
  notSummarised: "Nothing is summarised or left out.",
  refused: (why, detail) => `Nothing was changed: ${because(englishWhy[why], detail)}.`,
  takenBack: (from, to) =>
    `The summary of rows ${from} to ${to} no longer counts. What does not fit is left out; /compact summarises again.`,
  more: (count) => `… ${count} more …`,
  usage: "/compact, or /compact show",
};

const koreanWhy: Readonly<Record<SummaryRefusal, string>> = {
  empty: "요약에 내용이 없습니다",
  cut: "요약이 출력 한도에서 잘렸습니다",
  longer: "요약이 원래 메시지보다 깁니다",
  invented: "요약에 어느 메시지에도 없는 것이 들어 있습니다",
  timeout: "요약이 너무 오래 걸렸습니다",
  failed: "요약을 받지 못했습니다",
  refused: "모델이 요약하지 않았습니다",
  changed: "그사이 대화가 바뀌었습니다",
};

export const koreanCompaction: CompactionMessages = {
  line(compaction) {
    const { kind, droppedMessages, stubbedResults, tokensBefore, tokensAfter, refused } = compaction;
    const size = `${thousands(tokensBefore)} → ${thousands(tokensAfter)} 토큰, 대화에는 모두 남아 있습니다`;
    if (kind === "stubs") return `여기서부터 이전 도구 결과 ${stubbedResults}개를 줄여서 보냅니다 (${size})`;
    if (kind === "summary")
      return `여기서부터 앞선 메시지 ${droppedMessages}개를 요약으로 대신합니다 (${size}). /compact show, /uncompact`;
    const why = refused ? ` (${because(koreanWhy[refused.why], refused.detail)})` : "";
    return `앞선 메시지 ${droppedMessages}개가 더는 들어가지 않아 여기서부터 빠집니다${why} (${size})`;
  },
  compactCommand: "마지막 두 차례를 뺀 나머지를 요약; /compact show: 모델이 더는 보지 않는 것",
  uncompactCommand: "요약을 되돌리기",
  nothing: "마지막 두 차례 앞에 요약할 것이 없습니다.",
  notSummarised: "요약하거나 뺀 것이 없습니다.",
  refused: (why, detail) => `바뀐 것이 없습니다: ${because(koreanWhy[why], detail)}.`,
  takenBack: (from, to) =>
    `${from}~${to}번 요약을 이제 쓰지 않습니다. 들어가지 않는 것은 빠집니다. /compact 로 다시 요약할 수 있습니다.`,
  more: (count) => `… ${count}개 더 …`,
  usage: "/compact 또는 /compact show",
};
