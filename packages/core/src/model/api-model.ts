import type { OpenAI } from "openai";
import type { Clock, MakeId } from "../protocol/index.ts";
import { profileOf } from "./capability-table.ts";
import type { Capabilities, ChatModel, ModelEvent, ModelFailure, ModelRequest } from "./chat-model.ts";
import { abortedFailure, displayUrl, failureOf, isContentRefusal, ProtocolError } from "./failure.ts";
import type { Profile } from "./profile.ts";
import { readEvents } from "./read-events.ts";
import { unwelcomePart } from "./replay.ts";
import { readTextCalls } from "./text-calls.ts";
import { createTransport, type HttpResponse, isLoopback, readText, release, type Transport } from "./transport.ts";

export interface EndpointOptions {
  readonly model: string;
  /** Up to `/v1`. */
  readonly baseURL: string;
  /** Absent or empty where the endpoint wants none: then no `authorization` is sent. */
  readonly apiKey?: string;
  /** False asks for whole answers. */
  readonly stream?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly makeId: MakeId;
  readonly clock: Clock;
  readonly capabilities?: Partial<Capabilities>;
  /** What is known better than the capability table knows it. */
  readonly profile?: Partial<Profile>;
  /** Shared connections, closed by their owner. Absent: connections of its own, without a proxy, closed by `dispose`. */
  readonly transport?: Transport;
}

/** What an API makes of a request and of its answer. */
export interface Api {
  /** Sends the request through the SDK, which hands through the transport's own response. */
  send(
    client: OpenAI,
    request: ModelRequest,
    options: { readonly stream: boolean; readonly signal: AbortSignal },
  ): Promise<Response>;
  /** A reader for one answer. */
  reader(): ApiReader;
}

export interface ApiReader {
  /** Takes the data of the next server-sent event. Throws what the provider reports as an error. */
  takeEvent(data: string): readonly ModelEvent[] | ProtocolError | "end";
  /** Takes a whole answer. Throws a `ProtocolError` too. */
  takeWhole(body: string): readonly ModelEvent[];
  /** Whether the provider has said how the answer ended. */
  finished(): boolean;
  /** The last event, from all that was taken. */
  finish(): ModelEvent;
}

const longestAnswer = 32 * 1024 * 1024;

