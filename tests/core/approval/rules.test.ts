import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRules, type Decision } from "../../../packages/core/src/approval/rules.ts";
import type { Tool } from "../../../packages/core/src/protocol/index.ts";

const tool = (fields: Partial<Tool> = {}): Tool => ({
  name: "files__read",
  description: "",
  inputSchema: {},
  server: "files",
  trusted: false,
  annotations: { readOnly: true, openWorld: false },
  ...fields,
});
// Rules decide at once; only a policy of somebody else's may take its time.
const decide = (rules: readonly string[], about: Tool) =>
  createRules(rules)({ id: "c", name: about.name, arguments: "{}" }, about) as Decision;

describe("without a rule", () => {
  test("our own tool that only reads runs", () => {
    expect(decide([], tool({ name: "calculate", server: "chingu", trusted: true }))).toEqual({
      kind: "allow",
      reason: "only reads and computes",
    });
  });

  test("our own tool that may change something asks", () => {
    const writes = tool({ name: "write", trusted: true, annotations: { readOnly: false, openWorld: false } });
    expect(decide([], writes)).toEqual({ kind: "ask", reason: "write needs a yes: it may change something" });
  });

  test("a foreign tool asks, whatever it says of itself", () => {
    for (const readOnly of [true, false]) {
      expect(decide([], tool({ annotations: { readOnly, openWorld: false } }))).toEqual({
        kind: "ask",
        reason: "files__read needs a yes: it comes from the server files",
      });
    }
  });
});

describe("a rule", () => {
  test.each([
    ["files__read", "files__read", true],
    ["files__read", "files__read_all", false],
    ["files__read", "my_files__read", false],
    ["files__*", "files__read", true],
    ["files__*", "files__", true],
    ["files__*", "other__files__read", false],
    ["*__read", "files__read", true],
    ["*", "anything", true],
    ["**", "anything", true],
    ["f*s__*d", "files__read", true],
    ["files__r.ad", "files__read", false],
    ["files__(read)", "files__read", false],
    ["FILES__READ", "files__read", false],
    ["", "files__read", false],
  ])("%j allows %s: %s", (rule, name, allowed) => {
    expect(decide([rule], tool({ name })).kind).toBe(allowed ? "allow" : "ask");
  });

  test("is named in the decision; the first that fits counts", () => {
    expect(decide(["other", "files__*", "*"], tool())).toEqual({
      kind: "allow",
      reason: "allowed by the rule files__*",
    });
  });

  test("matches as a simple matcher does, character by character", () => {
    // Few characters, so that matches are frequent; those that mean something to regular expressions among them.
    const character = fc.constantFrom("a", "b", "_", ".", "+", "\\", "[", "$", "\n");
    const pattern = fc.array(fc.oneof(character, fc.constant("*")), { maxLength: 8 }).map((parts) => parts.join(""));
    const name = fc.array(character, { maxLength: 8 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(pattern, name, (rule, candidate) => {
        expect(decide([rule], tool({ name: candidate })).kind === "allow").toBe(matches(rule, candidate));
      }),
      { numRuns: 3_000 },
    );
  });
});

function matches(rule: string, name: string): boolean {
  if (rule === "") return name === "";
  if (rule[0] === "*") return matches(rule.slice(1), name) || (name !== "" && matches(rule, name.slice(1)));
  return rule[0] === name[0] && matches(rule.slice(1), name.slice(1));
}
