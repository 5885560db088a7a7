import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { halves } from "./halves.ts";
import type { Answer, Reply, ScriptedCall } from "./model-replies.ts";
import { responseEvents, wholeResponse } from "./responses-wire.ts";

export * from "./model-replies.ts";

/** A request for an answer, over either API, as it arrived. */
export interface ModelRequestRecord {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The parsed JSON body, for whole-object assertions. */
  // biome-ignore lint/suspicious/noExplicitAny: a test reads into it freely.
  readonly body: any;
  /** The bytes of the body, for assertions about a stable prefix. */
  readonly rawBody: string;
  /** Settles when the client closed the connection before the reply was complete. */
  readonly hungUp: Promise<void>;
}

/** Replies in the order they are used up, or a function of each request and its number, from 0. */
export type Script = readonly Reply[] | ((request: ModelRequestRecord, index: number) => Reply | Promise<Reply>);

export interface ModelServerOptions {
  /** Listed by `/v1/models`; absent: `test-model`. */
  readonly models?: readonly string[];
  /** What the list says of each model besides its name. */
  readonly listed?: object;
  /** When given, any other key is answered with 401. */
  readonly apiKey?: string;
  /** When true, a model that is not listed is answered with 404. */
  readonly strictModels?: boolean;
  /** Absent: a free one. */
  readonly port?: number;
}

export interface ModelServer extends AsyncDisposable {
  /** With `/v1`: what `OPENAI_BASE_URL` takes. */
  readonly baseURL: string;
  readonly port: number;
  /** The chat requests so far. */
  readonly requests: readonly ModelRequestRecord[];
  /** Connections accepted so far. */
  readonly connections: () => number;
  /** More replies behind those that are left. */
  push(...replies: readonly Reply[]): void;
  close(): Promise<void>;
}

/**
 * An OpenAI-compatible server on loopback that says what its script says. A request beyond the script is answered
 * with status 418, so that a test which did not expect it fails.
 */
