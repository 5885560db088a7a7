import { type Environment, type Failure, variable } from "../protocol/index.ts";
import { sanitizeLine } from "../text/index.ts";
import { chatModels, type LocalServer, type ModelList } from "./discover.ts";
import type { EmbeddedSize } from "./embedded/catalogue.ts";
import { abortedFailure, displayUrl } from "./failure.ts";
import type { Aliases, Providers } from "./provider-config.ts";

/** The model a turn will use, and why in a few words. */
export type ModelChoice =
  | {
      readonly kind: "endpoint";
      readonly model: string;
      readonly baseURL: string;
      readonly apiKey?: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly api?: "chat" | "responses";
      readonly reason: string;
    }
  | { readonly kind: "embedded"; readonly size: EmbeddedSize; readonly reason: string };

export type Resolution =
  | { readonly kind: "resolved"; readonly choice: ModelChoice }
  | { readonly kind: "failed"; readonly failure: Failure };

export interface ResolveDeps {
  /** What the command line or the configuration names; `CHINGU_MODEL` counts where it is absent. */
  readonly requested?: string;
  /** Read for `OPENAI_API_KEY`, `OPENAI_BASE_URL`, `CHINGU_MODEL` and the providers' `apiKeyEnv`. An empty variable counts as unset. */
  readonly environment: Environment;
  readonly config: { readonly providers?: Providers; readonly aliases?: Aliases };
  /** `discoverLocal`, bound. */
  readonly discover: (signal: AbortSignal) => Promise<readonly LocalServer[]>;
  /** `listModels`, bound. */
  readonly listModels: (endpoint: { baseURL: string; apiKey?: string }, signal: AbortSignal) => Promise<ModelList>;
  /** Whether this machine can run the embedded model (or fetch it). */
  readonly embeddedAvailable: boolean;
}

const officialURL = "https://api.openai.com/v1";
const officialModel = "gpt-5-mini";

/**
 * Which model to use: what is named by flag or configuration, else what `OPENAI_API_KEY` and `OPENAI_BASE_URL` lead to,
 * else a local server, else the embedded model. An endpoint that was configured and is down, refuses the key or has no
 * model is a failure, never a reason for another model. Never rejects.
 */
export async function resolveModel(deps: ResolveDeps, signal: AbortSignal): Promise<Resolution> {
  const requested = deps.requested?.trim() || variable(deps.environment, "CHINGU_MODEL");
  const resolution = requested ? await resolveNamed(requested, deps, signal) : await resolveUnnamed(deps, signal);
  return signal.aborted ? { kind: "failed", failure: abortedFailure } : resolution;
}

/** The choice in one line: `model: qwen3 at http://127.0.0.1:11434/v1 (Ollama on this machine)`. */
export function describeChoice(choice: ModelChoice): string {
  const what =
    choice.kind === "endpoint"
      ? `${sanitizeLine(choice.model)} at ${displayUrl(choice.baseURL)}`
      : choice.size === "small"
        ? "embedded:small, on this machine"
        : "embedded, on this machine";
  return `model: ${what} (${choice.reason})`;
}

async function resolveNamed(requested: string, deps: ResolveDeps, signal: AbortSignal): Promise<Resolution> {
  const { providers = {}, aliases = {} } = deps.config;
  const alias = Object.hasOwn(aliases, requested) ? aliases[requested] : undefined;
  // One step only: an alias of an alias is a name like any other, so there are no circles.
  const name = alias ?? requested;
  const reason = alias === undefined ? "as asked" : `alias ${requested}`;

  if (name === "embedded" || name.startsWith("embedded:")) return resolveEmbedded(name, reason, deps);
  const slash = name.indexOf("/");
  const provider = name.slice(0, slash);
  if (slash > 0 && Object.hasOwn(providers, provider)) {
    return resolveProvider(provider, name.slice(slash + 1), deps);
  }
  const endpoint = endpointOf(deps.environment);
  if (endpoint && slash > 0 && isHttp(endpoint.baseURL) && isOfficial(endpoint.baseURL)) {
    // No model there is named like this: it is a provider's name with a slip, and nothing goes to a house nobody named.
    return failed(
      `There is no provider "${sanitizeLine(provider)}" in the configuration.`,
      "Add it with `chingu setup` or under `providers:`, or name the endpoint with OPENAI_BASE_URL.",
    );
  }
  if (endpoint) return resolveAt(endpoint, name, reason);
  return resolveLocal(name, deps, signal);
}

