import { type Command, InvalidArgumentError, Option } from "commander";

/** A command's flags, those that stand before its name counting too: `chingu --output json threads list`. */
export function flagsOf<Flags>(command: Command): Flags {
  const above = command.parent ? flagsOf<Record<string, unknown>>(command.parent) : {};
  const own = Object.entries(command.opts()).filter(
    ([name]) => !(name in above) || command.getOptionValueSource(name) !== "default",
  );
  return { ...above, ...Object.fromEntries(own) } as Flags;
}

/** The flags every command takes. */
export function common(command: Command): Command {
  return command
    .addOption(new Option("--output <form>", "what stdout carries").choices(["text", "json", "jsonl"]).default("text"))
    .option("-q, --quiet", "only the answer and errors")
    .option("-v, --verbose", "more about what happens")
    .option("--no-color", "no colours")
    .option("-y, --yes", "answer Chingu's own questions with yes; never approves a tool");
}

export function withAskFlags(command: Command): Command {
  return command
    .option("-p, --print", "one turn without the terminal screen")
    .option("-c, --continue", "go on with the newest thread of this folder")
    .addOption(new Option("--thread <id>", "go on with this thread").conflicts("continue"))
    .option("-m, --model <model>", "provider/model, an alias, embedded, embedded:small, or a name for OPENAI_BASE_URL")
    .option("--memory <url>", "redis://…, rediss://…, sqlite:PATH or memory:")
    .option("--system <text>", "added to Chingu's instructions")
    .option("--stream", "write the answer as it comes")
    .option("--file <path>", "a text, picture or PDF that goes with the question (repeatable)", collect)
    .option("--output-schema <file>", "the answer becomes a JSON value that fits this JSON Schema")
    .option("--pal", "the model writes a program, and what it gives is the answer")
    .option("--samples <n>", "with --pal: so many programs, of which the majority decides", positiveInteger)
    .option("--max-cost <usd>", "what a turn may cost, in US dollars", positiveNumber)
    .option("--max-tokens <n>", "tokens a turn may take, in and out", positiveInteger)
    .option("--max-steps <n>", "model calls a turn may take", positiveInteger)
    .option("--max-time <duration>", "how long a turn may take: 90s, 5m", duration)
    .addOption(allowOption());
}

export function allowOption(): Option {
  return new Option(
    "--allow <rule>",
    "calls that run without asking: TOOL or 'TOOL(argument=pattern)' (repeatable)",
  ).argParser(collect);
}

export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError(`It must be a whole number above 0${tooLarge(value)}.`);
  return value;
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError(`It must be a whole number${tooLarge(value)}.`);
  return value;
}

const tooLarge = (value: number) => (value > Number.MAX_SAFE_INTEGER ? `, and at most ${Number.MAX_SAFE_INTEGER}` : "");

function positiveNumber(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError("It must be a number above 0.");
  return value;
}

function duration(text: string): number {
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const value = Number(amount) * (units[unit] ?? 0);
  if (!(value > 0)) throw new InvalidArgumentError("It must be a duration such as 90s or 5m.");
  return value;
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

function collect(value: string, previous: string[] = []): string[] {
  return [...previous, value];
}
