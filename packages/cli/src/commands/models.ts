import { describeChoice, discoverLocal, embeddedModels, listModels as listEndpoint, variable } from "@chingu/core";
import { describeProgress, formatBytes, listArtefacts, obtain, removeArtefact } from "@chingu/core/artefacts";
import { sanitizeLine } from "@chingu/core/text";
import { confirm } from "../confirm.ts";
import type { Io } from "../io.ts";
import { stateText } from "../output/format.ts";
import { createProgressLine } from "../output/progress-line.ts";
import { CommandFailure } from "../output/report-failure.ts";
import { writeRows } from "../output/rows.ts";
import { errorText } from "../output/turn-writer.ts";
import {
  artefactOptions,
  openTransport,
  readSettings,
  resolve,
  type SettingFlags,
  type Settings,
} from "../settings.ts";

interface ModelRow {
  /** What `--model` takes. */
  readonly name: string;
  /** Where it comes from: a provider's name, a local server's, `embedded`. */
  readonly from: string;
  readonly state: string;
  /** The one that answers when no other is named. */
  readonly chosen: boolean;
}

/** `chingu models`: every model that could answer here, and which one does. Endpoints that are down are named on stderr. */
export async function listModels(flags: SettingFlags, io: Io): Promise<number> {
  const settings = await readSettings(flags, io);
  const transport = openTransport(io);
  const [resolution, endpoints, local, embedded] = await Promise.all([
    resolve(settings, io, transport),
    Promise.all(configuredEndpoints(settings, io).map(async (endpoint) => ({ endpoint, list: await ask(endpoint) }))),
    discoverLocal({ transport }, io.signal),
    listArtefacts(
      artefactOptions(settings, io).cacheFolder,
      Object.values(embeddedModels).map(({ artefact }) => artefact),
    ),
  ]);
  const choice = resolution.kind === "resolved" ? resolution.choice : undefined;
  const isChosen = (baseURL: string, model: string) =>
    choice?.kind === "endpoint" && choice.baseURL === baseURL && choice.model === model;
  const rows: ModelRow[] = [
    ...endpoints.flatMap(({ endpoint: { prefix, from, baseURL }, list }) =>
      (list.kind === "models" ? list.models : []).map((model) => ({
        name: `${prefix}${model}`,
        from,
        state: baseURL,
        chosen: isChosen(baseURL, model),
      })),
    ),
    ...local.flatMap(({ name, baseURL, models }) =>
      models.map((model) => ({ name: model, from: name, state: baseURL, chosen: isChosen(baseURL, model) })),
    ),
    ...Object.entries(embeddedModels).map(([size, { id, artefact }], index) => ({
      name: id,
      from: "embedded",
      state: `${artefact.name}, ${formatBytes(artefact.bytes)}, ${artefact.licence}, ${stateText(embedded[index]?.state ?? "absent", settings.messages)}`,
      chosen: choice?.kind === "embedded" && choice.size === size,
    })),
  ];
  writeRows(rows, rowText, flags.output, io);
  for (const { endpoint, list } of endpoints) {
    if (list.kind === "failed") io.stderr.write(`${endpoint.from}: ${errorText(list.failure, settings.messages)}\n`);
  }
  if (resolution.kind === "failed") io.stderr.write(`${errorText(resolution.failure, settings.messages)}\n`);
  else if (!flags.quiet) io.stderr.write(`${describeChoice(resolution.choice)}\n`);
  return 0;

  function ask({ baseURL, apiKey }: EndpointToAsk) {
    const inTime = AbortSignal.any([io.signal, AbortSignal.timeout(5_000)]);
    return listEndpoint({ transport, baseURL, now: Date.now(), ...(apiKey !== undefined && { apiKey }) }, inTime);
  }
}

interface EndpointToAsk {
  readonly prefix: string;
  readonly from: string;
  readonly baseURL: string;
  readonly apiKey?: string;
}

function configuredEndpoints({ config }: Settings, { environment }: Io): EndpointToAsk[] {
  const baseURL = variable(environment, "OPENAI_BASE_URL");
  const apiKey = variable(environment, "OPENAI_API_KEY");
  const providers = Object.entries(config.providers ?? {}).map(([name, provider]) => {
    const key = provider.apiKey ?? (provider.apiKeyEnv ? variable(environment, provider.apiKeyEnv) : undefined);
    return { prefix: `${name}/`, from: name, baseURL: provider.baseURL, ...(key !== undefined && { apiKey: key }) };
  });
  return [
    ...(baseURL ? [{ prefix: "", from: "OPENAI_BASE_URL", baseURL, ...(apiKey !== undefined && { apiKey }) }] : []),
    ...providers,
  ];
}

function rowText({ name, from, state, chosen }: ModelRow): string {
  return `${chosen ? "*" : " "} ${sanitizeLine(name).padEnd(36)}  ${from.padEnd(16)}  ${sanitizeLine(state)}`;
}

/** `chingu models pull`: fetches an embedded model's file, with progress on stderr. */
export async function pullModel(name: string, flags: SettingFlags, io: Io): Promise<number> {
  const settings = await readSettings(flags, io);
  const artefact = embeddedArtefact(name);
  const progress = createProgressLine(io.stderr, { quiet: flags.quiet ?? false, now: Date.now });
  const obtained = await obtain(
    artefact,
    {
      ...artefactOptions(settings, io),
      onProgress: (now) => progress.show(describeProgress(now), now.bytes / now.total),
    },
    io.signal,
  );
  progress.clear();
  if (obtained.kind === "failed") throw new CommandFailure({ ...obtained.failure, code: "model_unavailable" });
  writeRows([{ name, path: obtained.path }], ({ path }) => path, flags.output, io);
  return 0;
}

/** `chingu models rm`: deletes an embedded model's file and what was made for it. */
export async function removeModel(name: string, flags: SettingFlags, io: Io): Promise<number> {
  const settings = await readSettings(flags, io);
  const artefact = embeddedArtefact(name);
  if (!flags.yes && !(await confirm(settings.messages.removeQuestion(name), io))) {
    throw new CommandFailure({
      code: "usage",
      message: `${name} was not removed`,
      hint: "--yes removes it without asking",
    });
  }
  const freed = await removeArtefact(artefactOptions(settings, io).cacheFolder, artefact);
  if (freed === undefined) {
    throw new CommandFailure({ code: "busy", message: `${name} is being downloaded`, hint: "wait for it, or stop it" });
  }
  const text = `${settings.messages.removed(name)} (${formatBytes(freed)})`;
  writeRows([{ name, freed }], () => text, flags.output, io);
  return 0;
}

function embeddedArtefact(name: string) {
  const found = Object.values(embeddedModels).find(({ id }) => id === name);
  if (found) return found.artefact;
  const names = Object.values(embeddedModels).map(({ id }) => id);
  throw new CommandFailure({
    code: "usage",
    message: `there is no embedded model "${name}"`,
    hint: `there are ${names.join(" and ")}`,
  });
}
