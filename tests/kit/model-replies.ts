/** What a scripted model says, as small functions, so that a test reads as a specification. */

/** Tokens as an endpoint reports them. */
export interface WireUsage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens?: number;
  readonly prompt_tokens_details?: { readonly cached_tokens?: number; readonly cache_write_tokens?: number };
  readonly completion_tokens_details?: { readonly reasoning_tokens?: number };
}

/** One tool call. `null` leaves the field out of what is sent. */
export interface ScriptedCall {
  readonly name: string;
  /** The raw text: may be malformed or cut. */
  readonly arguments: string;
  /** Absent: `call_1`, `call_2`… in order. */
  readonly id?: string | null;
  /** Absent: its position. */
  readonly index?: number | null;
  /** The arguments as streamed; absent: in two halves. */
  readonly pieces?: readonly string[];
}

/** An answer of the model, streamed or whole as the request asks. */
export interface Answer {
  readonly kind: "answer";
  /** A list streams as that many pieces; a string in two halves. */
  readonly text?: string | readonly string[];
  readonly reasoning?: string;
  readonly reasoningField?: "reasoning_content" | "reasoning";
  readonly refusal?: string;
  readonly calls?: readonly ScriptedCall[];
  /** Responses API only: sealed reasoning, before the call at that index, else before the text. */
  readonly sealed?: readonly { readonly id: string; readonly content: string; readonly beforeCall?: number }[];
  /** Chat Completions only: of the answer's tokens, as the wire has them. */
  readonly logprobs?: readonly object[];
  /** Raw `delta` objects sent after the text and in place of `calls`: fragments in any order one wants. */
  readonly deltas?: readonly object[];
  /** `null` reports none. */
  readonly usage?: WireUsage | null;
  /** `null` sends none; absent follows from the content. */
  readonly finish?: string | null;
  /** What the endpoint says it ran; absent: the model asked for. */
  readonly model?: string;
  /** False leaves `[DONE]` out. */
  readonly done?: boolean;
  /** Nothing is sent before this settles. */
  readonly before?: Promise<unknown>;
  /** A streamed answer stops after its content, before the finish reason: the socket is reset, or waits for the promise. */
  readonly stop?: "reset" | Promise<unknown>;
}

/** Bytes sent as they are, whatever the request asks. */
export interface Raw {
  readonly kind: "raw";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly before?: Promise<unknown>;
}

export type Reply = Answer | Raw;

type Options = Omit<Partial<Answer>, "kind">;

export const text = (content: string | readonly string[], options: Options = {}): Answer => ({
  kind: "answer",
  text: content,
  ...options,
});

/** A call with its arguments as an object, or as raw text. */
export const call = (
  name: string,
  args: object | string,
  options: Omit<Partial<ScriptedCall>, "name" | "arguments"> = {},
): ScriptedCall => ({ name, arguments: typeof args === "string" ? args : JSON.stringify(args), ...options });

export const toolCalls = (calls: readonly ScriptedCall[], options: Options = {}): Answer => ({
  kind: "answer",
  calls,
  ...options,
});

export const toolCall = (name: string, args: object | string, options: Options = {}): Answer =>
  toolCalls([call(name, args)], options);

export const raw = (status: number, body: string, headers: Readonly<Record<string, string>> = {}): Raw => ({
  kind: "raw",
  status,
  headers,
  body,
});

/** An error as OpenAI-compatible endpoints report it. */
export const httpError = (
  status: number,
  message: string,
  options: { readonly code?: string; readonly type?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): Raw =>
  raw(
    status,
    JSON.stringify({
      error: { message, type: options.type ?? "invalid_request_error", param: null, code: options.code ?? null },
    }),
    { "content-type": "application/json", ...options.headers },
  );

/** 429; the headers say how long to wait: `{ "retry-after": "2" }`, `{ "retry-after-ms": "150" }`, a date… */
export const rateLimited = (headers: Readonly<Record<string, string>> = {}): Raw =>
  httpError(429, "Rate limit reached for requests", { type: "requests", code: "rate_limit_exceeded", headers });

export const overflow = (): Raw =>
  httpError(
    400,
    "This model's maximum context length is 8192 tokens. However, your messages resulted in 9041 tokens. Please reduce the length of the messages.",
    { code: "context_length_exceeded" },
  );

export const html = (status = 200): Raw =>
  raw(status, "<!doctype html><html><head><title>It works</title></head><body>Welcome</body></html>", {
    "content-type": "text/html; charset=utf-8",
  });

/** Streams the text, then the socket is reset. */
export const resetMidStream = (content: string): Answer => text(content, { stop: "reset" });

/** Streams the text, then says nothing until the promise settles; without one, never. */
export const stalled = (content: string, until: Promise<unknown> = new Promise(() => {})): Answer =>
  text(content, { stop: until });

/** Streams the text and closes as if it were the end, without finish reason or `[DONE]`. */
export const cut = (content: string): Answer => text(content, { finish: null, done: false, usage: null });

/** A stream that ends properly and says nothing. */
export const emptyStream = (): Raw => raw(200, "", { "content-type": "text/event-stream" });

export const malformedStream = (): Raw =>
  raw(
    200,
    'data: {"choices":[{"index":0,"delta":{"content":"Hel"}}]}\n\ndata: {"choices":[{"index":0,\n\ndata: [DONE]\n\n',
    {
      "content-type": "text/event-stream",
    },
  );

export const malformedJson = (): Raw => raw(200, '{"choices":[{"index":0,', { "content-type": "application/json" });

/** A call whose arguments stop in the middle, as `finish` says or denies. */
export const truncatedCall = (name: string, partial: string, finish: "length" | "tool_calls" = "length"): Answer =>
  toolCalls([call(name, partial)], { finish });

/** Nothing arrives before the promise settles. */
export const slow = <R extends Reply>(reply: R, until: Promise<unknown>): R => ({ ...reply, before: until });
