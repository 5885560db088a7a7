/** What the commands about long-term facts say to a person. */
export interface MemoryMessages {
  readonly none: string;
  readonly noMatch: string;
  readonly pinned: string;
  readonly ended: string;
  readonly unreadable: (id: string, why: string) => string;
  readonly saved: (id: string) => string;
  readonly known: (id: string) => string;
  readonly unchanged: string;
  readonly keepBothQuestion: (id: string, text: string) => string;
  readonly edited: (id: string, old: string) => string;
  readonly pin: (id: string) => string;
  readonly unpin: (id: string) => string;
  readonly forgetQuestion: (count: number) => string;
  readonly forgetAllQuestion: (count: number) => string;
  readonly versionsQuestion: (count: number) => string;
  readonly forgotten: (count: number) => string;
  readonly stillSaid: (threads: string) => string;
  readonly exported: (count: number, file: string) => string;
  readonly imported: (added: number, known: number) => string;
  readonly byUser: string;
  readonly byAssistant: string;
  readonly validUntil: (date: string) => string;
  readonly writtenByHand: string;
  readonly threadGone: string;
  readonly sources: string;
  readonly versions: string;
  readonly listCommand: string;
  readonly rememberCommand: string;
  readonly forgetCommand: string;
  readonly similar: (id: string, text: string) => string;
  readonly noSuchFact: string;
  readonly forgetSure: (id: string, text: string) => string;
}

export const englishMemory: MemoryMessages = {
  none: "nothing is remembered here yet; chingu memory save TEXT begins, --all lists what no longer holds and other folders",
  noMatch: "nothing that is remembered here matches; --all looks also at what no longer holds and at other folders",
  pinned: "pinned",
  ended: "no longer holds",
  unreadable: (id, why) => `the fact ${id} cannot be read (${why})`,
  saved: (id) => `remembered as ${id}`,
  known: (id) => `known already, as ${id}`,
  unchanged: "nothing has changed",
  keepBothQuestion: (id, text) => `A similar fact is there, ${id}: "${text}". Keep both?`,
  edited: (id, old) => `remembered as ${id}, in place of ${old}`,
  pin: (id) => `${id} is pinned: it comes first, and is never left out for a newer one`,
  unpin: (id) => `${id} is no longer pinned`,
  forgetQuestion: (count) => `Erase ${count === 1 ? "this fact" : `these ${count} facts`} for good?`,
  forgetAllQuestion: (count) =>
    `Erase ${count === 1 ? "this fact" : `these ${count} facts`} and every conversation ${count === 1 ? "it was" : "they were"} said in for good?`,
  versionsQuestion: (count) => `Erase the ${count} earlier ${count === 1 ? "version" : "versions"} too?`,
  forgotten: (count) => `erased ${count} ${count === 1 ? "fact" : "facts"}`,
  stillSaid: (threads) =>
    `the conversations they were said in still hold the words: ${threads} (--with-threads, or chingu threads delete, erases those)`,
  exported: (count, file) => `${count} ${count === 1 ? "fact" : "facts"} written to ${file}`,
  imported: (added, known) => `${added} ${added === 1 ? "fact" : "facts"} added, ${known} here already`,
  byUser: "written by you",
  byAssistant: "saved by the assistant",
  validUntil: (date) => `until ${date}`,
  writtenByHand: "written by hand, not said in a conversation",
  threadGone: "this message is no longer there",
  sources: "said in",
  versions: "versions",
  listCommand: "what is remembered here",
  rememberCommand: "remember TEXT in every conversation",
  forgetCommand: "erase the fact ID for good",
  similar: (id, text) =>
    `a similar fact is there, ${id}: "${text}"; chingu memory edit ${id} corrects it, chingu memory save --keep-both keeps both`,
  noSuchFact: "No fact has that id; /memory lists them.",
  forgetSure: (id, text) => `"${text}" would be erased for good. To do it: /forget ${id} yes`,
};

export const koreanMemory: MemoryMessages = {
  none: "여기서 기억하는 것이 아직 없습니다. chingu memory save 글 로 시작합니다. --all 은 더는 맞지 않는 것과 다른 폴더의 것도 보여 줍니다",
  noMatch: "여기서 기억하는 것 가운데 맞는 것이 없습니다. --all 은 더는 맞지 않는 것과 다른 폴더의 것도 찾습니다",
  pinned: "고정",
  ended: "더는 맞지 않음",
  unreadable: (id, why) => `기억 ${id} 을(를) 읽을 수 없습니다 (${why})`,
  saved: (id) => `${id} (으)로 기억했습니다`,
  known: (id) => `이미 기억하고 있습니다: ${id}`,
  unchanged: "바뀐 것이 없습니다",
  keepBothQuestion: (id, text) => `비슷한 기억이 있습니다. ${id}: "${text}". 둘 다 둘까요?`,
  edited: (id, old) => `${old} 대신 ${id} (으)로 기억했습니다`,
  pin: (id) => `${id} 을(를) 고정했습니다. 늘 먼저 나오고, 새 기억에 밀려나지 않습니다`,
  unpin: (id) => `${id} 의 고정을 풀었습니다`,
  forgetQuestion: (count) => (count === 1 ? "이 기억을 영구히 지울까요?" : `기억 ${count}개를 영구히 지울까요?`),
  forgetAllQuestion: (count) => `기억 ${count}개와 그것을 말한 대화를 모두 영구히 지울까요?`,
  versionsQuestion: (count) => `고치기 전의 내용 ${count}개도 지울까요?`,
  forgotten: (count) => `기억 ${count}개를 지웠습니다`,
  stillSaid: (threads) =>
    `그 말이 오간 대화에는 그대로 남아 있습니다: ${threads} (--with-threads 나 chingu threads delete 로 지웁니다)`,
  exported: (count, file) => `기억 ${count}개를 ${file} 에 썼습니다`,
  imported: (added, known) => `기억 ${added}개를 더했습니다. ${known}개는 이미 있습니다`,
  byUser: "직접 씀",
  byAssistant: "도우미가 저장함",
  validUntil: (date) => `${date} 까지`,
  writtenByHand: "대화가 아니라 직접 쓴 것입니다",
  threadGone: "이 메시지는 더는 없습니다",
  sources: "나온 대화",
  versions: "바뀌어 온 내용",
  listCommand: "여기서 기억하는 것 보기",
  rememberCommand: "글을 모든 대화에서 기억하기",
  forgetCommand: "기억 ID 를 영구히 지우기",
  similar: (id, text) =>
    `비슷한 기억이 있습니다. ${id}: "${text}". 고치려면 chingu memory edit ${id}, 둘 다 두려면 chingu memory save --keep-both`,
  noSuchFact: "그런 기억이 없습니다. /memory 로 볼 수 있습니다.",
  forgetSure: (id, text) => `"${text}" 을(를) 영구히 지웁니다. 지우려면: /forget ${id} yes`,
};
