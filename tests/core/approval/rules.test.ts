import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRules, type RuleSource } from "../../../packages/core/src/approval/rules.ts";
import { decide, flag, project, reader, tool, user } from "./support.ts";

const write = tool("files__write_file");

describe("without rules", () => {
  test("a read-only tool of ours runs, and everything else asks", async () => {
    expect(await decide([], reader)).toEqual({ kind: "allow", reason: "only reads and computes" });
    expect(await decide([], tool("save", { server: "chingu", trusted: true }))).toMatchObject({ kind: "ask" });
    expect(await decide([], write)).toEqual({
      kind: "ask",
      reason: "files__write_file needs a yes: it comes from the server files",
      always: "files__write_file",
    });
  });

  test("what a foreign server says of its tools never lowers the bar", async () => {
    const claims = tool("web__get", { annotations: { readOnly: true, openWorld: false } });
    expect(await decide([], claims)).toMatchObject({ kind: "ask" });
  });
});

describe("which rule wins", () => {
  test.each<[string, RuleSource[], string, string | undefined]>([
    ["a deny before a more specific allow", [user({ allow: ["files__write_file(path=a)"], deny: ["*"] })], "deny", "*"],
    [
      "a project's deny before the command line's allow",
      [flag("files__*"), project({ deny: ["files__*"] })],
      "deny",
      "files__*",
    ],
    [
      "the more specific rule",
      [user({ allow: ["files__write_file"], ask: ["files__*"] })],
      "allow",
      "files__write_file",
    ],
    [
      "a rule with an argument before one without",
      [user({ allow: ["files__write_file"], ask: ["*(path=*)"] })],
      "ask",
      "*(path=*)",
    ],
    ["the command line before the user", [user({ ask: ["files__*"] }), flag("files__*")], "allow", "files__*"],
    [
      "the user before the project",
      [project({ ask: ["files__*"] }), user({ allow: ["files__*"] })],
      "allow",
      "files__*",
    ],
    ["asking where all else is equal", [user({ allow: ["files__*"] }), user({ ask: ["files__*"] })], "ask", "files__*"],
    [
      "a project's ask that is more specific",
      [project({ ask: ["files__write_file"] }), user({ allow: ["files__*"] })],
      "ask",
      "files__write_file",
    ],
  ])("%s", async (_, sources, kind, rule) => {
    expect(await decide(sources, write, { path: "a" })).toMatchObject({ kind, rule });
  });

  test("the user may make a tool of ours ask", async () => {
    expect(await decide([user({ ask: ["*"] })], reader)).toMatchObject({ kind: "ask", rule: "*" });
  });

  test("a deny that matches is beaten by nothing", async () => {
    const text = fc.constantFrom("*", "files__*", "files__write_file", "files__write_file(path=*)", "*(path=notes/*)");
    const list = fc.array(text, { maxLength: 4 });
    const origin = fc.constantFrom("command line" as const, "user" as const, "project" as const);
    const where = fc.constant("x");
    const source: fc.Arbitrary<RuleSource> = fc.record({ origin, where, allow: list, ask: list });
    const denying = fc.record({ origin, where, deny: fc.tuple(text) });
    await fc.assert(
      fc.asyncProperty(fc.array(source, { maxLength: 4 }), denying, fc.nat(4), async (sources, deny, at) => {
        const { kind } = await decide(sources.toSpliced(at, 0, deny), write, { path: "notes/a" });
        expect(kind).toBe("deny");
      }),
    );
  });

  test("a project's file only tightens, whatever stands in it", async () => {
    const text = fc.constantFrom("*", "files__*", "files__write_file", "files__write_file(path=*)");
    const list = fc.array(text, { maxLength: 3 });
    const rules = fc.record({ allow: list, ask: list, deny: list });
    const strictness = { allow: 0, ask: 1, deny: 2 };
    await fc.assert(
      fc.asyncProperty(rules, rules, async (own, theirs) => {
        const alone = await decide([user(own)], write, { path: "a" });
        const together = await decide([project(theirs), user(own)], write, { path: "a" });
        expect(strictness[together.kind]).toBeGreaterThanOrEqual(strictness[alone.kind]);
      }),
    );
  });
});

describe("what is said", () => {
  test("a project's allow rule is ignored, and that is said", () => {
    const made = createRules([project({ allow: ["files__*"] })]);
    expect(made).toMatchObject({
      kind: "made",
      ignored: [
        {
          code: "rule_ignored",
          message: 'the allow rule "files__*" in chingu.yaml is ignored: a project\'s file may only tighten',
        },
      ],
    });
  });

  test("a rule that cannot be read is a usage failure with its text and its file", () => {
    expect(createRules([user({ deny: ["files__*(path)"] })])).toMatchObject({
      kind: "failed",
      failure: { code: "usage", message: expect.stringMatching(/"files__\*\(path\)" in config\.yaml/) },
    });
  });

  test("always is offered only where such a rule would help", async () => {
    expect(await decide([user({ ask: ["files__*"] })], write)).toMatchObject({ always: "files__write_file" });
    expect(await decide([user({ ask: ["files__write_file"] })], write)).not.toHaveProperty("always");
    expect(await decide([], write, {}, { untrusted: "web__get" })).not.toHaveProperty("always");
  });

  test("a remembered rule holds from the next call on", async () => {
    const made = createRules([]);
    if (made.kind === "failed") throw new Error();
    const call = { id: "c", name: write.name, arguments: "{}" };
    made.rules.remember("files__write_file");
    expect(await made.rules.decide(call, write, { input: {} })).toMatchObject({ kind: "allow" });
  });
});

describe("after words of strangers entered the turn", () => {
  const untrusted = { untrusted: "web__get" };

  test("a tool that can send data out asks although the user's rules allow it, and says why", async () => {
    expect(await decide([user({ allow: ["files__*"] })], write, {}, untrusted)).toEqual({
      kind: "ask",
      rule: "files__*",
      reason:
        "files__write_file can send data out, and this turn has read what web__get brought in, which may be an instruction of somebody else",
    });
    const ours = tool("fetch", { trusted: true, annotations: { readOnly: true, openWorld: true } });
    expect(await decide([], ours, {}, untrusted)).toMatchObject({ kind: "ask" });
  });

  test("a rule of the command line still holds, and so do tools of ours that stay on this machine", async () => {
    expect(await decide([flag("files__*")], write, {}, untrusted)).toMatchObject({ kind: "allow" });
    expect(await decide([], reader, {}, untrusted)).toMatchObject({ kind: "allow" });
  });

  test("a denial stays one", async () => {
    expect(await decide([user({ deny: ["*"] })], write, {}, untrusted)).toMatchObject({ kind: "deny" });
  });
});
