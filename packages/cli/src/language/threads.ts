/** What the commands about threads say to a person. */
export interface ThreadMessages {
  readonly rewound: string;
  readonly summaryOf: (from: number, to: number) => string;
  readonly uncompacted: string;
  readonly rewindTo: (seq: number) => string;
  readonly renamed: (id: string, title: string) => string;
  readonly forked: (id: string, from: string, seq: number) => string;
  readonly rewoundTo: (id: string, seq: number, left: number) => string;
  readonly nothingToRewind: string;
  readonly deleteQuestion: (count: number, titles: string) => string;
  readonly forksShare: (ids: string) => string;
  readonly quotedIn: (ids: string) => string;
  readonly factsStay: (count: number) => string;
  readonly deleted: (count: number) => string;
  readonly imported: (id: string, added: number, title: string) => string;
  readonly alreadyHere: (id: string, title: string) => string;
  readonly nothingToImport: (id: string, title: string) => string;
  readonly exported: (count: number, file: string) => string;
  readonly rewindCommand: string;
  readonly forkCommand: string;
  readonly renameCommand: string;
  readonly noThreadYet: string;
  readonly goesOnIn: (id: string) => string;
}

export const englishThreads: ThreadMessages = {
  rewound: "rewound",
  summaryOf: (from, to) => `summary of ${from} to ${to}`,
  uncompacted: "the summary no longer counts",
  rewindTo: (seq) => (seq === 0 ? "rewound to the start" : `rewound to ${seq}`),
  renamed: (id, title) => `${id} is now called "${title}"`,
  forked: (id, from, seq) => `${id} goes on from row ${seq} of ${from}`,
  rewoundTo: (id, seq, left) =>
    `${id} goes on ${seq === 0 ? "from its start" : `behind row ${seq}`}; ${left} later ${left === 1 ? "message is" : "messages are"} kept, but no longer part of it`,
  nothingToRewind: "there is nothing to rewind",
  deleteQuestion: (count, titles) =>
    `Delete ${count === 1 ? "this thread" : `these ${count} threads`} for good? ${titles}`,
  forksShare: (ids) => `copies of these words stay in forks: ${ids} (--with-forks deletes them too)`,
  quotedIn: (ids) => `the model has quoted these words in other threads, where they stay: ${ids}`,
  factsStay: (count) =>
    `${count} ${count === 1 ? "fact that was" : "facts that were"} saved there ${count === 1 ? "stays" : "stay"} (--with-facts deletes them too; chingu memory list shows them)`,
  deleted: (count) => `deleted ${count} ${count === 1 ? "thread" : "threads"}`,
  imported: (id, added, title) => `${id}  ${added} ${added === 1 ? "row" : "rows"}  ${title}`,
  alreadyHere: (id, title) => `${id}  here already  ${title}`,
  nothingToImport: (id, title) => `${id}  empty, nothing to import  ${title}`,
  exported: (count, file) => `${count} ${count === 1 ? "thread" : "threads"} written to ${file}`,
  rewindCommand: "take back the last turn, or the last N",
  forkCommand: "go on in a copy of this thread, from here or from row N",
  renameCommand: "give this thread another title",
  noThreadYet: "Nothing was said in this thread yet.",
  goesOnIn: (id) => `The conversation goes on in ${id}.`,
};

export const koreanThreads: ThreadMessages = {
  rewound: "되돌려짐",
  summaryOf: (from, to) => `${from}~${to}번 요약`,
  uncompacted: "그 요약은 이제 쓰지 않습니다",
  rewindTo: (seq) => (seq === 0 ? "처음으로 되돌림" : `${seq}번으로 되돌림`),
  renamed: (id, title) => `${id}: 새 제목 "${title}"`,
  forked: (id, from, seq) => `${from}의 ${seq}번까지 옮겨 새 대화에서 이어집니다: ${id}`,
  rewoundTo: (id, seq, left) =>
    `${id}: ${seq === 0 ? "처음부터" : `${seq}번 뒤에서`} 이어집니다. 그 뒤의 메시지 ${left}개는 남아 있지만 대화에는 들어가지 않습니다`,
  nothingToRewind: "되돌릴 것이 없습니다",
  deleteQuestion: (count, titles) => `대화 ${count}개를 영구히 지울까요? ${titles}`,
  forksShare: (ids) => `갈라져 나온 대화에 같은 말이 남습니다: ${ids} (--with-forks 로 함께 지웁니다)`,
  quotedIn: (ids) => `모델이 다른 대화에서 이 말을 인용했고 그대로 남습니다: ${ids}`,
  factsStay: (count) =>
    `여기서 저장한 기억 ${count}개는 남습니다 (--with-facts 로 함께 지웁니다. 목록: chingu memory list)`,
  deleted: (count) => `대화 ${count}개를 지웠습니다`,
  imported: (id, added, title) => `${id}  ${added}행  ${title}`,
  alreadyHere: (id, title) => `${id}  이미 있음  ${title}`,
  nothingToImport: (id, title) => `${id}  비어 있어 가져올 것이 없음  ${title}`,
  exported: (count, file) => `대화 ${count}개를 ${file} 에 썼습니다`,
  rewindCommand: "마지막 차례(또는 N개)를 되돌리기",
  forkCommand: "이 대화의 사본에서 이어 가기 (지금 또는 N번 행부터)",
  renameCommand: "이 대화의 제목 바꾸기",
  noThreadYet: "이 대화에서는 아직 아무 말도 하지 않았습니다.",
  goesOnIn: (id) => `대화가 이어지는 곳: ${id}`,
};
