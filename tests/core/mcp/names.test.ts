import fc from "fast-check";
import { expect, test } from "vitest";
import { nameTools } from "../../../packages/core/src/mcp/names.ts";

const none = new Set<string>();

test("a tool is named after its server and itself", () => {
  expect(nameTools([{ server: "files", tool: "read_file" }], none)).toEqual(["files__read_file"]);
});

test("names that would fall together are told apart, whatever the order", () => {
  const tools = [
    { server: "a", tool: "b__c" },
    { server: "a__b", tool: "c" },
    { server: "a", tool: "b.c" },
  ];

  const names = nameTools(tools, none);

  expect(new Set(names).size).toBe(3);
  expect(nameTools(tools.toReversed(), none)).toEqual(names.toReversed());
});

test("a name that one of our own tools has is never given to a foreign tool", () => {
  const [name] = nameTools([{ server: "a", tool: "b" }], new Set(["a__b"]));

  expect(name).toMatch(/^a__b_[0-9a-f]{8}$/);
});

test("every name is one that providers accept, and no two are the same", () => {
  const tool = fc.record({ server: fc.string({ minLength: 1 }), tool: fc.string({ maxLength: 100 }) });
  fc.assert(
    fc.property(fc.uniqueArray(tool, { selector: ({ server, tool }) => JSON.stringify([server, tool]) }), (tools) => {
      const names = nameTools(tools, none);
      expect(names.every((name) => /^[A-Za-z0-9_-]{1,64}$/.test(name))).toBe(true);
      expect(new Set(names).size).toBe(tools.length);
    }),
  );
});
