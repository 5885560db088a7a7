import { createRequire } from "node:module";
import type { ObtainOptions } from "../artefacts/index.ts";
import type { Clock, MakeId } from "../protocol/index.ts";
import type { CardCache } from "./capability-card.ts";
import type { ChatModel } from "./chat-model.ts";
import { createEmbeddedModel } from "./embedded/index.ts";
import { createEndpointModel } from "./endpoint.ts";
import type { Resolution } from "./resolve.ts";
import { isLoopback, type Transport } from "./transport.ts";

export interface OpenModelDeps {
  readonly clock: Clock;
  readonly makeId: MakeId;
  readonly transport: Transport;
  readonly artefacts: ObtainOptions;
  readonly gpu: "auto" | false;
  /** Where it is kept what endpoints nobody knows have shown of themselves; absent: none is asked. */
  readonly cards?: CardCache;
}

/**
 * The model a resolution leads to. Nothing is asked or loaded before its first `stream`. A resolution that failed gives
 * a model that answers with that failure: the turn goes its usual way, and what the user said is kept.
 */
export function openModel(resolution: Resolution, deps: OpenModelDeps): ChatModel {
  if (resolution.kind === "failed") return unavailable(resolution.failure);
  const { choice } = resolution;
  const { clock, makeId, transport, artefacts, gpu, cards: cache } = deps;
  if (choice.kind === "embedded") return createEmbeddedModel({ size: choice.size, artefacts, gpu, makeId });
  const { reason: _reason, kind: _kind, ...endpoint } = choice;
  // Servers on this machine are known by their models' rows, and asking one may mean minutes of loading.
  const cards = cache && { cards: { cache, probe: !isLoopback(endpoint.baseURL) } };
  return createEndpointModel({ ...endpoint, clock, makeId, transport, ...cards });
}

function unavailable(failure: Extract<Resolution, { kind: "failed" }>["failure"]): ChatModel {
  return {
    id: "none",
    capabilities: { tools: true, local: true },
    async *stream() {
      yield { type: "failed", error: { ...failure, retryable: false } };
    },
  };
}

/** Whether the embedded model's engine, an optional dependency, was installed. */
export function embeddedEngineInstalled(): boolean {
  try {
    createRequire(import.meta.url).resolve("node-llama-cpp");
    return true;
  } catch {
    return false;
  }
}
