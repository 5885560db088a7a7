import { z } from "zod";
import { sanitizeLine } from "../text/index.ts";
import type { ModelFailure } from "./chat-model.ts";
import { isOverflow } from "./overflow.ts";
import { parseRetryAfter } from "./retry-after.ts";
import { BodyTooLargeError, HttpStatusError, invalidProxyCode } from "./transport.ts";

/** The request a failure belongs to. */
export interface RequestContext {
  /** The base URL as it may be shown: `displayUrl`. */
  readonly url: string;
  readonly model?: string;
  /** Never shown, even where the provider repeats them. */
  readonly secrets: readonly string[];
  readonly now: number;
}

/** The endpoint answered with something that is not the API. `wrongAddress` when it does not seem to be one at all. */
export class ProtocolError extends Error {
  readonly wrongAddress: boolean;

  constructor(message: string, options: { readonly wrongAddress: boolean }) {
    super(message);
    this.wrongAddress = options.wrongAddress;
  }
}

/** An error object that came inside an answer whose status was good. */
export class ProviderError extends Error {
  readonly body: string;

  constructor(body: string) {
    super("The provider reported an error");
    this.body = body;
  }
}

const hints = {
  address: "Check the base URL (OPENAI_BASE_URL, or the provider's `baseURL` in the configuration); most end in /v1.",
  server: "Start the server there, check OPENAI_BASE_URL, or run `chingu setup`.",
  key: "Check OPENAI_API_KEY, or run `chingu setup`.",
  models: "Run `chingu models` to see which models there are.",
  network: "Check the network connection, the proxy settings and OPENAI_BASE_URL.",
  proxy: "Check HTTPS_PROXY and HTTP_PROXY: they are written http://HOST:PORT.",
  later: "Try again later, or use another model (`--model`).",
  certificate: "Check the address; for a certificate authority of your own set NODE_EXTRA_CA_CERTS.",
};

export const abortedFailure: ModelFailure = {
  code: "aborted",
  message: "The request to the model was stopped.",
  retryable: false,
};

/**
 * What went wrong with a request, as data: one sentence that names the endpoint and the cause, and the way out. An
 * error that is no fault of the provider or the network is a bug and is thrown again.
 */
export function failureOf(error: unknown, context: RequestContext): ModelFailure {
  const cause = rootOf(error);
  const { url } = context;
  if (cause instanceof HttpStatusError) return statusFailure(cause, context);
  if (cause instanceof ProviderError) return providerFailure(cause, context);
  if (cause instanceof ProtocolError) {
    return cause.wrongAddress
      ? unavailable(`${url} is not an OpenAI-compatible endpoint: ${cause.message}.`, hints.address)
      : { code: "provider_error", message: `${url} sent ${cause.message}.`, hint: hints.later, retryable: true };
  }
  if (cause instanceof BodyTooLargeError) {
    return { code: "provider_error", message: `${url} sent ${cause.message}.`, hint: hints.address, retryable: false };
  }
  return networkFailure(cause, context);
}

/** Whether the provider refused the request for what it says (rule 12): that is an outcome, not a failure. */
export function isContentRefusal(error: unknown): boolean {
  const cause = rootOf(error);
  return (
    cause instanceof HttpStatusError && cause.status === 400 && providerMessage(cause.body).code === "content_filter"
  );
}

