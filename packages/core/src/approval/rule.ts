import { type ArgumentText, argumentTexts } from "./argument-texts.ts";
import { anything, fits, type Glob, literals } from "./glob.ts";

/** A rule as written: `TOOL` or `TOOL(argument=pattern, …)`. */
export interface Rule {
  readonly text: string;
  readonly tool: Glob;
  readonly arguments: readonly { readonly name: string; readonly pattern: Glob }[];
}

export type ParsedRule =
  | { readonly kind: "rule"; readonly rule: Rule }
  | { readonly kind: "wrong"; readonly problem: string };

/**
 * Reads a rule. `*` stands for anything, in the tool's name and in patterns. A pattern ends at `,` or `)`; one that holds
 * these, or spaces at its ends, stands in double quotes, where `\` takes the next character as it is (`\*`, `\"`).
 */
export function parseRule(text: string): ParsedRule {
  const head = /^\s*([^\s()=,"\\]+)\s*(\(.*\))?\s*$/s.exec(text);
  const [, tool = "", list] = head ?? [];
  if (!head) return wrong("it is not `TOOL` or `TOOL(argument=pattern, …)`");
  const named: { name: string; pattern: Glob }[] = [];
  let rest = list?.slice(1, -1) ?? "";
  if (list !== undefined && rest.trim() === "") return wrong("there is nothing between the parentheses");
  while (rest !== "") {
    const argument = argumentSyntax.exec(rest);
    const { name = "", quoted, plain = "", more } = argument?.groups ?? {};
    if (!argument)
      return wrong(`\`${rest.trim()}\` is not \`argument=pattern\`; text with , ( ) or " in it stands in quotes`);
    if (name.includes("*")) return wrong(`the name of the argument \`${name}\` takes no \`*\``);
    if (quoted === undefined && plain.trim() === "")
      return wrong(`the pattern of \`${name}\` is empty; \`""\` says so`);
    named.push({ name, pattern: quoted === undefined ? readGlob(plain.trim()) : readGlob(quoted, "\\") });
    rest = rest.slice(argument[0].length);
    if (more && rest.trim() === "") return wrong("there is nothing behind the last comma");
  }
  return { kind: "rule", rule: { text: text.trim(), tool: readGlob(tool), arguments: named } };
}

const argumentSyntax =
  /^\s*(?<name>[^\s()=,"\\]+)\s*=\s*(?:"(?<quoted>(?:[^"\\]|\\.)*)"\s*|(?<plain>[^,()"\\]*))(?:$|(?<more>,))/s;

function wrong(problem: string): ParsedRule {
  return { kind: "wrong", problem };
}

function readGlob(text: string, escaping?: string): Glob {
  const pieces: (string | typeof anything)[] = [];
  let literal = "";
  const close = () => {
    if (literal) pieces.push(literal.normalize("NFC"));
    literal = "";
  };
  for (let index = 0; index < text.length; index++) {
    const character = text[index] ?? "";
    if (character === escaping) literal += text[++index] ?? "";
    else if (character === "*") {
      close();
      if (pieces.at(-1) !== anything) pieces.push(anything);
    } else literal += character;
  }
  close();
  return pieces;
}

/**
 * Whether a rule speaks of this call. One that `allows` must fit what a value says and, where that has steps upwards
 * (`notes/../key`), also where it leads; one that restrains need fit only one of the two. An argument that is not there
 * fits nothing; of a list every text must be allowed, and one is enough to restrain.
 */
export function speaksOf(
  rule: Rule,
  call: { readonly tool: string; readonly input: { readonly [name: string]: unknown } },
  { allows }: { readonly allows: boolean },
): boolean {
  if (!fits(rule.tool, call.tool)) return false;
  return rule.arguments.every(({ name, pattern }) => {
    const texts = Object.hasOwn(call.input, name) ? argumentTexts(call.input[name]) : [];
    if (!allows) return texts.some(({ text, place }) => fits(pattern, text) || fits(pattern, place));
    return texts.length > 0 && texts.every((text) => isWithin(pattern, text));
  });
}

function isWithin(pattern: Glob, { text, place, goesUp }: ArgumentText): boolean {
  if (goesUp) return fits(pattern, text) && fits(pattern, place);
  return fits(pattern, text) || fits(pattern, text.replace(/^(\.\/)+/, ""));
}

/**
 * Which of two rules is the more specific, as for `toSorted`: the one that names more arguments, then the one with more
 * characters of the tool's name, then with more of the arguments.
 */
export function bySpecificity(a: Rule, b: Rule): number {
  const key = ({ tool, arguments: named }: Rule) => [
    named.length,
    // A name without `*` says more than one with.
    literals(tool) * 2 + (tool.includes(anything) ? 0 : 1),
    named.reduce((sum, { pattern }) => sum + literals(pattern) * 2 + (pattern.includes(anything) ? 0 : 1), 0),
  ];
  const others = key(b);
  return key(a).reduce((order, value, index) => order || (others[index] ?? 0) - value, 0);
}
