import { join } from "node:path";
import {
  type Agent,
  type ApprovalLayer,
  type Config,
  createAgent,
  createTransport,
  defaultPolicy,
  describeChoice,
  discoverLocal,
  embeddedEngineInstalled,
  embeddedModels,
  type Folders,
  foldersOf,
  listModels,
  loadConfig,
  loadServers,
  makeId,
  openModel,
  openThreadStore,
  type Resolution,
  resolveModel,
  systemPrompt,
  type ThreadStore,
  type Timeouts,
  type Transport,
  variable,
} from "@chingu/core";
import { describeProgress, type ObtainOptions, obtain } from "@chingu/core/artefacts";
import { createProgramTools } from "@chingu/tools";
import { confirm, confirmServers } from "./confirm.ts";
import type { Io } from "./io.ts";
import { catalogues, type Language, languageOf, type Messages } from "./language/index.ts";
import { openBudget } from "./open-budget.ts";
import { type OpenedRules, openRules } from "./open-rules.ts";
import { createProgressLine } from "./output/progress-line.ts";
import { CommandFailure } from "./output/report-failure.ts";
import type { OutputForm } from "./output/turn-writer.ts";

/** The flags every command takes. */
export interface CommonFlags {
  readonly output: OutputForm;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly color: boolean;
  readonly yes?: boolean;
}

/** Flags that stand above a setting of the same name. */
export interface SettingFlags extends CommonFlags {
  /** Nobody is asked anything, even where there is a terminal. */
  readonly print?: boolean;
  readonly model?: string;
  readonly memory?: string;
  readonly system?: string;
  readonly maxSteps?: number;
  readonly maxCost?: number;
  readonly maxTokens?: number;
  /** In ms. */
  readonly maxTime?: number;
  readonly allow?: readonly string[];
}

/** Whose threads: there is one user on a command line. */
export const namespace = "default";

const clock = { now: Date.now };

/** Flags, environment and files as one, with the words to talk about them. */
export interface Settings {
  readonly flags: SettingFlags;
  readonly config: Config;
  /** The files that were read. */
  readonly files: readonly string[];
  /** The rules in them about tool calls. */
  readonly approval: readonly ApprovalLayer[];
  readonly folders: Folders;
  readonly language: Language;
  readonly messages: Messages;
}

/** Reads every layer of the configuration. Throws a `CommandFailure` that names the file when one cannot be used. */
export async function readSettings(flags: SettingFlags, io: Io): Promise<Settings> {
  const folders = foldersOf(io.environment, io.home);
  const loaded = await loadConfig({ folders, folder: io.folder, environment: io.environment });
  if (loaded.kind === "failed") throw new CommandFailure(loaded.failure);
  const language = languageOf(io.environment, loaded.config.language);
  const { config, files, approval } = loaded;
  return { flags, config, files, approval, folders, language, messages: catalogues[language] };
}

/** The configured store, or the embedded one in the user's data folder. Throws a `StoreError`. */
export async function openStore(settings: Settings, io: Io): Promise<ThreadStore> {
  const embedded = `sqlite:${join(settings.folders.data, "chingu.db")}`;
  const url = settings.flags.memory ?? settings.config.memory?.url ?? embedded;
  const store = await openThreadStore(url, { clock, makeId, home: io.home }, io.signal);
  io.cleanup.defer(() => store.close());
  return store;
}

/** Connections of this command, with the environment's proxies. */
export function openTransport(io: Io): Transport {
  const transport = createTransport(io.environment);
  io.cleanup.defer(() => transport.close());
  return transport;
}

/** Which model the settings lead to. */
export function resolve(settings: Settings, io: Io, transport: Transport): Promise<Resolution> {
  const { flags, config } = settings;
  const requested = flags.model ?? config.model;
  return resolveModel(
    {
      ...(requested !== undefined && { requested }),
      environment: io.environment,
      config: {
        ...(config.providers && { providers: config.providers }),
        ...(config.aliases && { aliases: config.aliases }),
      },
      discover: (signal) => discoverLocal({ transport }, signal),
      listModels: (endpoint, signal) =>
        listModels(
          { transport, now: clock.now(), ...endpoint },
          AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
        ),
      embeddedAvailable: embeddedEngineInstalled(),
    },
    io.signal,
  );
}