/** A model behind an HTTP API. The contract is `ChatModel`'s; it never retries by itself. */
export function createApiModel(options: EndpointOptions, profile: Profile, api: Api): ChatModel {
  const { model, baseURL, apiKey, clock, stream: streamed = true } = options;
  const transport = options.transport ?? createTransport();
  const context = () => ({
    url: displayUrl(baseURL),
    model,
    secrets: [apiKey ?? "", ...Object.values(options.headers ?? {})],
    now: clock.now(),
  });
  const isSendable = sendable(options);
  let client: Promise<OpenAI> | undefined;

  async function* ask(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelEvent> {
    const refusal = isSendable ? unwelcome(request, profile, model) : unsendable(context().url);
    if (refusal) {
      yield { type: "failed", error: refusal };
      return;
    }
    let response: HttpResponse | undefined;
    // Unlinked from the caller's signal once the answer is complete: an abort after that must not cost the connection.
    const hangUp = new AbortController();
    const forward = (): void => hangUp.abort(signal.reason);
    signal.addEventListener("abort", forward);
    const reader = api.reader();
    try {
      signal.throwIfAborted();
      client ??= openClient(options, transport);
      const sent = api.send(await client, request, { stream: streamed, signal: hangUp.signal });
      response = (await sent) as unknown as HttpResponse;
      yield* isEventStream(response, streamed) ? readStream(response, reader) : readWhole(response, reader);
      signal.removeEventListener("abort", forward);
      release(response.body);
      response = undefined;
      yield reader.finish();
    } catch (error) {
      if (signal.aborted) yield { type: "failed", error: abortedFailure };
      // What breaks after the finish reason takes nothing from the answer.
      else if (reader.finished()) yield reader.finish();
      else if (isContentRefusal(error)) yield { type: "finished", reason: "refused", raw: "content_filter", calls: [] };
      else yield { type: "failed", error: failureOf(error, context()) };
    } finally {
      signal.removeEventListener("abort", forward);
      response?.body.destroy();
    }
  }

  return {
    id: model,
    capabilities: { ...capabilitiesOf(profile), local: isLoopback(baseURL), ...options.capabilities },
    // A layer more is a tick more for every event: only models that need it pay for it.
    stream:
      profile.dialects.length === 0
        ? ask
        : (request, signal) => readTextCalls(ask(request, signal), request, profile.dialects, options.makeId),
    ...(!options.transport && { dispose: () => transport.close() }),
  };
}

/** The table's word for the model, and what is known better. */
export function profileFor(options: EndpointOptions): Profile {
  return { ...profileOf(options), ...options.profile };
}

function capabilitiesOf(profile: Profile): Omit<Capabilities, "local"> {
  const { contextWindow, tools, images, files, logprobs, reasoningEffort } = profile;
  const { structuredOutput, structuredOutputWithTools, forcedTool } = profile;
  return {
    tools,
    forcedTool: tools && forcedTool,
    logprobs,
    reasoningEffort,
    structuredOutput,
    structuredOutputWithTools,
    ...(contextWindow !== undefined && { contextWindow }),
    ...(images !== undefined && { images }),
    ...(files !== undefined && { files }),
  };
}

/** The SDK as far as it is wanted: URLs, authorization, types. Nothing is taken from the process's environment. */
async function openClient({ baseURL, apiKey, headers }: EndpointOptions, transport: Transport): Promise<OpenAI> {
  const { OpenAI } = await import("openai");
  return new OpenAI({
    baseURL,
    apiKey: apiKey || "none",
    defaultHeaders: { ...(!apiKey && { authorization: null }), ...headers },
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    // Retries and timeouts belong to the loop.
    maxRetries: 0,
    timeout: 2 ** 31 - 1,
    logLevel: "off",
    fetch: async (url, init) => {
      const { method, headers, body, signal } = init ?? {};
      const sent = transport.send(String(url), {
        ...(method !== undefined && { method }),
        headers: headers as Headers,
        ...(typeof body === "string" && { body }),
        ...(signal && { signal }),
      });
      return (await sent) as unknown as Response;
    },
  });
}

/** Whether key and headers can be written in an HTTP request. */
function sendable({ apiKey, headers }: EndpointOptions): boolean {
  try {
    new Headers({ ...headers, authorization: `Bearer ${apiKey ?? ""}` });
    return true;
  } catch {
    return false;
  }
}

// Without the value, which the platform's own message would repeat.
const unsendable = (url: string): ModelFailure => ({
  code: "model_unavailable",
  message: `The key or a header for ${url} has characters that cannot be sent in an HTTP header.`,
  hint: "Check OPENAI_API_KEY for line ends and characters that do not belong to it.",
  retryable: false,
});

function unwelcome({ messages }: ModelRequest, profile: Profile, model: string): ModelFailure | undefined {
  const part = unwelcomePart(messages, profile);
  if (!part) return undefined;
  const what = part.type === "image" ? "images" : "files";
  return {
    code: "invalid_request",
    message: `The model ${model} takes no ${what} (${part.name ?? part.mediaType}).`,
    hint: `Use a model that does (\`--model\`), or ask again without the ${part.type}.`,
    retryable: false,
  };
}

async function* readStream(response: HttpResponse, reader: ApiReader): AsyncGenerator<ModelEvent> {
  // What cannot be parsed is only told when more follows: at the very end it is a stream cut in the middle of an event.
  let broken: ProtocolError | undefined;
  for await (const batch of readEvents(response.body)) {
    for (const data of batch) {
      if (broken) throw broken;
      const events = reader.takeEvent(data);
      if (events === "end") return;
      if (events instanceof ProtocolError) broken = events;
      // Delegating to a list costs an asynchronous iterator around it, for each event of the stream.
      else for (const event of events) yield event;
    }
  }
}

async function* readWhole(response: HttpResponse, reader: ApiReader): AsyncGenerator<ModelEvent> {
  yield* reader.takeWhole(await readText(response.body, longestAnswer));
}

/** By what the endpoint says it sent, else by what was asked. */
function isEventStream(response: HttpResponse, asked: boolean): boolean {
  const type = response.headers.get("content-type") ?? "";
  if (/html/i.test(type)) throw new ProtocolError("it answers with a web page", { wrongAddress: true });
  if (/event-stream/i.test(type)) return true;
  return /json/i.test(type) ? false : asked;
}
