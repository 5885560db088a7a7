/** What search says to a person. */
export interface SearchMessages {
  readonly nothing: string;
  readonly command: string;
  readonly usage: string;
  readonly open: (number: number) => string;
  readonly noSuchHit: (number: number) => string;
  readonly gone: string;
  readonly goOn: (command: string) => string;
}

export const englishSearch: SearchMessages = {
  nothing: "nothing found",
  command: "find TEXT in every conversation; /search N shows what stands around find N",
  usage: "/search TEXT finds it in every conversation; /search N then shows what stands around find N.",
  open: (number) => `/search ${number} shows what stands around it.`,
  noSuchHit: (number) => `The last search has no find ${number}.`,
  gone: "This message is no longer there.",
  goOn: (command) => `To go on there: ${command}`,
};

export const koreanSearch: SearchMessages = {
  nothing: "찾은 것이 없습니다",
  command: "모든 대화에서 글 찾기; /search N 은 N번째 결과의 앞뒤를 보여 줍니다",
  usage: "/search 글 은 모든 대화에서 찾고, 이어서 /search N 은 N번째 결과의 앞뒤를 보여 줍니다.",
  open: (number) => `/search ${number} 로 앞뒤를 볼 수 있습니다.`,
  noSuchHit: (number) => `지난 검색에 ${number}번째 결과는 없습니다.`,
  gone: "이 메시지는 더는 없습니다.",
  goOn: (command) => `그 대화를 이어 가려면: ${command}`,
};
