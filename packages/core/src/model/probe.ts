import { z } from "zod";
import type { Clock, JsonSchema } from "../protocol/index.ts";
import type { CapabilityCard } from "./capability-card.ts";
import { profileOf } from "./capability-table.ts";
import { displayUrl, ProtocolError } from "./failure.ts";
import { parseWire } from "./parse-wire.ts";
import type { Profile } from "./profile.ts";
import { readAnswer } from "./read-answer.ts";
import { readEvents } from "./read-events.ts";
import { dialectOf } from "./text-calls.ts";
import { type HttpResponse, HttpStatusError, readText, release, type Transport } from "./transport.ts";
import { answerSchema } from "./wire.ts";

export interface ProbedEndpoint {
  readonly baseURL: string;
  readonly model: string;
  readonly apiKey?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly transport: Transport;
  readonly clock: Clock;
}

type Changes = Partial<
  Pick<Profile, "streamUsage" | "maxTokensField" | "systemRole" | "tools" | "dialects" | "contextWindow">
>;

/** More refusals than there are things to leave out: the endpoint wants something else. */
const mostRequests = 5;
const mostTokens = 64;
const patienceMs = 20_000;

/**
 * Finds out what an endpoint takes, by a few small requests: one where everything common is welcome. A request that is
 * refused is sent again without what the refusal names, else without the next thing that endpoints are known to refuse.
 *
 * Undefined where nothing could be found out: nobody there, a wrong key, a busy server, 20 s gone. Never rejects.
 */
export async function probeEndpoint(
  endpoint: ProbedEndpoint,
  signal: AbortSignal,
): Promise<CapabilityCard | undefined> {
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
  try {
    const changes = await negotiate(endpoint, inTime);
    if (!changes) return undefined;
    const contextWindow = await listedWindow(endpoint, inTime).catch(() => undefined);
    const { baseURL, model, clock } = endpoint;
    const at = new Date(clock.now()).toISOString();
    const profile = { ...changes, ...(contextWindow !== undefined && { contextWindow }) };
    return { version: 1, baseURL, model, at, profile };
  } catch {
    return undefined;
  }
}

async function negotiate(endpoint: ProbedEndpoint, signal: AbortSignal): Promise<Changes | undefined> {
  let changes: Changes = {};
  for (let sent = 0; sent < mostRequests; sent += 1) {
    try {
      const response = await post(endpoint, changes, signal);
      return { ...changes, ...(await dialectsOf(response, changes)) };
    } catch (error) {
      const next = error instanceof HttpStatusError ? afterRefusal(error, changes) : undefined;
      if (!next) return undefined;
      changes = next;
    }
  }
  return undefined;
}

const ping = {
  name: "ping",
  description: "Answers with pong",
  inputSchema: { type: "object", properties: {} } satisfies JsonSchema,
};

function post(endpoint: ProbedEndpoint, changes: Changes, signal: AbortSignal): Promise<HttpResponse> {
  const { baseURL, model, apiKey, headers, transport } = endpoint;
  const profile = { ...profileOf(endpoint), ...changes };
  const { name, description, inputSchema } = ping;
  const rule = { role: "system", content: "Be brief." };
  const body = {
    model,
    stream: true,
    ...(profile.streamUsage && { stream_options: { include_usage: true } }),
    ...(profile.tools && { tools: [{ type: "function", function: { name, description, parameters: inputSchema } }] }),
    messages: [
      ...(profile.systemRole === "user" ? [] : [rule]),
      { role: "user", content: profile.tools ? "Call the tool `ping`." : "Say pong." },
    ],
    [profile.maxTokensField]: mostTokens,
  };
  return transport.send(`${baseURL.replace(/\/+$/, "")}/chat/completions`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(apiKey && { authorization: `Bearer ${apiKey}` }),
      ...headers,
    },
    body: JSON.stringify(body),
    signal,
  });
}

interface Concession {
  readonly named: RegExp;
  readonly change: Changes;
}

/** What endpoints refuse, in the order in which it is given up where a refusal names nothing. */
const concessions: readonly Concession[] = [
  { named: /stream_options|include_usage/i, change: { streamUsage: false } },
  { named: /max_tokens|max_completion_tokens/i, change: { maxTokensField: "max_completion_tokens" } },
  { named: /\btools?\b|function call/i, change: { tools: false } },
  { named: /\bsystem\b|\broles?\b/i, change: { systemRole: "user" } },
];

function afterRefusal({ status, body }: HttpStatusError, changes: Changes): Changes | undefined {
  // A template that cannot render the request is a 500 in some servers.
  if (status !== 400 && status !== 422 && !(status === 500 && /template|jinja|role/i.test(body))) return undefined;
  const open = concessions.filter(({ change }) => Object.keys(change).every((key) => !(key in changes)));
  const next = open.find(({ named }) => named.test(body)) ?? open[0];
  return next && { ...changes, ...next.change };
}

/** Whether the model wrote the call it was asked for into its text. */
async function dialectsOf(response: HttpResponse, { tools }: Changes): Promise<Changes> {
  const reader = readAnswer({ makeId: () => "probe", model: "" });
  let text = "";
  const take = (data: string): void => {
    const answer = data === "[DONE]" ? undefined : parseWire(answerSchema, data, "");
    if (!answer || answer instanceof ProtocolError) return;
    for (const event of reader.take(answer)) if (event.type === "text_delta") text += event.text;
  };
  if (/event-stream/i.test(response.headers.get("content-type") ?? "")) {
    for await (const events of readEvents(response.body)) for (const data of events) take(data);
  } else take(await readText(response.body, 1024 * 1024));
  release(response.body);
  const end = reader.finish();
  const native = end.type === "finished" && end.calls.length > 0;
  const dialect = tools === false || native ? undefined : dialectOf(text, [ping]);
  return dialect ? { dialects: [dialect] } : {};
}

const size = z.number().int().positive().nullish().catch(undefined);
const listSchema = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      // vLLM; OpenRouter and Together; Groq; Mistral and LM Studio; llama.cpp.
      max_model_len: size,
      context_length: size,
      context_window: size,
      max_context_length: size,
      meta: z.object({ n_ctx: size, n_ctx_train: size }).nullish().catch(undefined),
    }),
  ),
});

/** The window as the endpoint's own list of models states it. */
async function listedWindow(endpoint: ProbedEndpoint, signal: AbortSignal): Promise<number | undefined> {
  const { baseURL, model, apiKey, headers, transport } = endpoint;
  const { body } = await transport.send(`${baseURL.replace(/\/+$/, "")}/models`, {
    headers: { accept: "application/json", ...(apiKey && { authorization: `Bearer ${apiKey}` }), ...headers },
    signal,
  });
  const list = parseWire(listSchema, await readText(body, 8 * 1024 * 1024), displayUrl(baseURL));
  if (list instanceof ProtocolError) return undefined;
  const entry = list.data.find(({ id }) => id === model);
  const sizes = [entry?.max_model_len, entry?.context_length, entry?.context_window, entry?.max_context_length];
  return (
    [...sizes, entry?.meta?.n_ctx, entry?.meta?.n_ctx_train].find((one) => one !== undefined && one !== null) ??
    undefined
  );
}
