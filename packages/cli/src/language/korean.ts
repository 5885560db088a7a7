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
  damaged: "손상됨: 다시 pull 하세요",
  keepingInterpreter: "프로그램이 바로 시작하도록 sympy 를 한 번 읽어 둡니다…",
  ownPackages: (folder) => `${folder} 의 wheel 이 이것보다 앞섭니다`,
  removed: (name) => `${name} 삭제함`,
  removeQuestion: (name) => `이 컴퓨터에서 ${name} 파일을 지울까요?`,
  toolsCommand: "도구 목록 보기",
  palCommand: "프로그램의 출력으로 답하기 켜고 끄기, /pal 5 는 다섯 프로그램의 다수결",
  palOn: (samples) =>
    samples === 1
      ? "이제 프로그램이 낸 값이 답입니다. /pal off 로 끕니다."
      : `이제 프로그램 ${samples}개가 가장 많이 낸 값이 답입니다. /pal off 로 끕니다.`,
  palOff: "다시 모델의 말로 답합니다.",
  palUsage: "/pal 은 켜고 끄기, /pal 5 는 프로그램 다섯 개(최대 40개), /pal off 는 끄기입니다.",
  agree: (programs, of) => `${of}개 중 ${programs}개 일치`,
  noReceipts: "이 대화에는 근거가 없습니다",
  receiptHolds: "해시가 맞습니다",
  receiptBroken: "해시가 맞지 않습니다. 실행한 뒤에 프로그램이나 값, 출력이 바뀌었습니다",
  rerunSame: "같음",
  rerunDiffers: "다름",
  rerunFailed: (why) => `실행할 수 없음: ${why}`,
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
