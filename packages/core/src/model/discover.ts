import { z } from "zod";
import type { ModelFailure } from "./chat-model.ts";
import { abortedFailure, displayUrl, failureOf, ProtocolError } from "./failure.ts";
import { readText, type Transport } from "./transport.ts";

/** A model server found on this machine. */
export interface LocalServer {
  /** `Ollama`, `LM Studio`, `llama.cpp`. */
  readonly name: string;
  readonly baseURL: string;
  /** Never empty. */
  readonly models: readonly string[];
}

export interface KnownServer {
  readonly name: string;
  readonly port: number;
}

/** The usual ports, in the order of preference. */
const knownServers: readonly KnownServer[] = [
  { name: "Ollama", port: 11434 },
  { name: "LM Studio", port: 1234 },
  { name: "llama.cpp", port: 8080 },
];

export interface DiscoverOptions {
  readonly transport: Transport;
  /** Absent: 300. */
  readonly timeoutMs?: number;
  readonly servers?: readonly KnownServer[];
}

export type ModelList =
  | { readonly kind: "models"; readonly models: readonly string[] }
  | { readonly kind: "failed"; readonly failure: ModelFailure };

/**
 * The model servers that run on this machine and have a model, in the order of `servers`. Asks all at once and waits
 * `timeoutMs` at most; what answers otherwise, or with anything but a list of models, is not one. Never rejects: an
 * abort finds nothing.
 */
export async function discoverLocal(options: DiscoverOptions, signal: AbortSignal): Promise<LocalServer[]> {
  await options.transport.ready();
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs ?? 300)]);
  const found = await Promise.all(
    (options.servers ?? knownServers).map(async ({ name, port }): Promise<LocalServer[]> => {
      const baseURL = `http://127.0.0.1:${port}/v1`;
      try {
        // Any web server may sit on these ports: only the exact form counts.
        const { data } = strictListSchema.parse(await fetchJson(options.transport, baseURL, undefined, inTime));
        const models = (data ?? []).map(({ id }) => id);
        return models.length > 0 ? [{ name, baseURL, models }] : [];
      } catch {
        return [];
      }
    }),
  );
  return found.flat();
}

/** The models an endpoint lists at `/models`, in its order. Never rejects; the caller's signal is the only limit of time. */
export async function listModels(
  options: { readonly transport: Transport; readonly baseURL: string; readonly apiKey?: string; readonly now: number },
  signal: AbortSignal,
): Promise<ModelList> {
  const { transport, baseURL, apiKey, now } = options;
  try {
    const list = listSchema.safeParse(await fetchJson(transport, baseURL, apiKey, signal));
    if (!list.success) throw new ProtocolError("it does not list its models", { wrongAddress: true });
    return { kind: "models", models: list.data.map(({ id }) => id) };
  } catch (error) {
    if (signal.aborted) return { kind: "failed", failure: abortedFailure };
    const context = { url: displayUrl(baseURL), secrets: [apiKey ?? ""], now };
    return { kind: "failed", failure: failureOf(error, context) };
  }
}

/** Models that answer, as far as a name tells: servers list those for embeddings, speech and images beside them. */
export function chatModels(models: readonly string[]): readonly string[] {
  const chat = models.filter(
    (id) => !/embed|rerank|whisper|(^|[-_/])(tts|bge|clip)([-_/:]|$)|moderation|dall-e/i.test(id),
  );
  return chat.length > 0 ? chat : models;
}

const longestList = 8 * 1024 * 1024;

const entriesSchema = z.array(z.object({ id: z.string().min(1) }));
const strictListSchema = z.object({ object: z.literal("list"), data: entriesSchema.nullable() });
/** As OpenAI lists them, or a bare array, as some do. */
const listSchema = z.union([
  z.object({ data: entriesSchema.nullable() }).transform(({ data }) => data ?? []),
  entriesSchema,
]);

async function fetchJson(
  transport: Transport,
  baseURL: string,
  apiKey: string | undefined,
  signal: AbortSignal,
): Promise<unknown> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (apiKey !== undefined) headers["authorization"] = `Bearer ${apiKey}`;
  const { body } = await transport.send(`${baseURL.replace(/\/+$/, "")}/models`, { headers, signal });
  const text = await readText(body, longestList);
  try {
    return JSON.parse(text);
  } catch {
    throw new ProtocolError("it does not answer with JSON", { wrongAddress: true });
  }
}
