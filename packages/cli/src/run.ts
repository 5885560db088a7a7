import { sanitize } from "@chingu/core/text";
import { Command, CommanderError } from "commander";
import type { AskFlags } from "./commands/ask.ts";
import type { Io } from "./io.ts";
import { exitCodes } from "./output/exit-code.ts";
import { allowOption, common, flagsOf, positiveInteger, withAskFlags } from "./tree/flags.ts";
import { addMemory } from "./tree/memory.ts";
import { addReceipts } from "./tree/receipts.ts";
import { addThreads } from "./tree/threads.ts";
import { version } from "./version.ts";

/**
 * Runs one command line and gives its exit code. Each command is loaded only when it is asked for; nothing here waits
 * for a terminal that is not there.
 */
export async function run(args: readonly string[], io: Io): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const finish = (code: number) => {
    exitCode = code;
  };
  const tree = commandTree(io, finish, { questionOnly: false });
  const program = asksQuestion(args, tree) ? commandTree(io, finish, { questionOnly: true }) : tree;
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    const { reportFailure } = await import("./output/report-failure.ts");
    return reportFailure(error, io);
  } finally {
    await io.cleanup.disposeAsync();
  }
}

/**
 * With `-p`, or behind `--`, the words are a question whatever they read: a script's `chingu -p "$TEXT"` never runs a
 * command. A `--` behind a command's name belongs to that command.
 */
function asksQuestion(args: readonly string[], program: Command): boolean {
  const end = args.indexOf("--");
  const before = end === -1 ? args : args.slice(0, end);
  if (before.some((arg) => arg === "-p" || arg === "--print")) return true;
  return end !== -1 && !program.commands.some((command) => command.name() === firstWord(before, program));
}

/** The first of them that is neither a flag of the program nor a flag's value. */
function firstWord(args: readonly string[], program: Command): string | undefined {
  return args.find((arg, index) => {
    const flag = program.options.find(({ short, long }) => index > 0 && [short, long].includes(args[index - 1]));
    return !arg.startsWith("-") && !flag?.required;
  });
}

