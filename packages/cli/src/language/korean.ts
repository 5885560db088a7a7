import { koreanCompaction } from "./compaction.ts";
import { koreanMemory } from "./memory.ts";
import type { Messages } from "./messages.ts";
import { koreanSearch } from "./search.ts";
import { koreanStore } from "./store.ts";
import { koreanThreads } from "./threads.ts";

export const korean: Messages = {
  error: "오류",
  stopped: "중단했습니다",
  compaction: koreanCompaction,
  withdrawn: "(위의 글은 취소되었습니다. 답을 처음부터 다시 씁니다)",
  retry: (attempt, why) => `다시 시도합니다 (${attempt}): ${why}`,
  running: (tool) => `${tool} 실행 중…`,
  unsupported: (numbers) => `≈ 계산하지 않은 수: ${numbers} (도구 결과, 메시지, 인용 어디에도 없음)`,
  denied: (tool, reason) => `거부됨: ${tool} (${reason})`,
  spent: (steps, input, output, cost) => `${steps}단계, 입력 ${input} 토큰, 출력 ${output} 토큰, ${cost}`,
  unknownCost: "비용 알 수 없음",
  smallModel: "이 컴퓨터에서 도는 작은 모델입니다. 다른 모델을 쓰려면: chingu setup",
  newThread: "이 폴더에 이어 갈 대화가 없어 새로 시작합니다",
  noThreads: "아직 대화가 없습니다",
  corruptRow: (seq, why) => `${seq}번째 줄을 읽을 수 없습니다 (${why})`,
  terminalHint: "/help 로 명령을 볼 수 있고, Ctrl-D 로 끝냅니다.",
  downloadQuestion: (name, megabytes, licence) => `${name}(${megabytes} MB, ${licence})을 한 번 내려받을까요?`,
  consentQuestion: (file) => `${file} 파일이 다음 도구 서버를 시작하려고 합니다. 허용할까요?`,
  more: (command) => `더 보기: ${command}`,
  installed: "설치됨",
  notInstalled: "내려받지 않음",
  removed: (name) => `${name} 삭제함`,
  removeQuestion: (name) => `이 컴퓨터에서 ${name} 모델을 지울까요?`,
  toolsCommand: "도구 목록 보기",
  newCommand: "새 대화 시작",
  newStarted: "새 대화를 시작합니다.",
  allowQuestion: "허용할까요?",
  alwaysQuestion: (rule, folder) => `${folder} 폴더에 "allow ${rule}" 규칙을 저장하고 이번 호출도 허용할까요?`,
  callWaits: "이 대화에 답을 기다리는 도구 호출이 있습니다.",
  checking: (url) => `${url} 을(를) 짧은 요청으로 확인합니다…`,
  setUp: (model, file) => `${model} 이(가) 답합니다. ${file} 에 저장했습니다.`,
  whichEndpoint: "어떤 엔드포인트를 쓸까요?",
  whichUrl: "주소 (/v1 까지)",
  whichKey: "키 (본인만 읽을 수 있는 설정 파일에 저장합니다)",
  whichModel: "어떤 모델을 쓸까요?",
  store: koreanStore,
  threads: koreanThreads,
  memory: koreanMemory,
  search: koreanSearch,
};
