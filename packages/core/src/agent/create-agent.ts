import { builtInRules, type Decide } from "../approval/rules.ts";
import type { Limits } from "../budget/budget.ts";
import type { SpendLedger } from "../budget/ledger.ts";
import { type Price, priceOf } from "../budget/price.ts";
import type { ServerConfig } from "../mcp/server-config.ts";
import { createToolServer } from "../mcp/tool-server.ts";
import { createToolbox, type Toolbox } from "../mcp/toolbox.ts";
import { openThreadStore } from "../memory/open.ts";
import { memorySearchTool } from "../memory/recall/memory-search.ts";
import { openRecall, type Recall, type RecallOptions } from "../memory/recall/recall.ts";
import type { ThreadStore } from "../memory/thread-store.ts";
import type { ChatModel } from "../model/chat-model.ts";
import { createEndpointModel } from "../model/endpoint.ts";
import type {
  AgentEvent,
  Attachment,
  Clock,
  Failure,
  JsonSchema,
  MakeId,
  Summary,
  Tool,
  ToolCall,
  ToolDefinition,
  TurnResult,
} from "../protocol/index.ts";
import { openAnswerSchema } from "./answer-schema.ts";
import { createAttempts } from "./compaction/attempts.ts";
import { type CompactOutcome, compactByHand, type LeftOut, leftOutOf, uncompact } from "./compaction/by-hand.ts";
import { createContextWindow } from "./context-window.ts";
import { openLongTerm } from "./long-term.ts";
import { runTurn } from "./loop.ts";
import { createMakeId } from "./make-id.ts";
import { palOf } from "./pal.ts";
import { defaultPolicy, type Policy } from "./policy.ts";
import { readOutputTool } from "./read-output.ts";
import { openSpending } from "./spending.ts";
import { createSteering } from "./steering.ts";
import { systemPrompt } from "./system-prompt.ts";
import { createThreadReader, openThreadLog } from "./thread-log.ts";
import type { SystemSource } from "./turn-opening.ts";
import { createArgumentValidator, createSchemaCompiler } from "./validate.ts";

/** An OpenAI-compatible endpoint. */
export interface Endpoint {
  readonly name: string;
  readonly baseURL: string;
  readonly apiKey?: string;
  readonly stream?: boolean;
  /** Which API to speak; the capability table decides when left out. */
  readonly api?: "chat" | "responses";
}

export interface AgentOptions {
  readonly model: ChatModel | Endpoint;
  /** Our own tools: they run in this process, and their receipts are believed. */
  readonly tools?: readonly ToolDefinition[];
  /** Other people's servers, started as told; what they say is text. */
  readonly mcpServers?: Readonly<Record<string, ServerConfig>>;
  /** An open store, which stays the caller's to close, or its URL; `memory:` when left out. */
  readonly memory?: ThreadStore | string;
  /** Whose threads: `default` when left out. */
  readonly namespace?: string;
  /** Takes the place of Chingu's own instructions. A function is asked at the start of each turn. */
  readonly system?: string | SystemSource;
  /**
   * Long-term facts of the namespace: what holds is quoted to the model, which can save and forget with tools. Those of
   * scope `project` hold in the folder `project`. None when left out.
   */
  readonly facts?: { readonly project?: string };
  /**
   * Search over everything that was said: the model is offered `memory_search`, its index is kept in `folder`. None when
   * left out. The time zone is UTC when left out.
   */
  readonly recall?: Pick<RecallOptions, "folder" | "names" | "embedder"> & { readonly zone?: string };
  /** What may happen with a tool call: read-only tools of ours run, the rest is denied when left out. */
  readonly approve?: (call: ToolCall, tool: Tool) => "allow" | "deny" | Promise<"allow" | "deny">;
  /** Rules and limits in full, for those who want more than `approve`. */
  readonly policy?: Partial<Policy>;
  /** What each turn may cost in dollars and tokens, and all turns of a day. Steps and time are the policy's. */
  readonly budget?: Pick<Limits, "cost" | "costPerDay" | "tokens">;
  /** What the model costs; null where nobody knows; when left out, what the price table says. */
  readonly price?: Price | null;
  /** Where the day's spending is kept: a limit a day needs it. */
  readonly ledger?: SpendLedger;
  /** Where foreign servers get their minimal environment from; empty when left out. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly home?: string;
  readonly clock?: Clock;
  readonly ids?: MakeId;
  readonly random?: () => number;
  /** Ends the wait for servers that are still starting. */
  readonly signal?: AbortSignal;
}