/** A URL without what must not be shown: user, password, query. */
export function displayUrl(url: string): string {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    return sanitizeLine(url).replace(/\/\/[^/@]*@/, "//");
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname.replace(/\/+$/, "")}`;
}

function statusFailure({ status, headers, body }: HttpStatusError, context: RequestContext): ModelFailure {
  const { url, model } = context;
  const { message, code } = providerMessage(body);
  const said = quote(status, message, context);
  const retryAfterMs = parseRetryAfter(headers, context.now);
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };

  if (isOverflow(status, body)) return overflow(said, context);
  if (status < 400) return unavailable(`${url} redirects elsewhere (${status}), which is not followed.`, hints.address);
  if (status === 401 || status === 403) {
    const what = status === 401 ? "does not accept the key" : "does not allow this request";
    return unavailable(`${url} ${what} ${said}.`, hints.key);
  }
  if (status === 402 || code === "insufficient_quota") {
    const failure = {
      message: `${url} has no credit left for this key ${said}.`,
      hint: "Check plan and billing there.",
    };
    return { code: status === 402 ? "model_unavailable" : "rate_limited", ...failure, retryable: false };
  }
  const unknownModel = code === "model_not_found" || (status === 404 && /model/i.test(message));
  if (unknownModel && model !== undefined) return unavailable(`${url} has no model "${model}" ${said}.`, hints.models);
  if (status === 404 || status === 405) {
    return unavailable(`${url} is not an OpenAI-compatible endpoint ${said}.`, hints.address);
  }
  if (status === 408) return { code: "timeout", message: `${url} timed out ${said}.`, retryable: true, ...wait };
  if (status === 429) {
    const hint = "Wait a little, or use another model (`--model`).";
    return { code: "rate_limited", message: `${url} is limiting requests ${said}.`, hint, retryable: true, ...wait };
  }
  if (status === 409 || status >= 500) {
    return { code: "provider_error", message: `${url} failed ${said}.`, hint: hints.later, retryable: true, ...wait };
  }
  return {
    code: "invalid_request",
    message: `${url} refused the request ${said}.`,
    hint: hints.models,
    retryable: false,
  };
}

function providerFailure({ body }: ProviderError, context: RequestContext): ModelFailure {
  const { message, status } = providerMessage(body);
  const said = quote(status, message, context);
  if (isOverflow(undefined, body)) return overflow(said, context);
  const code = status === 429 ? "rate_limited" : "provider_error";
  const retryable = status === undefined || status === 429 || status >= 500;
  return { code, message: `${context.url} broke off with an error ${said}.`, hint: hints.later, retryable };
}

/** Error codes of the system, of Node and of undici that mean: nobody there. */
const unreachable: Readonly<
  Record<string, { readonly cause: string; readonly hint: string; readonly retryable: boolean }>
> = {
  ECONNREFUSED: { cause: "connection refused", hint: hints.server, retryable: false },
  ENOTFOUND: { cause: "the host name is not known", hint: hints.network, retryable: false },
  EAI_AGAIN: { cause: "the host name could not be looked up", hint: hints.network, retryable: true },
  EHOSTUNREACH: { cause: "no route to the host", hint: hints.network, retryable: false },
  ENETUNREACH: { cause: "no network", hint: hints.network, retryable: false },
  EADDRNOTAVAIL: { cause: "the address cannot be reached from here", hint: hints.address, retryable: false },
  [invalidProxyCode]: { cause: "the proxy setting is not a URL", hint: hints.proxy, retryable: false },
  ERR_INVALID_URL: { cause: "the address is not a URL", hint: hints.address, retryable: false },
  UND_ERR_INVALID_ARG: { cause: "the address or a header is not valid", hint: hints.address, retryable: false },
};

function networkFailure(error: unknown, context: RequestContext): ModelFailure {
  const code = codeOf(error);
  if (code === undefined) throw error;
  const { url } = context;
  const known = unreachable[code];
  if (known) {
    return { ...unavailable(`No model answers at ${url}: ${known.cause}.`, known.hint), retryable: known.retryable };
  }
  if (code === "UND_ERR_CONNECT_TIMEOUT" || code === "ETIMEDOUT") {
    const message = `No model answers at ${url}: connecting took too long.`;
    return { code: "timeout", message, hint: hints.network, retryable: true };
  }
  if (/CERT|SSL|TLS|^EPROTO$|SELF_SIGNED|UNABLE_TO_/.test(code)) {
    return unavailable(`No safe connection to ${url} (${code}).`, hints.certificate);
  }
  if (code.startsWith("HPE_")) {
    return unavailable(`${url} is not an OpenAI-compatible endpoint: it does not speak HTTP.`, hints.address);
  }
  const message = `The connection to ${url} broke (${code}).`;
  return { code: "network", message, hint: hints.network, retryable: true };
}

const unavailable = (message: string, hint: string): ModelFailure => ({
  code: "model_unavailable",
  message,
  hint,
  retryable: false,
});

const overflow = (said: string, { url, model }: RequestContext): ModelFailure => ({
  code: "overflow",
  message: `The conversation is longer than ${model ?? "the model"} at ${url} takes ${said}.`,
  hint: "Start a new thread, or use a model with a larger context.",
  retryable: false,
});

/** Status and words of the provider in brackets: one line, capped, without secrets. */
function quote(status: number | undefined, message: string, { secrets }: RequestContext): string {
  let line = message;
  for (const secret of secrets) if (secret.length >= 4) line = line.replaceAll(secret, "[secret]");
  line = sanitizeLine(line);
  const short = line.length > 300 ? `${line.slice(0, 300).toWellFormed()}…` : line;
  const parts = [status, short.replace(/\.$/, "")].filter((part) => part !== undefined && part !== "");
  return `(${parts.join(": ") || "no reason given"})`;
}

const errorObject = z.object({
  message: z.string().optional().catch(undefined),
  code: z.union([z.string(), z.number()]).optional().catch(undefined),
  status: z.number().optional().catch(undefined),
});

const errorBody = z.object({
  error: z.union([z.string(), errorObject]).optional().catch(undefined),
  message: z.string().optional().catch(undefined),
  detail: z.unknown().optional(),
});

interface ProviderMessage {
  readonly message: string;
  readonly code?: string;
  readonly status?: number;
}

/** The words of an error in the shapes that exist: OpenAI's object, a bare string, `message`, FastAPI's `detail`. */
function providerMessage(body: string): ProviderMessage {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return { message: /^\s*</.test(body) ? "" : body };
  }
  const parsed = errorBody.safeParse(Array.isArray(json) ? json[0] : json);
  if (!parsed.success) return { message: body };
  const { error, message, detail } = parsed.data;
  if (typeof error === "object") {
    const status = error.status ?? (typeof error.code === "number" ? error.code : undefined);
    return {
      message: error.message ?? "",
      ...(error.code !== undefined && { code: String(error.code) }),
      ...(status !== undefined && { status }),
    };
  }
  const details = detail === undefined ? undefined : typeof detail === "string" ? detail : JSON.stringify(detail);
  return { message: error ?? message ?? details ?? body };
}

/** The SDK wraps what the transport throws; undici wraps several attempts to connect. The innermost says what it was. */
function rootOf(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return rootOf(error.errors[0]);
  if (error instanceof Error && error.cause instanceof Error) return rootOf(error.cause);
  return error;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
