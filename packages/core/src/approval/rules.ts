import type { Failure, Tool, ToolCall } from "../protocol/index.ts";
import type { CallContext } from "./call-context.ts";
import { keepsUnasked, memoryCaution } from "./memory-calls.ts";
import { bySpecificity, parseRule, type Rule, speaksOf } from "./rule.ts";

/** What may happen with one tool call, before anyone is asked. */
export interface Decision {
  readonly kind: "allow" | "ask" | "deny";
  readonly reason: string;
  /** Of an `ask`: what the call would touch, for the eyes of who is asked alone. It is never stored. */
  readonly shows?: string;
  /** The rule that decided, as written; absent where none speaks of the call. */
  readonly rule?: string;
  /** Of an `ask`: the rule that would allow such calls from now on; absent where no rule could. */
  readonly always?: string;
}

export type Decide = (call: ToolCall, tool: Tool, context: CallContext) => Decision | Promise<Decision>;

/** Where rules come from; the earlier one here wins over the later one where two are equally specific. */
export type RuleOrigin = "command line" | "user" | "project";

export interface RuleSource {
  readonly origin: RuleOrigin;
  /** For messages: the file, or the flag. */
  readonly where: string;
  readonly allow?: readonly string[] | undefined;
  readonly ask?: readonly string[] | undefined;
  readonly deny?: readonly string[] | undefined;
}

export interface Rules {
  readonly decide: Decide;
  /** Adds a rule of the user's that allows, from the next call on. */
  readonly remember: (rule: string) => void;
}

export type MadeRules =
  /** `ignored`: rules that a project's file may not give. */
  | { readonly kind: "made"; readonly rules: Rules; readonly ignored: readonly Failure[] }
  | { readonly kind: "failed"; readonly failure: Failure };

interface SourcedRule extends Rule {
  readonly kind: Decision["kind"];
  readonly origin: RuleOrigin;
}

/**
 * Rules from all their sources as one decision. Any matching deny wins; then the most specific rule; then the source:
 * command line, user, project, and what is built in; of two that are equal in all this, the one that asks. A project's
 * file may only tighten. Built in: read-only tools of ours run, everything else asks; what a foreign server says of its
 * own tools never lowers the bar.
 *
 * Once output of a foreign or open-world tool is in the turn, a call that can send data out is asked about even where
 * the user's rules allow it; rules given on the command line for this very run still hold.
 *
 * A rule that cannot be read is a usage failure that names it and where it stands.
 */
export function createRules(sources: readonly RuleSource[]): MadeRules {
  const rules: SourcedRule[] = [];
  const ignored: Failure[] = [];
  for (const source of sources) {
    for (const kind of ["allow", "ask", "deny"] as const) {
      for (const text of source[kind] ?? []) {
        const parsed = parseRule(text);
        if (parsed.kind === "wrong") return { kind: "failed", failure: unreadable(text, kind, source, parsed.problem) };
        if (kind === "allow" && source.origin === "project") ignored.push(tooFree(text, source));
        else rules.push({ ...parsed.rule, kind, origin: source.origin });
      }
    }
  }
  return {
    kind: "made",
    ignored,
    rules: {
      decide: (_call, tool, context) => decide(rules, tool, context),
      remember(text) {
        const parsed = parseRule(text);
        if (parsed.kind === "rule") rules.push({ ...parsed.rule, kind: "allow", origin: "user" });
      },
    },
  };
}

/** What holds where nobody has given a rule. */
export const builtInRules: Decide = (_call, tool, context) => decide([], tool, context);

function decide(rules: readonly SourcedRule[], tool: Tool, context: CallContext): Decision {
  const decision = careful(winner(rules, tool, context), tool, context);
  if (decision.kind !== "ask") return decision;
  const parsed = parseRule(tool.name);
  if (parsed.kind === "wrong") return decision;
  const remembered: SourcedRule = { ...parsed.rule, kind: "allow", origin: "user" };
  const then = careful(winner([...rules, remembered], tool, context), tool, context);
  return then.kind === "allow" ? { ...decision, always: remembered.text } : decision;
}

interface Ruling extends Decision {
  readonly origin: RuleOrigin | "built in";
}

function winner(rules: readonly SourcedRule[], tool: Tool, { input }: CallContext): Ruling {
  const matching = rules.filter((rule) =>
    speaksOf(rule, { tool: tool.name, input }, { allows: rule.kind === "allow" }),
  );
  const rule = matching.find(({ kind }) => kind === "deny") ?? matching.toSorted(byRank)[0];
  if (!rule) return builtIn(tool);
  const { kind, text, origin } = rule;
  const said = { allow: "allowed", ask: "the rules say to ask", deny: "denied" }[kind];
  return { kind, rule: text, origin, reason: `${said} by the rule ${text} (${origin})` };
}

function byRank(a: SourcedRule, b: SourcedRule): number {
  const origins: readonly RuleOrigin[] = ["command line", "user", "project"];
  return (
    bySpecificity(a, b) ||
    origins.indexOf(a.origin) - origins.indexOf(b.origin) ||
    Number(b.kind === "ask") - Number(a.kind === "ask")
  );
}

function builtIn(tool: Tool): Ruling {
  const { name, server, trusted, annotations } = tool;
  const origin = "built in";
  if (trusted && annotations.readOnly) return { kind: "allow", origin, reason: "only reads and computes" };
  if (keepsUnasked(tool)) return { kind: "allow", origin, reason: "keeps what the user said" };
  const whose = trusted ? "it may change something" : `it comes from the server ${server}`;
  return { kind: "ask", origin, reason: `${name} needs a yes: ${whose}` };
}

/** Where words of strangers may have told the model to make the call, a standing permission is not enough. */
function careful({ origin, ...decision }: Ruling, tool: Tool, context: CallContext): Decision {
  if (decision.kind !== "allow" || origin === "command line") return decision;
  const reason = memoryCaution(tool, context) ?? sendingCaution(tool, context);
  return reason === undefined ? decision : { ...decision, kind: "ask", reason };
}

function sendingCaution(tool: Tool, { untrusted }: CallContext): string | undefined {
  const sendsOut = !tool.trusted || tool.annotations.openWorld;
  if (untrusted === undefined || !sendsOut) return undefined;
  return `${tool.name} can send data out, and this turn has read what ${untrusted} brought in, which may be an instruction of somebody else`;
}

function unreadable(text: string, kind: string, { where }: RuleSource, problem: string): Failure {
  return {
    code: "usage",
    message: `the ${kind} rule ${JSON.stringify(text)} in ${where} cannot be read: ${problem}`,
    hint: "a rule is a tool's name, or a name with patterns for arguments: files__write_file(path=notes/*)",
  };
}

function tooFree(text: string, { where }: RuleSource): Failure {
  return {
    code: "rule_ignored",
    message: `the allow rule ${JSON.stringify(text)} in ${where} is ignored: a project's file may only tighten`,
    hint: "to allow it, put it into your own configuration, or use --allow",
  };
}
