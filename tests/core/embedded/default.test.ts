import { afterAll, beforeEach, expect, test } from "vitest";
import {
  assistant,
  called,
  callIn,
  eventsOf,
  modelOf,
  needsWeights,
  requestOf,
  runPython,
  textIn,
  user,
  weightsMs,
} from "./kit.ts";

const model = modelOf("default");
beforeEach((context) => needsWeights("default", context), weightsMs);
afterAll(() => model.dispose?.());

const question =
  "한 상자에 사과가 24개씩 든 상자 17개에서 3/8을 팔고 남은 사과를 5명이 똑같이 나누면 한 사람당 몇 개이고 몇 개가 남나요?";

test("the main question becomes a program, and the answer says its numbers in Korean", async () => {
  const asked = await eventsOf(model, requestOf([user(question)], { tools: [runPython] }));
  const code: string = JSON.parse(callIn(asked)?.arguments ?? "{}").code;
  expect(callIn(asked)?.name).toBe("run_python");
  expect(code).toContain("24");
  expect(code).toContain("17");

  const result = { kind: "value", content: "{'한 사람당': 51, '남은 사과': 0}" } as const;
  const answered = await eventsOf(model, requestOf([user(question), ...called(code, result)], { tools: [runPython] }));
  expect(textIn(answered)).toMatch(/51/);
  expect(textIn(answered)).toMatch(/0|남지 않|없/);
  expect(textIn(answered)).toMatch(/\p{Script=Hangul}/u);
}, 600_000);

test("a follow-up uses what was said before", async () => {
  const before = [
    user(question),
    ...called("apples = 24 * 17\nleft = apples - apples * 3 // 8\n{'한 사람당': left // 5, '남은 사과': left % 5}", {
      kind: "value",
      content: "{'한 사람당': 51, '남은 사과': 0}",
    }),
    assistant("한 사람당 51개이고 0개가 남습니다."),
  ];
  const asked = await eventsOf(
    model,
    requestOf([...before, user("그럼 한 사람당 몇 개씩 3명에게 나누면?")], { tools: [runPython] }),
  );

  expect(callIn(asked)?.name).toBe("run_python");
  expect(callIn(asked)?.arguments).toMatch(/24|255|51/);
  expect(callIn(asked)?.arguments).toContain("3");
}, 600_000);

test("small talk is answered without a program", async () => {
  const events = await eventsOf(model, requestOf([user("안녕! 반가워.")], { tools: [runPython] }));

  expect(callIn(events)).toBeUndefined();
  expect(textIn(events)).toMatch(/\p{Script=Hangul}/u);
}, 600_000);