async function resolveUnnamed(deps: ResolveDeps, signal: AbortSignal): Promise<Resolution> {
  const endpoint = endpointOf(deps.environment);
  if (endpoint) {
    const { baseURL, apiKey } = endpoint;
    if (!isHttp(baseURL) || isOfficial(baseURL)) return resolveAt(endpoint, officialModel, endpoint.reason);
    const list = await deps.listModels({ baseURL, ...(apiKey !== undefined && { apiKey }) }, signal);
    if (list.kind === "failed") return list;
    const [first] = chatModels(list.models);
    if (first !== undefined) return resolveAt(endpoint, first, endpoint.reason);
    return failed(
      `${displayUrl(baseURL)} lists no model.`,
      "Load a model there, or name one with CHINGU_MODEL or `--model`.",
    );
  }
  const [server] = await deps.discover(signal);
  const [model] = server ? chatModels(server.models) : [];
  if (server && model !== undefined) return local(server, model);
  if (deps.embeddedAvailable) return resolveEmbedded("embedded", "nothing else is set up", deps);
  return failed(
    "There is no model: no key or base URL is set, no model server runs on this machine, and the embedded model is not available here.",
    "Run `chingu setup`, set OPENAI_API_KEY or OPENAI_BASE_URL, or start Ollama, LM Studio or a llama.cpp server.",
  );
}

function resolveEmbedded(name: string, reason: string, deps: ResolveDeps): Resolution {
  if (name !== "embedded" && name !== "embedded:small") {
    return failed(`There is no embedded model "${name}".`, "There are `embedded` and `embedded:small`.");
  }
  if (!deps.embeddedAvailable) {
    return failed(
      "The embedded model is not available here: its engine, the optional package node-llama-cpp, is not installed.",
      "Install with optional dependencies, or use another model: run `chingu setup`.",
    );
  }
  return { kind: "resolved", choice: { kind: "embedded", size: name === "embedded" ? "default" : "small", reason } };
}

function resolveProvider(name: string, model: string, { config, environment }: ResolveDeps): Resolution {
  const provider = config.providers?.[name];
  if (!provider || model === "") {
    return failed(`"${name}/" names no model of the provider ${name}.`, `Write \`${name}/MODEL\`.`);
  }
  const { baseURL, apiKeyEnv, headers, api } = provider;
  const apiKey = provider.apiKey ?? (apiKeyEnv === undefined ? undefined : variable(environment, apiKeyEnv));
  if (apiKeyEnv !== undefined && apiKey === undefined) {
    return failed(
      `The provider ${name} takes its key from ${apiKeyEnv}, which is not set.`,
      `Set ${apiKeyEnv}, or run \`chingu setup\`.`,
    );
  }
  return resolveAt({ baseURL, apiKey, headers, api, reason: `provider ${name}` }, model, `provider ${name}`);
}

/** A name nobody configured: a model of that name on a local server, `NAME` standing for `NAME:latest` too. */
async function resolveLocal(name: string, deps: ResolveDeps, signal: AbortSignal): Promise<Resolution> {
  const servers = await deps.discover(signal);
  for (const id of [name, `${name}:latest`]) {
    const server = servers.find(({ models }) => models.includes(id));
    if (server) return local(server, id);
  }
  const seen = servers.flatMap(({ models }) => models);
  const there =
    seen.length > 0
      ? `on this machine there are ${seen.slice(0, 8).join(", ")}`
      : "no model server runs on this machine";
  return failed(
    `Nothing is set up that has the model "${sanitizeLine(name)}": ${sanitizeLine(there)}.`,
    "Set OPENAI_BASE_URL and OPENAI_API_KEY for its endpoint, run `chingu setup`, or see `chingu models`.",
  );
}

interface Endpoint {
  readonly baseURL: string;
  readonly apiKey: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly api?: "chat" | "responses" | undefined;
  readonly reason: string;
}

/** What `OPENAI_BASE_URL` and `OPENAI_API_KEY` lead to. */
function endpointOf(environment: Environment): Endpoint | undefined {
  const baseURL = variable(environment, "OPENAI_BASE_URL");
  const apiKey = variable(environment, "OPENAI_API_KEY");
  if (baseURL === undefined && apiKey === undefined) return undefined;
  const reason = baseURL === undefined ? "OPENAI_API_KEY" : "OPENAI_BASE_URL";
  return { baseURL: baseURL ?? officialURL, apiKey, reason };
}

function resolveAt({ baseURL, apiKey, headers, api }: Endpoint, model: string, reason: string): Resolution {
  if (!isHttp(baseURL)) {
    return failed(
      `The base URL "${displayUrl(baseURL)}" is not an http:// or https:// URL.`,
      "Check OPENAI_BASE_URL, or the provider's `baseURL` in the configuration.",
    );
  }
  const choice = {
    kind: "endpoint" as const,
    model,
    baseURL: baseURL.replace(/\/+$/, ""),
    ...(apiKey !== undefined && { apiKey }),
    ...(headers && { headers }),
    ...(api && { api }),
    reason,
  };
  return { kind: "resolved", choice };
}

const local = ({ name, baseURL }: LocalServer, model: string): Resolution => ({
  kind: "resolved",
  choice: { kind: "endpoint", model, baseURL, reason: `${name} on this machine` },
});

const failed = (message: string, hint: string): Resolution => ({
  kind: "failed",
  failure: { code: "model_unavailable", message, hint },
});

const isHttp = (url: string): boolean => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);

const isOfficial = (url: string): boolean => new URL(url).hostname === "api.openai.com";
