import { expect, test } from "vitest";
import { verifySummary } from "../../../packages/core/src/agent/compaction/verify-summary.ts";

const said = [
  "user: 설정은 packages/core/src/config/load.ts 에 있고 포트는 6379 입니다. 담당은 kim@example.com",
  'assistant calls run_python: {"code": "24 * 17"}',
  "run_python returns: 408",
  "user: see https://example.org/docs?page=2, README.md and C:\\logs\\out.txt; it took 1,234.5 ms and 10 MB, in version v1.2.3",
  'assistant calls read_file: {"path": "lib\\\\open\\\\x.ts"}',
  "user: 예산은 오백만 원이고 인원은 스물네 명, 기한은 ３０ 일",
  "assistant: useEffect calls parse_line in ~/notes, 3만 5천 원, sha 9f8a7c",
];

test.each([
  "## 목표\n`packages/core/src/config/load.ts`를 고친다. 포트는 6379이고 load.ts를 쓴다.",
  "## Facts\nSee https://example.org/docs?page=2. README.md says 1234.5 ms, 10MB and v1.2.3; out.txt is at C:\\logs\\out.txt.",
  "## Done\nrun_python gave 408; useEffect와 parse_line을 보았다. 값은 35,000원, 9f8a7c.",
  "## Facts\nlib\\open\\x.ts를 읽었다. 예산 5,000,000원, 오백만 원. 포트는 ６３７９, 삼만 오천 원, 30일, 만일 이 일이 되면",
  "## Open\n1. ask kim@example.com and/or look at ~/notes\n2. e.g. write it down, i.e. in a file, input/output etc.",
])("a summary that keeps to what was said is good: %s", (summary) => {
  expect(verifySummary(summary, said)).toEqual({ kind: "good" });
});

test.each([
  ["a path", "packages/core/src/config/save.ts was changed", "packages/core/src/config/save.ts"],
  ["a file", "설정은 save.ts에 있다", "save.ts"],
  ["a path from a root", "it is in /etc/passwd", "/etc/passwd"],
  ["a number", "포트는 6380이다", "6380"],
  ["a number in full width", "포트는 ６３８０이다", "6380"],
  ["a number in words", "예산은 삼백만 원이다", "삼백만"],
  ["a path of Windows", "lib\\secret\\x.ts 고침", "lib\\secret\\x.ts"],
  ["a digit more", "it gave 4080", "4080"],
  ["an address", "see https://example.org/docs?page=3", "https://example.org/docs?page=3"],
  ["a mail address", "ask lee@example.com", "lee@example.com"],
  ["an identifier", "useMemo와 parse_lines를 부른다", "useMemo"],
  ["a piece of a longer name", "see oad.ts and url", "oad.ts"],
  ["a version", "with v1.2.4", "v1.2.4"],
  ["something quoted as code", "run `rm -rf build`", "rm -rf build"],
])("a summary that names %s nobody named is not", (_, summary, invented) => {
  const verdict = verifySummary(summary, said);
  expect(verdict).toMatchObject({ kind: "bad", why: "invented" });
  expect(verdict.kind === "bad" && verdict.detail?.split(", ")).toContain(invented);
});

test.each(["", " \n", "NONE", "None.", "없음", "## Goal\n-\n## Done\n- none\n"])("%j says nothing", (summary) => {
  expect(verifySummary(summary, said)).toEqual({ kind: "bad", why: "empty" });
});
