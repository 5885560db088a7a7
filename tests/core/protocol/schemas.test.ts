import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { createSchemaCompiler } from "../../../packages/core/src/agent/validate.ts";
import { schemaDocuments } from "../../../scripts/schemas.ts";
import { httpError, text, toolCall } from "../../kit/model-server.ts";
import { agentWith, allEvents } from "../agent/support.ts";

const documents = schemaDocuments();

test.each(Object.keys(documents))(
  "docs/schema/%s is what the types say; `node scripts/schemas.ts` writes it anew",
  async (name) => {
    const checkedIn = await readFile(new URL(`../../../docs/schema/${name}`, import.meta.url), "utf8");
    expect(checkedIn).toBe(documents[name]);
  },
);

test("the lines of real turns fit events.json, and their results fit result.json", async () => {
  const compile = createSchemaCompiler();
  const [event, result] = ["events.json", "result.json"].map((name) => {
    const compiled = compile(JSON.parse(documents[name] ?? ""));
    if (compiled.kind === "unusable") throw new Error(compiled.reason);
    return compiled.validate;
  });
  await using kit = await agentWith([
    toolCall("add", { a: 1, b: 2 }, { reasoning: "hm" }),
    text("3"),
    text('{"a": [null, 1]}'),
    httpError(401, "bad key"),
  ]);
  const options = [{}, { outputSchema: { type: "object" } }, {}];
  const events = [];
  for (const each of options) events.push(...(await allEvents(kit.agent.turn("1 + 2?", each))));
  const lines = events.map((one) => JSON.parse(JSON.stringify({ v: 1, ...one })));
  expect(lines.map((line) => event?.(line))).toEqual(lines.map(() => []));
  const results = lines.flatMap((line) => (line.type === "turn_end" ? [line.result] : []));
  expect(results.map((one) => result?.(one))).toEqual([[], [], []]);

  expect(event?.({ ...lines[0], v: 2 })).not.toEqual([]);
  expect(event?.({ ...lines[0], type: "unheard_of" })).not.toEqual([]);
  expect(result?.({ ...results[0], answer: null })).not.toEqual([]);
});
