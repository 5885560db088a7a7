import type { OpenAI } from "openai";
import type { ChatCompletionCreateParams } from "openai/resources/chat/completions";
import type { Clock, MakeId } from "../protocol/index.ts";
import { toChatMessages, toChatTools } from "./chat-messages.ts";
import type { Capabilities, ChatModel, ModelEvent, ModelFailure, ModelRequest } from "./chat-model.ts";
import { abortedFailure, displayUrl, failureOf, isContentRefusal, ProtocolError, ProviderError } from "./failure.ts";
import { type AnswerReader, readAnswer } from "./read-answer.ts";
import { readEvents } from "./read-events.ts";
import { createTransport, type HttpResponse, isLoopback, readText, release, type Transport } from "./transport.ts";
import { answerSchema, type WireAnswer } from "./wire.ts";

export interface ChatCompletionsOptions {
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
  /** Shared connections, closed by their owner. Absent: connections of its own, without a proxy, closed by `dispose`. */
  readonly transport?: Transport;
}

const longestAnswer = 32 * 1024 * 1024;

/** A model behind the Chat Completions API of any endpoint. The contract is `ChatModel`'s; it never retries by itself. */
export function createChatCompletionsModel(options: ChatCompletionsOptions): ChatModel {
  const { model, baseURL, apiKey, makeId, clock } = options;
  const transport = options.transport ?? createTransport();
  const context = () => ({
    url: displayUrl(baseURL),
    model,
    secrets: [apiKey ?? "", ...Object.values(options.headers ?? {})],
    now: clock.now(),
  });
  const isSendable = sendable(options);
  let client: Promise<OpenAI> | undefined;

  async function* stream(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelEvent> {
    if (!isSendable) {
      yield { type: "failed", error: unsendable(context().url) };
      return;
    }
    let response: HttpResponse | undefined;
    // Unlinked from the caller's signal once the answer is complete: an abort after that must not cost the connection.
    const hangUp = new AbortController();
    const forward = (): void => hangUp.abort(signal.reason);
    signal.addEventListener("abort", forward);
    const reader = readAnswer({ makeId, model });
    try {
      signal.throwIfAborted();
      client ??= openClient(options, transport);
      const completions = (await client).chat.completions;
      const sent = completions.create(toBody(request, options), { signal: hangUp.signal }).asResponse();
      // It is the transport's own response, handed through by the SDK.
      response = (await sent) as unknown as HttpResponse;
      yield* isEventStream(response, options.stream ?? true)
        ? readStream(response, reader)
        : readWhole(response, reader);
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
    capabilities: { tools: true, local: isLoopback(baseURL), ...options.capabilities },
    stream,
    ...(!options.transport && { dispose: () => transport.close() }),
  };
}

/** The SDK as far as it is wanted: URLs, authorization, types. Nothing is taken from the process's environment. */
async function openClient({ baseURL, apiKey, headers }: ChatCompletionsOptions, transport: Transport): Promise<OpenAI> {
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
function sendable({ apiKey, headers }: ChatCompletionsOptions): boolean {
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

/** The request body. What changes from step to step stands last, so that consecutive bodies share their beginning (rule 30). */
function toBody(request: ModelRequest, options: ChatCompletionsOptions): ChatCompletionCreateParams {
  const { tools, toolChoice, maxOutputTokens } = request;
  const stream = options.stream ?? true;
  return {
    model: options.model,
    stream,
    ...(stream && { stream_options: { include_usage: true } }),
    ...(tools.length > 0 && { tools: toChatTools(tools) }),
    messages: toChatMessages(request.system, request.messages),
    ...(tools.length > 0 && { tool_choice: toolChoice }),
    ...(maxOutputTokens !== undefined && { [maxTokensField(options.baseURL)]: maxOutputTokens }),
  };
}

/** OpenAI's own endpoint has given up the name that everyone else took over from it. */
const maxTokensField = (baseURL: string): "max_tokens" | "max_completion_tokens" =>
  baseURL.startsWith("https://api.openai.com/") ? "max_completion_tokens" : "max_tokens";

async function* readStream(response: HttpResponse, reader: AnswerReader): AsyncGenerator<ModelEvent> {
  // What cannot be parsed is only told when more follows: at the very end it is a stream cut in the middle of an event.
  let broken: ProtocolError | undefined;
  for await (const events of readEvents(response.body)) {
    for (const data of events) {
      if (broken) throw broken;
      if (data === "[DONE]") return;
      const answer = parseAnswer(data, "a malformed stream event");
      if (answer instanceof ProtocolError) broken = answer;
      else yield* reader.take(answer);
    }
  }
}

async function* readWhole(response: HttpResponse, reader: AnswerReader): AsyncGenerator<ModelEvent> {
  const body = await readText(response.body, longestAnswer);
  const answer = parseAnswer(body, "an answer that is not valid JSON");
  if (answer instanceof ProtocolError) throw answer;
  if (!answer.choices) throw new ProtocolError("its answer has no `choices`", { wrongAddress: true });
  yield* reader.take(answer);
}

/** Reads one chunk or answer. An error object inside is thrown; what is no chunk at all is returned as the fault it is. */
function parseAnswer(text: string, fault: string): WireAnswer | ProtocolError {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return new ProtocolError(fault, { wrongAddress: false });
  }
  const parsed = answerSchema.safeParse(json);
  if (!parsed.success) return new ProtocolError(fault, { wrongAddress: false });
  if (parsed.data.error !== undefined && parsed.data.error !== null) throw new ProviderError(text);
  return parsed.data;
}

/** By what the endpoint says it sent, else by what was asked. */
function isEventStream(response: HttpResponse, asked: boolean): boolean {
  const type = response.headers.get("content-type") ?? "";
  if (/html/i.test(type)) throw new ProtocolError("it answers with a web page", { wrongAddress: true });
  if (/event-stream/i.test(type)) return true;
  return /json/i.test(type) ? false : asked;
}