function commandTree(
  io: Io,
  finish: (exitCode: number) => void,
  { questionOnly }: { readonly questionOnly: boolean },
): Command {
  const program = new Command("chingu");
  program
    .description("An assistant for the terminal that computes instead of guessing and shows its receipts.")
    .version(version, "-V, --version")
    .exitOverride()
    .enablePositionalOptions()
    .hook("preAction", inheritCommonFlags)
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(sanitize(text)),
    })
    .showHelpAfterError("(chingu --help lists the commands and flags)")
    .addHelpText(
      "after",
      `
Examples:
  chingu                                    talk in the terminal
  chingu "What is 17% of 2,340?"            one question, one answer
  git log --oneline -20 | chingu -p "이번 주에 한 일을 정리해 줘"
  chingu --continue "and of 5,000?"         go on with this folder's newest thread
  chingu -p "2**89 - 1" --output json       answer, receipts and usage as one JSON object
  chingu -p -- "$TEXT"                      a question that may begin with a dash

Exit codes: 0 answered, 1 failed, 2 usage, 3 denied, 4 limit reached, 5 model or store unavailable,
6 incomplete or refused, 130 interrupted, 143 terminated.`,
    );

  withAskFlags(common(program))
    .argument("[text...]", "the question; with a pipe, standard input follows it")
    .action(async (words: string[], flags: AskFlags) => {
      const { ask } = await import("./commands/ask.ts");
      finish(await ask(words, flags, io));
    });
  if (questionOnly) return program;

  addThreads(program, io, finish);
  addMemory(program, io, finish);

  common(program.command("search").description("find what was said in any conversation").argument("<text...>"))
    .option("--limit <n>", "how many messages at most", positiveInteger, 10)
    .option("--thread <id>", "only this thread")
    .option("--after <day>", "only from this day on: YYYY-MM-DD or YYYY-MM")
    .option("--before <day>", "only before this day")
    .option("--here", "only threads that began in this folder")
    .option("--memory <url>", "the store to search")
    .addHelpText("after", "\nThat nothing was found is no failure: the exit code is 0 and standard output has no line.")
    .action(async (words: string[], _, command) =>
      finish(await (await import("./commands/search.ts")).search(words, flagsOf(command), io)),
    );

  addReceipts(program, io, finish);

  common(
    program
      .command("resume")
      .description("answer the tool calls that wait for you, and go on")
      .argument("[id]", "the thread; without it, the newest one of this folder"),
  )
    .option("-m, --model <model>", "the model to go on with")
    .option("--memory <url>", "the store of the thread")
    .addOption(allowOption())
    .action(async (id: string | undefined, _, command) =>
      finish(await (await import("./commands/resume.ts")).resume(id, flagsOf(command), io)),
    );

  const models = common(program.command("models").description("which models can answer, and the embedded ones' files"));
  common(models.command("list", { isDefault: true }).description("endpoints, local servers and embedded models"))
    .option("-m, --model <model>", "resolve this model")
    .action(async (_, command) =>
      finish(await (await import("./commands/models.ts")).listModels(flagsOf(command), io)),
    );
  common(
    models
      .command("pull")
      .description("download an embedded model")
      .argument("[name]", "embedded or embedded:small", "embedded"),
  ).action(async (name: string, _, command) =>
    finish(await (await import("./commands/models.ts")).pullModel(name, flagsOf(command), io)),
  );
  common(models.command("probe").description("ask an endpoint again what it takes").argument("[model]")).action(
    async (name: string | undefined, flags) =>
      finish(await (await import("./commands/probe-model.ts")).probeModel(name, flags, io)),
  );
  common(models.command("rm").description("remove an embedded model's file").argument("<name>")).action(
    async (name: string, _, command) =>
      finish(await (await import("./commands/models.ts")).removeModel(name, flagsOf(command), io)),
  );

  const packages = common(program.command("packages").description("the Python packages that programs may import"));
  common(
    packages.command("list", { isDefault: true }).description("which there are, and which are on this machine"),
  ).action(async (_, command) =>
    finish(await (await import("./commands/packages.ts")).listPackages(flagsOf(command), io)),
  );
  common(
    packages
      .command("pull")
      .description("download packages, and what they need")
      .argument("[name...]", "without names: sympy, mpmath, python-dateutil, six"),
  ).action(async (names: string[], _, command) =>
    finish(await (await import("./commands/packages.ts")).pullNamed(names, flagsOf(command), io)),
  );
  common(packages.command("rm").description("remove a package's file").argument("<name>")).action(
    async (name: string, _, command) =>
      finish(await (await import("./commands/packages.ts")).removePackage(name, flagsOf(command), io)),
  );

  common(
    program
      .command("prices")
      .description("what models cost, and who says so")
      .argument("[model...]", "only these, or those whose names contain it"),
  ).action(async (names: string[], _, command) =>
    finish(await (await import("./commands/prices.ts")).listPrices(names, flagsOf(command), io)),
  );

  common(program.command("tools").description("the tools the model is offered")).action(async (_, command) =>
    finish(await (await import("./commands/tools.ts")).listTools(flagsOf(command), io)),
  );

  const mcp = common(program.command("mcp").description("Chingu's tools for other MCP clients"));
  common(mcp.command("serve").description("serve Chingu's own tools over standard input and output")).action(
    async (_, command) => finish(await (await import("./commands/mcp-serve.ts")).serveMcp(flagsOf(command), io)),
  );

  common(program.command("setup").description("choose an endpoint, check it and write the configuration"))
    .option(
      "--provider <name>",
      "a preset: openai, azure, gemini, anthropic, openrouter, clova, ollama, lmstudio, llamacpp, vllm, or custom",
    )
    .option("--base-url <url>", "the endpoint, up to /v1")
    .option("-m, --model <model>", "the model to use")
    .option("--key-env <name>", "the environment variable that holds the key")
    .action(async (_, command) => finish(await (await import("./commands/setup.ts")).setup(flagsOf(command), io)));

  common(program.command("doctor").description("check model, store, tools and configuration"))
    .option("-m, --model <model>", "check this model")
    .option("--memory <url>", "check this store")
    .action(async (_, command) => finish(await (await import("./commands/doctor.ts")).doctor(flagsOf(command), io)));

  for (const command of everyCommand(program)) command.exitOverride().showHelpAfterError("(--help explains)");
  return program;
}

/** `chingu --quiet threads list` means what `chingu threads list --quiet` does. */
function inheritCommonFlags(program: Command, command: Command): void {
  if (command === program) return;
  for (const name of ["output", "quiet", "verbose", "color", "yes"]) {
    const above = ancestors(command).find((one) => one.getOptionValueSource(name) === "cli");
    if (!above || command.getOptionValueSource(name) === "cli") continue;
    command.setOptionValueWithSource(name, above.getOptionValue(name), "cli");
  }
}

/** From its parent up. */
function ancestors({ parent }: Command): Command[] {
  return parent ? [parent, ...ancestors(parent)] : [];
}

function everyCommand(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...everyCommand(child)]);
}
