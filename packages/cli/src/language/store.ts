import type { Failure } from "@chingu/core/protocol";

/** What is said about the place where threads are kept. */
export interface StoreMessages {
  /** A warning of the store in this language. */
  readonly warning: (warning: Failure) => Failure;
  readonly started: (why: string, spare: string) => string;
  readonly kept: (why: string, spare: string) => string;
  readonly merged: (threads: number, facts: number) => string;
  readonly waiting: (why: string, spare: string) => string;
}

export const englishStore: StoreMessages = {
  warning: (warning) => warning,
  started: (why, spare) =>
    `${why} Until it is back, threads and facts are kept in ${spare}, and earlier ones are out of sight.`,
  kept: (why, spare) =>
    `${why} What was said since is kept in ${spare}; the next start that reaches the store puts it there.`,
  merged: (threads, facts) => {
    const gained = [
      ...(threads > 0 ? [`${threads} ${threads === 1 ? "thread" : "threads"}`] : []),
      ...(facts > 0 ? [`${facts} ${facts === 1 ? "fact" : "facts"}`] : []),
    ];
    return `${gained.join(" and ")} kept on this machine went to the store.`;
  },
  waiting: (why, spare) => `What is kept in ${spare} could not go to the store: ${why}`,
};

/** By code: the values stand in the English sentence, which scripts read. */
const koreanWarnings: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  store_not_durable: [
    "Redis 가 디스크에 기록을 남기지 않아(appendonly no), 꺼지면 마지막 대화가 사라집니다.",
    "Redis 에서 CONFIG SET appendonly yes, 이어서 CONFIG REWRITE 를 실행하세요.",
  ],
  store_syncs_late: [
    "Redis 가 기록을 디스크에 언제 쓸지 운영 체제에 맡깁니다(appendfsync no).",
    "Redis 에서 CONFIG SET appendfsync everysec, 이어서 CONFIG REWRITE 를 실행하세요.",
  ],
  store_evicts: [
    "Redis 는 메모리가 가득 차면 스레드를 통째로, 아무 말 없이 지울 수 있습니다(maxmemory-policy).",
    "Redis 에서 CONFIG SET maxmemory-policy noeviction, 이어서 CONFIG REWRITE 를 실행하세요.",
  ],
  store_unchecked: [
    "Redis 가 설정을 알려 주지 않아, 스레드가 안전한지 확인하지 못했습니다.",
    "appendonly yes 와 maxmemory-policy noeviction 으로 실행 중인지 확인하세요.",
  ],
  store_corrupt: [
    "기억 파일이 손상되었습니다. 파일은 그대로 두었습니다.",
    "`sqlite3 파일 .recover` 로 내용을 살릴 수 있습니다. 새로 시작하려면 -wal, -shm 파일과 함께 이름을 바꾸세요.",
  ],
  store_unavailable: [
    "저장소에 연결할 수 없어 이 컴퓨터에 저장하고 있습니다.",
    "저장소를 켜고 CHINGU_MEMORY_URL 을 확인하세요. 다시 연결되면 저장한 내용을 옮깁니다.",
  ],
};

export const koreanStore: StoreMessages = {
  warning: (warning) => {
    const [message, hint] = koreanWarnings[warning.code] ?? [];
    return message === undefined || hint === undefined ? warning : { code: warning.code, message, hint };
  },
  started: (why, spare) =>
    `저장소에 연결할 수 없습니다(${why}). 다시 연결될 때까지 ${spare} 에 저장하며, 그 전의 스레드와 기억은 보이지 않습니다.`,
  kept: (why, spare) =>
    `저장소와 연결이 끊겼습니다(${why}). 그 뒤의 대화는 ${spare} 에 저장했고, 다음에 연결되면 저장소로 옮깁니다.`,
  merged: (threads, facts) => {
    const gained = [...(threads > 0 ? [`스레드 ${threads}개`] : []), ...(facts > 0 ? [`기억 ${facts}개`] : [])];
    return `이 컴퓨터에 저장했던 ${gained.join("와 ")}를 저장소로 옮겼습니다.`;
  },
  waiting: (why, spare) => `${spare} 에 저장한 내용을 저장소로 옮기지 못했습니다: ${why}`,
};
