import { join } from "node:path";
import {
  type ApprovalLayer,
  type Config,
  createTransport,
  discoverLocal,
  embeddedEngineInstalled,
  type Folders,
  foldersOf,
  listModels,
  loadConfig,
  type Resolution,
  resolveModel,
  type ThreadStore,
  type Transport,
  variable,
} from "@chingu/core";
import type { ObtainOptions } from "@chingu/core/artefacts";
import { confirm } from "./confirm.ts";
import type { Io } from "./io.ts";
import { catalogues, type Language, languageOf, type Messages } from "./language/index.ts";
import { openStoreAt } from "./open-store.ts";
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
  readonly pal?: boolean;
  readonly samples?: number;
}

/** Whose threads: there is one user on a command line. */
export const namespace = "default";

export const clock = { now: Date.now };

/** Flags, environment and files as one, with the words to talk about them. */
export interface Settings {
  readonly flags: SettingFlags;
  readonly config: Config;
  /** The files that were read. */
  readonly files: readonly string[];
  /** The rules in them about tool calls. */
  readonly approval: readonly ApprovalLayer[];
  /** The project's file, where `system` stands in it. */
  readonly systemFrom?: string;
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
  const { config, files, approval, systemFrom } = loaded;
  const messages = catalogues[language];
  return { flags, config, files, approval, folders, language, messages, ...(systemFrom && { systemFrom }) };
}

/** The configured store, or the embedded one in the user's data folder, closed with the command. Throws a `StoreError`. */
export async function openStore(settings: Settings, io: Io): Promise<ThreadStore> {
  const embedded = `sqlite:${join(settings.folders.data, "chingu.db")}`;
  const url = settings.flags.memory ?? settings.config.memory?.url ?? embedded;
  const { folders, config, messages } = settings;
  const fallback = config.memory?.fallback ?? "none";
  const place = { url, folder: folders.data, indexFolder: indexFolder(settings) };
  return openStoreAt({ ...place, namespace, clock, fallback, messages }, io);
}

/** Where search keeps what it can make again from the stores. */
export function indexFolder({ folders }: Pick<Settings, "folders">): string {
  return join(folders.cache, "index");
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