export async function startModelServer(script: Script = [], options: ModelServerOptions = {}): Promise<ModelServer> {
  const queue: Reply[] = typeof script === "function" ? [] : [...script];
  const requests: ModelRequestRecord[] = [];
  const models = options.models ?? ["test-model"];
  let connections = 0;

  const nextReply = async (request: ModelRequestRecord, index: number): Promise<Reply> =>
    (typeof script === "function" ? await script(request, index) : undefined) ??
    queue.shift() ??
    errorReply(418, `The script has no reply for request ${index + 1}.`);

  const server = createServer((request, response) => {
    void handle(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  server.on("connection", () => {
    connections += 1;
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const rawBody = await readBody(request);
    const path = request.url ?? "/";
    if (options.apiKey !== undefined && request.headers.authorization !== `Bearer ${options.apiKey}`) {
      const denied = errorReply(401, "Incorrect API key provided.", "invalid_api_key");
      return send(response, denied, {}, new AbortController().signal);
    }
    if (path === "/v1/models") {
      const list = {
        object: "list",
        data: models.map((id) => ({ id, object: "model", created: 0, owned_by: "kit", ...options.listed })),
      };
      return void response.setHeader("content-type", "application/json").end(JSON.stringify(list));
    }
    if (!["/v1/chat/completions", "/v1/responses"].includes(path) || request.method !== "POST") {
      return send(response, errorReply(404, `No such path: ${path}`), {}, new AbortController().signal);
    }
    const gone = new AbortController();
    const hungUp = new Promise<void>((resolve) => {
      response.on("close", () => {
        if (response.writableFinished) return;
        gone.abort();
        resolve();
      });
    });
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const record: ModelRequestRecord = { path, headers, body: JSON.parse(rawBody), rawBody, hungUp };
    const index = requests.push(record) - 1;
    const { model } = record.body as { model: string };
    const reply =
      options.strictModels && !models.includes(model)
        ? errorReply(404, `The model \`${model}\` does not exist or you do not have access to it.`, "model_not_found")
        : await nextReply(record, index);
    await send(response, reply, { ...(record.body as ChatRequestBody), path }, gone.signal);
  }

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return {
    baseURL: `http://127.0.0.1:${port}/v1`,
    port,
    requests,
    connections: () => connections,
    push: (...replies) => void queue.push(...replies),
    close,
    [Symbol.asyncDispose]: close,
  };
}

interface ChatRequestBody {
  readonly path?: string;
  readonly model?: string;
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean };
}

async function send(response: ServerResponse, reply: Reply, body: ChatRequestBody, gone: AbortSignal): Promise<void> {
  if (reply.before) await settled(reply.before, gone);
  if (gone.aborted) return;
  if (reply.kind === "raw") {
    response.writeHead(reply.status, reply.headers).end(reply.body);
  } else if (body.path === "/v1/responses") {
    await sendResponse(response, reply, body, gone);
  } else if (body.stream) {
    await sendStream(response, reply, body, gone);
  } else {
    sendWhole(response, reply, body);
  }
}

async function sendResponse(response: ServerResponse, answer: Answer, body: ChatRequestBody, gone: AbortSignal) {
  if (!body.stream) {
    response.setHeader("content-type", "application/json").end(JSON.stringify(wholeResponse(answer, body.model)));
    return;
  }
  response.writeHead(200, eventStream);
  const events = responseEvents(answer, body.model);
  const write = (event: { readonly type: string }): void =>
    void response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  events.body.forEach(write);
  if (await stopped(response, answer, gone)) return;
  if (events.last) write(events.last);
  response.end();
}

/** Stops where the script says so; true when there is nobody left to write to. */
async function stopped(response: ServerResponse, answer: Answer, gone: AbortSignal): Promise<boolean> {
  if (answer.stop === "reset") {
    // Let what was written reach the client first: a reset throws away what is still in the buffers.
    await new Promise((resolve) => setTimeout(resolve, 30));
    response.socket?.resetAndDestroy();
    return true;
  }
  if (answer.stop) await settled(answer.stop, gone);
  return gone.aborted;
}

const eventStream = { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" };

async function sendStream(response: ServerResponse, answer: Answer, body: ChatRequestBody, gone: AbortSignal) {
  response.writeHead(200, eventStream);
  const head = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 0, model: answer.model ?? body.model };
  const write = (data: object): void => void response.write(`data: ${JSON.stringify(data)}\n\n`);
  const delta = (piece: object): void =>
    write({ ...head, choices: [{ index: 0, delta: piece, finish_reason: null }], usage: null });

  delta({ role: "assistant", content: "" });
  for (const piece of halves(answer.reasoning)) delta({ [answer.reasoningField ?? "reasoning_content"]: piece });
  for (const piece of halves(answer.text)) delta({ content: piece });
  for (const piece of halves(answer.refusal)) delta({ refusal: piece });
  for (const piece of answer.deltas ?? (answer.calls ?? []).flatMap(fragments)) delta(piece);

  if (await stopped(response, answer, gone)) return;

  const finish = finishOf(answer);
  if (finish !== null) {
    write({ ...head, choices: [{ index: 0, delta: {}, finish_reason: finish, ...logprobsOf(answer) }], usage: null });
  }
  const usage = usageOf(answer);
  if (usage && body.stream_options?.include_usage) write({ ...head, choices: [], usage });
  if (answer.done !== false) response.write("data: [DONE]\n\n");
  response.end();
}

function sendWhole(response: ServerResponse, answer: Answer, body: ChatRequestBody): void {
  const content = typeof answer.text === "string" ? answer.text : (answer.text?.join("") ?? null);
  const calls = (answer.calls ?? []).map((call, index) => ({
    ...idOf(call, index),
    type: "function",
    function: { name: call.name, arguments: call.arguments },
  }));
  const message = {
    role: "assistant",
    content,
    ...(answer.reasoning && { [answer.reasoningField ?? "reasoning_content"]: answer.reasoning }),
    ...(answer.refusal && { refusal: answer.refusal }),
    ...(calls.length > 0 && { tool_calls: calls }),
  };
  const usage = usageOf(answer);
  const whole = {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 0,
    model: answer.model ?? body.model,
    choices: [{ index: 0, message, finish_reason: finishOf(answer), ...logprobsOf(answer) }],
    ...(usage && { usage }),
  };
  response.setHeader("content-type", "application/json").end(JSON.stringify(whole));
}

const errorReply = (status: number, message: string, code: string | null = null): Reply => ({
  kind: "raw",
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ error: { message, type: "invalid_request_error", param: null, code } }),
});

const finishOf = (answer: Answer): string | null =>
  answer.finish === undefined ? (answer.calls || answer.deltas ? "tool_calls" : "stop") : answer.finish;

const logprobsOf = ({ logprobs }: Answer) => (logprobs ? { logprobs: { content: logprobs } } : {});

const usageOf = (answer: Answer) =>
  answer.usage === undefined ? { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } : answer.usage;

const idOf = (call: ScriptedCall, position: number) =>
  call.id === null ? {} : { id: call.id === undefined ? `call_${position + 1}` : call.id };

/** A call as a stream brings it: first its id and name, then its arguments piece by piece. */
function fragments(call: ScriptedCall, position: number): object[] {
  const at = call.index === null ? {} : { index: call.index ?? position };
  const first = { ...at, ...idOf(call, position), type: "function", function: { name: call.name, arguments: "" } };
  const rest = (call.pieces ?? halves(call.arguments)).map((piece) => ({ ...at, function: { arguments: piece } }));
  return [first, ...rest].map((fragment) => ({ tool_calls: [fragment] }));
}

/** Waits for the promise, or for the client to go. */
async function settled(promise: Promise<unknown>, gone: AbortSignal): Promise<void> {
  if (gone.aborted) return;
  await Promise.race([promise, new Promise<void>((resolve) => gone.addEventListener("abort", () => resolve()))]);
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) body += chunk;
  return body;
}
