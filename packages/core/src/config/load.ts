import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import type { z } from "zod";
import { type Environment, type Failure, variable } from "../protocol/index.ts";
import type { Folders } from "./folders.ts";
import { type Config, configSchema } from "./schema.ts";

export type LoadedConfig =
  | {
      readonly kind: "loaded";
      /** The layers as one, without `approval`. */
      readonly config: Config;
      readonly files: readonly string[];
      readonly approval: readonly ApprovalLayer[];
      /** The project's file, where `system` stands in it: those words are not the user's. */
      readonly systemFrom?: string;
    }
  | { readonly kind: "failed"; readonly failure: Failure };

/** The rules of one file: whose they are matters, so layers are not merged. */
export interface ApprovalLayer {
  readonly origin: "user" | "project";
  /** The file. */
  readonly where: string;
  readonly allow?: readonly string[] | undefined;
  readonly ask?: readonly string[] | undefined;
  readonly deny?: readonly string[] | undefined;
}

/**
 * Keys a project's file may not set: it comes with somebody's repository, and must not redirect keys, widen
 * rights, or change what programs compute with.
 */
const userOnly = ["providers", "memory", "tools"] as const;

/**
 * Reads the layers: the user's `config.yaml`, then the project's `chingu.yaml` in `folder`, then the environment
 * (`CHINGU_MODEL`, `CHINGU_MEMORY_URL`, `CHINGU_MEMORY_FALLBACK`, `CHINGU_LANG`, `CHINGU_TOOLS_PYTHON_PACKAGES`); later ones win. A missing file is an empty layer; one that
 * cannot be read or understood is a failure that names file, line or key.
 */
export async function loadConfig(at: {
  readonly folders: Folders;
  readonly folder: string;
  readonly environment: Environment;
}): Promise<LoadedConfig> {
  const userFile = join(at.folders.config, "config.yaml");
  const projectFile = join(at.folder, "chingu.yaml");
  let config: Config = {};
  const files: string[] = [];
  const approval: ApprovalLayer[] = [];
  let systemFrom: string | undefined;
  for (const file of [userFile, projectFile]) {
    const layer = await readLayer(file);
    if (layer.kind === "missing") continue;
    if (layer.kind === "failed") return layer;
    const forbidden = file === projectFile ? userOnly.find((key) => layer.config[key] !== undefined) : undefined;
    if (forbidden) return failed(file, `\`${forbidden}\` may stand only in your own ${userFile}`);
    files.push(file);
    const { approval: rules, ...settings } = layer.config;
    approval.push({ origin: file === userFile ? "user" : "project", where: file, ...rules });
    if (file === projectFile && settings.system) systemFrom = file;
    config = merge(config, settings);
  }
  const environment = configSchema.safeParse(fromEnvironment(at.environment));
  if (!environment.success) return { kind: "failed", failure: badVariable };
  return {
    kind: "loaded",
    config: merge(config, environment.data),
    files,
    approval,
    ...(systemFrom && { systemFrom }),
  };
}

async function readLayer(
  file: string,
): Promise<{ kind: "missing" } | { kind: "read"; config: Config } | { kind: "failed"; failure: Failure }> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return { kind: "missing" };
    return failed(file, unreadable[code ?? ""] ?? `it cannot be read (${code})`);
  }
  let value: unknown;
  try {
    value = parse(text) ?? {};
  } catch (error) {
    const problem = (error as Error).message.split("\n")[0]?.replace(/:$/, "");
    return failed(file, `it is not YAML: ${problem}`);
  }
  const parsed = configSchema.safeParse(value);
  return parsed.success
    ? { kind: "read", config: parsed.data }
    : failed(file, parsed.error.issues.map(problemOf).join("; "));
}

/** Where, then what; never the value, which may be a key. */
function problemOf(issue: z.core.$ZodIssue): string {
  const at = (...key: string[]) => `\`${[...issue.path.map(String), ...key].join(".")}\``;
  if (issue.code === "unrecognized_keys") return `there is no setting ${issue.keys.map((key) => at(key)).join(", ")}`;
  const { message } = (issue.code === "invalid_key" && issue.issues[0]) || issue;
  const what = message.replace(/^Invalid input: /, "");
  return issue.path.length > 0 ? `${at()}: ${what}` : what;
}

const unreadable: { readonly [code: string]: string } = {
  EACCES: "you may not read it",
  EISDIR: "it is a folder, not a file",
};

function failed(file: string, problem: string): { kind: "failed"; failure: Failure } {
  return {
    kind: "failed",
    failure: {
      code: "usage",
      message: `the configuration ${file} cannot be used: ${problem}`,
      hint: "correct the file, or move it away to start with the defaults",
    },
  };
}

/** Of the variables, this one alone takes no other words. */
const badVariable: Failure = {
  code: "usage",
  message: "CHINGU_MEMORY_FALLBACK has a value that means nothing here",
  hint: "set it to embedded or none, or unset it",
};

function fromEnvironment(environment: Environment): unknown {
  const model = variable(environment, "CHINGU_MODEL");
  const url = variable(environment, "CHINGU_MEMORY_URL");
  const fallback = variable(environment, "CHINGU_MEMORY_FALLBACK");
  const packages = variable(environment, "CHINGU_TOOLS_PYTHON_PACKAGES");
  const memory = { ...(url && { url }), ...(fallback && { fallback }) };
  return {
    ...(model && { model }),
    ...((url || fallback) && { memory }),
    ...(packages && { tools: { python: { packages } } }),
  };
}

/** Later wins; `providers`, `aliases`, `memory` and `timeouts` are merged by key; of two limits the lower holds. */
function merge(below: Config, above: Config): Config {
  return {
    ...below,
    ...above,
    ...mergeKey("providers", below, above),
    ...mergeKey("aliases", below, above),
    ...mergeKey("memory", below, above),
    ...mergeKey("timeouts", below, above),
    ...mergeBudget(below.budget, above.budget),
  };
}

type Budget = NonNullable<Config["budget"]>;

/** The lower of two limits holds, whoever set it: a project must not spend more than its user allows. */
function mergeBudget(below: Budget | undefined, above: Budget | undefined): Pick<Config, "budget"> {
  if (!below || !above) return below || above ? { budget: below ?? above } : {};
  const perDay = lower(below.perDay ?? {}, above.perDay ?? {});
  const { perDay: _below, ...run } = below;
  const { perDay: _above, ...other } = above;
  return { budget: { ...lower(run, other), perDay } };
}

function lower<Limits extends Readonly<Record<string, number | undefined>>>(a: Limits, b: Limits): Limits {
  const least = Object.entries({ ...a, ...b }).map(([name]) => [
    name,
    Math.min(a[name] ?? Infinity, b[name] ?? Infinity),
  ]);
  return Object.fromEntries(least);
}

function mergeKey<Key extends "providers" | "aliases" | "memory" | "timeouts">(key: Key, below: Config, above: Config) {
  return below[key] || above[key] ? { [key]: { ...below[key], ...above[key] } } : {};
}