export interface TurnOptions {
  /** The thread to speak in; a new one when left out. */
  readonly threadId?: string;
  /** Recorded when this turn begins the thread. */
  readonly folder?: string;
  readonly signal?: AbortSignal;
  /** Asks the person about a tool call that no rule decides. */
  readonly ask?: Policy["ask"];
  /** Makes the answer one JSON value that fits this JSON Schema; `value` of the result holds it. One that cannot be used ends the turn as `failed` with `usage`. */
  readonly outputSchema?: JsonSchema;
  /** Pictures, files and texts that go with the user's own words. */
  readonly attachments?: readonly Attachment[];
  /** The model writes a Python program, and what it gives is the answer; `value` of the result holds it. Without `outputSchema`. */
  readonly pal?: boolean;
  /** With `pal`: so many programs, of which the majority decides; one when left out, at most 40. */
  readonly samples?: number;
}

/** The events of one turn, to be read once; or its result alone. */
export interface Turn extends AsyncIterable<AgentEvent> {
  readonly threadId: string;
  /**
   * Says something while the turn runs: it joins before the next step. False when it is too late, the turn being
   * stopped or over; the input is then the caller's to send as the next turn.
   */
  steer(text: string): boolean;
  result(): Promise<TurnResult>;
}

export interface Agent extends AsyncDisposable {
  readonly model: ChatModel;
  readonly store: ThreadStore;
  readonly toolbox: Toolbox;
  readonly tools: () => readonly Tool[];
  /** Servers that did not start and tools that were left out. */
  readonly failures: readonly Failure[];
  /** The search over the store, where one was asked for. */
  readonly recall: Recall | undefined;
  turn(text: string, options?: TurnOptions): Turn;
  /**
   * Goes on in a thread whose calls wait for a person: asks again, runs what is allowed, and lets the model go on. Without
   * `ask`, calls that no rule allows go on waiting and the turn ends as `denied`; a thread in which nothing waits ends it
   * as `failed` with `usage`.
   */
  resume(threadId: string, options?: Omit<TurnOptions, "threadId" | "folder" | "pal" | "samples">): Turn;
  /** Has the model summarise everything before the last two turns of a thread, now. Rejects with a `StoreError`. */
  compact(threadId: string, signal?: AbortSignal): Promise<CompactOutcome>;
  /**
   * Takes the summary a thread is shown with back, and answers it: its messages are shown again as far as they fit, and no
   * other is made before one is asked for. Rejects with a `StoreError`.
   */
  uncompact(threadId: string): Promise<Summary | undefined>;
  /** What of a thread the model is no longer shown word for word, as far as this agent knows. Rejects with a `StoreError`. */
  leftOut(threadId: string): Promise<LeftOut>;
  close(): Promise<void>;
}

/**
 * Puts model, tools and memory together. Nothing is read from the environment or from files.
 *
 * Rejects with a `StoreError` when the store cannot be used; a tool server that does not start is in `failures` and
 * costs the others nothing. Close it, or bind it with `await using`.
 */
