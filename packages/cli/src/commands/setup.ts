import { join } from "node:path";
import { type Config, listModels, type Resolution, saveSettings, type Transport, variable } from "@chingu/core";
import { sanitizeLine } from "@chingu/core/text";
import type { Io } from "../io.ts";
import { CommandFailure } from "../output/report-failure.ts";
import { openTransport, readSettings, resolve, type SettingFlags, type Settings } from "../settings.ts";
import { checkModel } from "./check-model.ts";
import { type Preset, presets } from "./providers.ts";

export interface SetupFlags extends SettingFlags {
  readonly provider?: string;
  readonly baseUrl?: string;
  readonly keyEnv?: string;
}

/** What setup has been told. A key is either typed in, or named by the variable that holds it. */
interface Answers {
  readonly preset: Preset;
  readonly baseURL: string;
  readonly model: string;
  readonly apiKey?: string | undefined;
  readonly apiKeyEnv?: string | undefined;
}

/**
 * `chingu setup`: asks for endpoint, key and model (or takes them from flags), checks them with one small call, and
 * writes them into the user's configuration. Nothing is written when the check fails.
 */
export async function setup(flags: SetupFlags, io: Io): Promise<number> {
  const settings = await readSettings(flags, io);
  const transport = openTransport(io);
  const answers = flags.provider === undefined ? await askAll(settings, io, transport) : fromFlags(flags, io);
  const resolution = await resolveAnswers(answers, settings, io, transport);
  io.stderr.write(`${sanitizeLine(settings.messages.checking(answers.baseURL))}\n`);
  const failure = await checkModel(resolution, settings, io, transport);
  if (failure) throw new CommandFailure(failure);
  const file = join(settings.folders.config, "config.yaml");
  await saveSettings(file, settingsOf(answers));
  const model = `${answers.preset.name}/${answers.model}`;
  if (flags.output === "text") io.stdout.write(`${sanitizeLine(settings.messages.setUp(model, file))}\n`);
  else io.stdout.write(`${JSON.stringify({ model, file })}\n`);
  return 0;
}

function fromFlags(flags: SetupFlags, io: Io): Answers {
  const preset = presets.find(({ name }) => name === flags.provider);
  if (!preset) {
    const names = presets.map(({ name }) => name).join(", ");
    throw usage(`there is no provider "${flags.provider}"`, `there are ${names}`);
  }
  const baseURL = flags.baseUrl ?? preset.baseURL;
  if (baseURL === undefined) throw usage(`${preset.name} needs its endpoint`, "add --base-url https://…/v1");
  if (flags.model === undefined) throw usage("setup needs a model", "add --model NAME");
  const apiKeyEnv = flags.keyEnv ?? preset.keyEnv;
  if (apiKeyEnv !== undefined && variable(io.environment, apiKeyEnv) === undefined) {
    throw usage(`the variable ${apiKeyEnv} holds no key`, `set it, or name another with --key-env`);
  }
  return { preset, baseURL, model: flags.model, apiKeyEnv };
}

async function askAll(settings: Settings, io: Io, transport: Transport): Promise<Answers> {
  if (!io.stdin.isTTY || !io.stdout.isTTY) {
    throw usage(
      "setup asks questions and there is no terminal to ask them in",
      "say it all in flags: chingu setup --provider openai --model NAME --key-env OPENAI_API_KEY",
    );
  }
  const { cancel, intro, isCancel, password, select, text } = await import("@clack/prompts");
  const { messages } = settings;
  const answered = <T>(value: T): Exclude<T, symbol> => {
    if (!isCancel(value)) return value as Exclude<T, symbol>;
    cancel(messages.stopped);
    throw usage("setup was left before the end", "nothing was written; run chingu setup again");
  };
  intro("chingu setup");
  const preset = answered(
    await select({ message: messages.whichEndpoint, options: presets.map((value) => ({ value, label: value.title })) }),
  );
  const validate = (value: string | undefined) => (URL.canParse(value ?? "") ? undefined : "http://… / https://…");
  const baseURL =
    preset.baseURL ?? answered(await text({ message: messages.whichUrl, placeholder: "https://…/v1", validate }));
  const inEnvironment = preset.keyEnv !== undefined && variable(io.environment, preset.keyEnv) !== undefined;
  const apiKey =
    preset.keyEnv === undefined || inEnvironment ? undefined : answered(await password({ message: messages.whichKey }));
  const apiKeyEnv = inEnvironment ? preset.keyEnv : undefined;
  const key = apiKey || (apiKeyEnv && variable(io.environment, apiKeyEnv));
  const list = await listModels(
    { transport, baseURL, now: Date.now(), ...(key && { apiKey: key }) },
    AbortSignal.any([io.signal, AbortSignal.timeout(10_000)]),
  );
  const models = list.kind === "models" ? list.models : [];
  const model =
    models.length > 0 && models.length <= 50
      ? answered(
          await select({ message: messages.whichModel, options: models.map((value) => ({ value, label: value })) }),
        )
      : answered(await text({ message: messages.whichModel, validate: (value) => (value ? undefined : "?") }));
  return { preset, baseURL, model, ...(apiKey && { apiKey }), ...(apiKeyEnv && { apiKeyEnv }) };
}

/** What the written configuration will resolve to: the same path an ordinary start takes. */
function resolveAnswers(answers: Answers, settings: Settings, io: Io, transport: Transport): Promise<Resolution> {
  const providers = { ...settings.config.providers, [answers.preset.name]: providerOf(answers) };
  const config: Config = { ...settings.config, providers };
  const flags = { ...settings.flags, model: `${answers.preset.name}/${answers.model}` };
  return resolve({ ...settings, config, flags }, io, transport);
}

function providerOf({ baseURL, apiKey, apiKeyEnv }: Answers) {
  return { baseURL, ...(apiKey && { apiKey }), ...(apiKeyEnv && { apiKeyEnv }) };
}

function settingsOf(answers: Answers) {
  return [
    { path: ["model"], value: `${answers.preset.name}/${answers.model}` },
    { path: ["providers", answers.preset.name], value: providerOf(answers) },
  ];
}

function usage(message: string, hint: string): CommandFailure {
  return new CommandFailure({ code: "usage", message, hint });
}
