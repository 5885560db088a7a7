import { join } from "node:path";
import { type ApprovalLayer, createRules, type Decide, type Folders, openRememberedRules } from "@chingu/core";
import type { Failure } from "@chingu/core/protocol";
import type { Io } from "./io.ts";
import { CommandFailure } from "./output/report-failure.ts";

export interface OpenedRules {
  readonly decide: Decide;
  /** Rules that do not count, and why. */
  readonly failures: readonly Failure[];
  /** Keeps a rule that allows, for this folder, and follows it from the next call on; a failure when it was not kept. */
  readonly remember: (rule: string) => Promise<Failure | undefined>;
}

export interface RuleSettings {
  readonly flags: { readonly allow?: readonly string[] };
  readonly folders: Folders;
  readonly approval: readonly ApprovalLayer[];
}

/**
 * The rules of this command: its flags, the user's file, what was remembered for this folder, the project's file. Throws a
 * `CommandFailure` for a rule that cannot be read.
 */
export async function openRules(
  { flags, folders, approval }: RuleSettings,
  io: Pick<Io, "folder">,
): Promise<OpenedRules> {
  const file = join(folders.state, "allowed-tools.json");
  const remembered = openRememberedRules(file);
  const { rules: allow, failure } = await remembered.load(io.folder);
  const made = createRules([
    { origin: "command line", where: "--allow", allow: flags.allow },
    ...approval,
    { origin: "user", where: file, allow },
  ]);
  if (made.kind === "failed") throw new CommandFailure(made.failure);
  const { rules, ignored } = made;
  return {
    decide: rules.decide,
    failures: [...(failure ? [failure] : []), ...ignored],
    async remember(rule) {
      const problem = await remembered.save(io.folder, rule);
      if (!problem) rules.remember(rule);
      return problem;
    },
  };
}
