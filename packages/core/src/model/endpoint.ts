import type { EndpointOptions } from "./api-model.ts";
import { type CapabilityCard, type CardCache, isStale } from "./capability-card.ts";
import { isKnownEndpoint, profileOf } from "./capability-table.ts";
import { createChatCompletionsModel } from "./chat-completions.ts";
import type { Capabilities, ChatModel } from "./chat-model.ts";
import { probeEndpoint } from "./probe.ts";
import type { Profile } from "./profile.ts";
import { createResponsesModel } from "./responses.ts";
import { createTransport } from "./transport.ts";

/** What endpoints nobody knows have shown of themselves. */
export interface Cards {
  readonly cache: CardCache;
  /** Whether one without a card is asked before its first turn. */
  readonly probe: boolean;
}

export interface EndpointModelOptions extends EndpointOptions {
  /** What the user says it speaks; else the capability table decides. */
  readonly api?: Profile["api"];
  /** Absent: what the table does not know is taken for the common denominator. */
  readonly cards?: Cards;
}

/**
 * A model at an endpoint, spoken to as the capability table, or the endpoint's card, says: over the Responses API or
 * Chat Completions, with its quirks. An endpoint without row and card is asked once, before the first turn; that asking
 * fails changes nothing.
 *
 * `capabilities` may know more after the first `stream` than before.
 */
export function createEndpointModel(given: EndpointModelOptions): ChatModel {
  const { api, cards, ...options } = given;
  if (!cards || isKnownEndpoint(options.baseURL)) return open({ ...options, ...withApi(api) });

  const transport = options.transport ?? createTransport();
  const asked = { ...options, transport };
  const first = open({ ...asked, ...withApi(api) });
  let known: Promise<ChatModel> | undefined;
  let current = first;
  return {
    id: options.model,
    get capabilities(): Capabilities {
      return current.capabilities;
    },
    async *stream(request, signal) {
      if (!known && cards.probe && !(await cards.cache.read(options))) {
        yield { type: "progress", code: "probe", text: `Asking ${options.model} what it takes` };
      }
      known ??= find().then((card) => {
        if (card)
          current = open({
            ...asked,
            profile: { ...(card.profile as Partial<Profile>), ...asked.profile },
            ...withApi(api),
          });
        return current;
      });
      yield* (await untilAborted(known, signal, current)).stream(request, signal);
    },
    ...(!options.transport && { dispose: () => transport.close() }),
  };

  /** Not the turn's signal: a turn that is stopped must not cost the next one its answer. The probe has its own limit. */
  async function find(): Promise<CapabilityCard | undefined> {
    const { baseURL, model, clock } = asked;
    const card = await cards?.cache.read({ baseURL, model });
    if (card && !isStale(card, clock.now())) return card;
    if (!cards?.probe) return card;
    const fresh = await probeEndpoint(asked, new AbortController().signal);
    if (fresh) await cards.cache.write(fresh);
    return fresh ?? card;
  }
}

function open(options: EndpointModelOptions & { readonly api?: Profile["api"] }): ChatModel {
  const { api = profileOf(options).api, ...endpoint } = options;
  return api === "responses" ? createResponsesModel(endpoint) : createChatCompletionsModel(endpoint);
}

const withApi = (api: Profile["api"] | undefined): { api?: Profile["api"] } => (api ? { api } : {});

/** The value, or the one for now when the signal aborts first. */
async function untilAborted<Value>(value: Promise<Value>, signal: AbortSignal, now: Value): Promise<Value> {
  if (signal.aborted) return now;
  const stopped = Promise.withResolvers<Value>();
  const stop = () => stopped.resolve(now);
  signal.addEventListener("abort", stop);
  try {
    return await Promise.race([value, stopped.promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
