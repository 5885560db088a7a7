import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anything, fits, type Glob } from "../../../packages/core/src/approval/glob.ts";
import { parseRule, speaksOf } from "../../../packages/core/src/approval/rule.ts";

function rule(text: string) {
  const parsed = parseRule(text);
  if (parsed.kind === "wrong") throw new Error(parsed.problem);
  return parsed.rule;
}
const allows = (text: string, tool: string, input = {}) => speaksOf(rule(text), { tool, input }, { allows: true });
const restrains = (text: string, tool: string, input = {}) => speaksOf(rule(text), { tool, input }, { allows: false });

test("a pattern matches exactly what the regular expression of the same meaning matches", () => {
  const piece = fc.oneof(fc.constantFrom("a", "b", "ab", "ba", ".", "\n"), fc.constant(anything));
  const text = fc.string({ unit: fc.constantFrom("a", "b", ".", "\n"), maxLength: 12 });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 7 }), text, (pieces, subject) => {
      const glob: Glob = joined(pieces);
      const source = pieces.map((one) => (typeof one === "string" ? RegExp.escape(one) : ".*")).join("");
      expect(fits(glob, subject)).toBe(new RegExp(`^${source}$`, "s").test(subject));
    }),
    { numRuns: 3000 },
  );
});

/** As a parsed pattern is: texts in one piece, no two `*` in a row. */
function joined(pieces: readonly (string | typeof anything)[]): Glob {
  const glob: (string | typeof anything)[] = [];
  for (const one of pieces) {
    const last = glob.at(-1);
    if (typeof one === "string" && typeof last === "string") glob[glob.length - 1] = last + one;
    else if (one !== anything || last !== anything) glob.push(one);
  }
  return glob;
}

test("a pattern made to take long is answered at once", () => {
  expect(allows(`t(x=${"*a".repeat(2000)}*b)`, "t", { x: "a".repeat(100_000) })).toBe(false);
});

describe("reading a rule", () => {
  test.each([
    ["", "TOOL"],
    ["a b", "TOOL"],
    ["files__write(", "TOOL"],
    ["files__write()", "nothing between"],
    ["files__write(path)", "argument=pattern"],
    ["files__write(path=)", "empty"],
    ["files__write(path=a,)", "last comma"],
    ["files__write(*=a)", "takes no `*`"],
    ["files__write(path=a(b))", "quotes"],
    ['files__write(path="a)', "quotes"],
  ])("%j is refused with the reason", (text, reason) => {
    expect(parseRule(text)).toEqual({ kind: "wrong", problem: expect.stringContaining(reason) });
  });

  test("every text is either a rule or refused; none breaks the reader", () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'ab*=(),"\\ \n') }), (text) => void parseRule(text)));
  });

  test("quotes hold what would end a pattern, and take a star as a star", () => {
    expect(allows('t(x="a, (b) \\"c\\" \\*")', "t", { x: 'a, (b) "c" *' })).toBe(true);
    expect(allows('t(x="\\*")', "t", { x: "b" })).toBe(false);
    expect(allows('t(x="")', "t", { x: "" })).toBe(true);
  });
});

describe("what a rule speaks of", () => {
  test.each([
    ["files__write", "files__write", {}, true],
    ["files__write", "files__write_all", {}, false],
    ["files__*", "files__write", { path: "x" }, true],
    ["*", "anything", {}, true],
    ["t(path=notes/*)", "t", { path: "notes/a.md" }, true],
    ["t(path=notes/*)", "t", { path: "./notes/a.md" }, true],
    ["t(path=notes/*)", "t", { path: "other/a.md" }, false],
    ["t(path=notes/*)", "t", {}, false],
    ["t(path=*)", "t", { path: null }, true],
    ["t(path=*)", "t", {}, false],
    ["t(path=*, mode=append)", "t", { path: "a", mode: "append" }, true],
    ["t(path=*, mode=append)", "t", { path: "a", mode: "write" }, false],
    ["t(count=3)", "t", { count: 3 }, true],
    ["t(force=false)", "t", { force: true }, false],
    ["t(url=https://example.com/*)", "t", { url: "https://example.com/a//b" }, true],
    ["t(paths=notes/*)", "t", { paths: ["notes/a", "notes/b"] }, true],
    ["t(paths=notes/*)", "t", { paths: ["notes/a", "key"] }, false],
    ["t(paths=notes/*)", "t", { paths: [] }, false],
    ["t(이름=*.글)", "t", { 이름: "편지.글".normalize("NFD") }, true],
  ])("allowing, %s for %s %j: %s", (text, tool, input, expected) => {
    expect(allows(text, tool, input)).toBe(expected);
  });

  test.each([
    "notes/../key",
    "notes/a/../../key",
    "./notes/../../key",
    "notes\\..\\..\\key",
    "notes/%2e%2e/key",
    "notes%2f..%2f..%2fkey",
    "notes/..",
  ])("a rule for notes/* never allows %s", (path) => {
    expect(allows("t(path=notes/*)", "t", { path })).toBe(false);
  });

  test.each(["key/a", "notes/../key/a", "./key/a", "key//a", "key\\a", "x/./../key/a", "key/%2e/a"])(
    "a rule that denies key/* holds for %s too",
    (path) => {
      expect(restrains("t(path=key/*)", "t", { path })).toBe(true);
    },
  );

  test("a host is not left by steps upwards", () => {
    expect(restrains("t(url=https://h/key*)", "t", { url: "https://h/../../key" })).toBe(true);
    expect(allows("t(url=https://h/*)", "t", { url: "https://h/../evil" })).toBe(true);
  });

  test("whatever steps a path takes, it is allowed under notes/* only when it ends there", () => {
    const step = fc.constantFrom("notes", "a", "..", ".", "");
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
        const real: string[] = [];
        for (const one of steps) {
          if (one === ".." && real.length > 0 && real.at(-1) !== "..") real.pop();
          else if (one !== "." && one !== "") real.push(one);
        }
        const path = steps.join("/");
        if (allows("t(path=notes/*)", "t", { path })) expect(real[0]).toBe("notes");
        if (real[0] === "notes" && real.length > 1 && !path.startsWith("/")) {
          expect(restrains("t(path=notes/*)", "t", { path })).toBe(true);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