export async function createAgent(options: AgentOptions): Promise<Agent> {
  const { namespace = "default", ids = createMakeId(), random = Math.random, clock = { now: Date.now } } = options;
  const signal = options.signal ?? new AbortController().signal;
  const borrowed = typeof options.memory === "object" ? options.memory : undefined;
  const url = typeof options.memory === "string" ? options.memory : "memory:";
  const store = borrowed ?? (await openThreadStore(url, { clock, makeId: ids, home: options.home ?? "" }, signal));
  const own = "baseURL" in options.model ? connect(options.model, { makeId: ids, clock }) : undefined;
  const model = own ?? (options.model as ChatModel);

  const readThread = createThreadReader(store);
  const alive = new Set<string>();
  const readOutput = readOutputTool({
    text: (id, name) => store.readText({ namespace, id }, name),
    messages: async (id) => (await readThread({ namespace, id })).messages,
  });
  const longTerm = options.facts && openLongTerm({ store, namespace, clock, project: options.facts.project });
  const { zone = "UTC" } = options.recall ?? {};
  const recall = options.recall && openRecall({ store, namespace, clock, ...options.recall, zone });
  const search = recall ? [memorySearchTool(recall, { zone })] : [];
  const { toolbox, failures } = await createToolbox({
    linked: [createToolServer([...(options.tools ?? []), ...(longTerm?.tools ?? []), ...search, readOutput], client)],
    servers: options.mcpServers ?? {},
    client,
    environment: options.environment ?? {},
    signal,
  });
  const given: Policy = { ...defaultPolicy, decide: decideBy(options.approve), ...options.policy };
  const policy: Policy = longTerm ? { ...given, decide: longTerm.decide(given.decide) } : given;
  const compileSchema = createSchemaCompiler();
  const validate = createArgumentValidator(compileSchema);
  const window = createContextWindow(() => model.capabilities.contextWindow);
  const attempts = createAttempts();
  const system = options.system ?? systemPrompt();
  const { budget: limits = {}, ledger, price = tablePrice(options.model, model) } = options;

  const close = async () => {
    await recall?.close();
    await Promise.allSettled([toolbox.close(), ...(borrowed ? [] : [store.close()]), own?.dispose?.()]);
  };
  const openLog = (threadId: string, folder?: string) =>
    openThreadLog(store, readThread, { namespace, id: threadId }, { alive, ...(folder !== undefined && { folder }) });
  const spend = () =>
    openSpending({
      limits,
      model: model.id,
      price: price ?? undefined,
      clock,
      makeId: ids,
      ...(ledger && { ledger }),
    });
  const run = (text: string | undefined, options: TurnOptions): Turn => {
    const { threadId = ids(), folder, signal: stop = new AbortController().signal, ask } = options;
    const { outputSchema, attachments } = options;
    const memory = openLog(threadId, folder);
    const steering = createSteering(stop);
    const spent = spend();
    const deps = {
      model,
      toolbox,
      memory,
      policy: ask ? { ...policy, ask } : policy,
      spending: spent.spending,
      validate,
      clock,
      ids,
      random,
      window,
      attempts,
      steering,
      ...(longTerm && { preface: () => longTerm.preface(threadId) }),
    };
    const answerSchema = outputSchema && openAnswerSchema(outputSchema, compileSchema);
    const pal = palOf(options);
    const refusal = spent.refusal ?? [answerSchema, pal].find((one) => one !== undefined && "code" in one);
    const input = {
      system,
      ...(text !== undefined && { text }),
      ...(attachments && { attachments }),
      ...(answerSchema && !("code" in answerSchema) && { answerSchema }),
      ...(pal && !("code" in pal) && { pal }),
      ...(refusal && { refusal }),
    };
    return readOnce(threadId, runTurn(deps, input, stop), { steer: steering.steer, onEnd: () => recall?.refresh() });
  };
  return {
    model,
    store,
    toolbox,
    failures,
    recall,
    tools: () => toolbox.list(),
    turn: (text, turnOptions = {}) => run(text, turnOptions),
    resume: (threadId, turnOptions = {}) => run(undefined, { ...turnOptions, threadId }),
    async compact(threadId, signal = new AbortController().signal) {
      const { spending, refusal } = spend();
      if (refusal) return { kind: "failed", failure: refusal };
      const memory = openLog(threadId);
      return compactByHand({ model, memory, policy, spending, window, clock, ids, random }, signal);
    },
    async uncompact(threadId) {
      attempts.note(threadId, undefined);
      return uncompact({ memory: openLog(threadId), clock, ids });
    },
    async leftOut(threadId) {
      const cut = attempts.leftOut(threadId);
      return leftOutOf(await openLog(threadId).load(), cut === "unknown" ? undefined : cut);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

const client = { name: "chingu", version: "0.1.0" };

function connect({ name, ...endpoint }: Endpoint, of: { readonly makeId: MakeId; readonly clock: Clock }): ChatModel {
  return createEndpointModel({ model: name, ...endpoint, ...of });
}

function tablePrice(asked: AgentOptions["model"], { id, capabilities: { local } }: ChatModel): Price | undefined {
  return priceOf({ model: id, local, ...("baseURL" in asked && { baseURL: asked.baseURL }) }, { own: {} });
}

function decideBy(approve: AgentOptions["approve"]): Decide {
  if (!approve) return builtInRules;
  return async (call, tool) => {
    const kind = await approve(call, tool);
    return { kind, reason: kind === "allow" ? "allowed" : "not allowed" };
  };
}

function readOnce(
  threadId: string,
  events: AsyncGenerator<AgentEvent>,
  { steer, onEnd }: Pick<Turn, "steer"> & { readonly onEnd: () => void },
): Turn {
  let ended: TurnResult | undefined;
  const note = (next: IteratorResult<AgentEvent>) => {
    if (!next.done && next.value.type === "turn_end") {
      ended = next.value.result;
      onEnd();
    }
    return next;
  };
  // No generator of its own: each one that an event passes costs as much as making the event.
  const reading: AsyncIterableIterator<AgentEvent> = {
    next: () => events.next().then(note),
    return: () => events.return(undefined),
    [Symbol.asyncIterator]: () => reading,
  };
  return {
    threadId,
    steer,
    [Symbol.asyncIterator]: () => reading,
    async result() {
      for await (const _ of reading);
      if (!ended) throw new Error("the turn was not read to its end");
      return ended;
    },
  };
}