/** How pinned files are kept and fetched here: asked about once, unless a flag or the environment has answered. */
export function artefactOptions({ flags, folders, messages }: Settings, io: Io): ObtainOptions {
  const agreed = flags.yes || variable(io.environment, "CHINGU_DOWNLOAD") === "1";
  return {
    cacheFolder: join(folders.cache, "artefacts"),
    offline: variable(io.environment, "CHINGU_OFFLINE") === "1",
    environment: io.environment,
    consent: async ({ name, bytes, licence }) =>
      agreed || (!flags.print && confirm(messages.downloadQuestion(name, Math.round(bytes / 1e6), licence), io)),
  };
}

export interface OpenedAgent {
  readonly agent: Agent;
  readonly resolution: Resolution;
  /** Which model answers and, for the embedded one, that it is small: one line each. */
  readonly modelLines: readonly string[];
  /** Keeps a rule that a person answered "always" with for this folder, from the next call on. */
  readonly remember: OpenedRules["remember"];
}

/** Puts the agent of this command together: model, our tools, the user's tool servers and the given store. */
export async function openAgent(settings: Settings, io: Io, store: ThreadStore | "memory:"): Promise<OpenedAgent> {
  const { flags, config, messages } = settings;
  // First, because a rule that cannot be read ends the command.
  const { decide, remember, failures: ruleFailures } = await openRules(settings, io);
  const transport = openTransport(io);
  const programs = createProgramTools();
  io.cleanup.defer(() => programs.close());
  const [resolution, { servers, failures }] = await Promise.all([
    resolve(settings, io, transport),
    loadServers(serverFiles(settings, io)),
  ]);
  const model = openModel(resolution, {
    clock,
    makeId,
    transport,
    artefacts: artefactOptions(settings, io),
    gpu: variable(io.environment, "CHINGU_GPU") === "off" ? false : "auto",
  });
  io.cleanup.defer(async () => model.dispose?.());
  const agent = await createAgent({
    model,
    tools: programs.tools,
    mcpServers: servers,
    memory: store,
    namespace,
    system: systemPrompt([config.system, flags.system].filter(Boolean).join("\n\n")),
    environment: io.environment,
    signal: io.signal,
    clock,
    ids: makeId,
    policy: {
      decide,
      maxSteps: flags.maxSteps ?? config.budget?.maxSteps ?? config.maxSteps ?? defaultPolicy.maxSteps,
      timeouts: timeoutsOf(settings),
    },
    ...(await openBudget(settings, resolution, model)),
  });
  io.cleanup.defer(() => agent.close());
  return {
    agent: { ...agent, failures: [...ruleFailures, ...failures, ...agent.failures] },
    remember,
    resolution,
    modelLines: modelLines(resolution, messages),
  };
}

function timeoutsOf({ flags, config }: Settings): Timeouts {
  const timeouts = { ...defaultPolicy.timeouts, ...(config.timeouts as Partial<Timeouts> | undefined) };
  return { ...timeouts, turn: flags.maxTime ?? config.budget?.maxTime ?? timeouts.turn };
}

function modelLines(resolution: Resolution, messages: Messages): string[] {
  if (resolution.kind === "failed") return [];
  const { choice } = resolution;
  return [describeChoice(choice), ...(choice.kind === "embedded" ? [messages.smallModel] : [])];
}

/**
 * Sees to it that the embedded model's file is here before a screen is drawn, asking and showing progress on stderr. A
 * refusal or a failure is no error yet: the first turn says what is missing.
 */
export async function fetchEmbedded({ resolution }: OpenedAgent, settings: Settings, io: Io): Promise<void> {
  if (resolution.kind === "failed" || resolution.choice.kind !== "embedded") return;
  const progress = createProgressLine(io.stderr, { quiet: settings.flags.quiet ?? false, now: clock.now });
  const { artefact } = embeddedModels[resolution.choice.size];
  await obtain(
    artefact,
    {
      ...artefactOptions(settings, io),
      onProgress: (now) => progress.show(describeProgress(now), now.bytes / now.total),
    },
    io.signal,
  );
  progress.clear();
}

function serverFiles({ flags, folders, messages }: Settings, io: Io): Parameters<typeof loadServers>[0] {
  return {
    userFile: join(folders.config, "mcp.json"),
    projectFile: join(io.folder, ".mcp.json"),
    environment: io.environment,
    consent: (file, hash, servers) => {
      const answers = join(folders.state, "allowed-servers.json");
      return confirmServers({ file, hash, servers, answers, mayAsk: !flags.print, messages }, io);
    },
  };
}
