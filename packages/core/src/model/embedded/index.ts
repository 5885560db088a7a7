import { describeProgress, type ObtainOptions, obtain } from "../../artefacts/index.ts";
import type { MakeId } from "../../protocol/index.ts";
import type { ChatModel, ModelEvent, ModelFailure, ModelRequest } from "../chat-model.ts";
import { type EmbeddedSize, embeddedModels } from "./catalogue.ts";
import { channel } from "./channel.ts";
import { type Engine, loadEngine, type Runtime, startRuntime } from "./engine.ts";
import { respond } from "./respond.ts";

export interface EmbeddedModelOptions {
  readonly size: EmbeddedSize;
  /** Where the weights are kept and how they may be fetched. */
  readonly artefacts: ObtainOptions;
  /** `auto` uses a graphics card where the library finds one; `false` the processor alone. */
  readonly gpu: "auto" | false;
  readonly makeId: MakeId;
  /** Tokens of prompt and answer together. */
  readonly contextSize?: number;
}

const defaultContextSize = 4096;
/** Loading says something at least this often: silence would count as a model that hangs. */
const heartbeatMs = 10_000;

/**
 * The model that runs inside this process. Nothing is fetched or loaded before the first `stream`; calls are answered
 * one after the other. A missing library, missing weights or too little memory end in `failed` with
 * `model_unavailable`, and the next call tries again.
 */
export function createEmbeddedModel(options: EmbeddedModelOptions): ChatModel {
  const { id } = embeddedModels[options.size];
  const contextWindow = options.contextSize ?? defaultContextSize;
  const disposed = new AbortController();
  let engine: Engine | undefined;
  let last: Promise<void> = Promise.resolve();

  async function work(request: ModelRequest, emit: (event: ModelEvent) => void, signal: AbortSignal): Promise<void> {
    try {
      signal.throwIfAborted();
      if (!engine) {
        const loaded = await load(options, emit, signal);
        if ("failure" in loaded) return emit({ type: "failed", error: loaded.failure });
        engine = loaded.engine;
      }
      await respond({ engine, makeId: options.makeId, emit }, request, signal);
    } catch (error) {
      emit({ type: "failed", error: signal.aborted ? stopped : broken(id, error) });
    }
  }

  return {
    id,
    // 1.5 billion parameters make poor summaries, and slowly.
    capabilities: { contextWindow, tools: true, local: true, forcedTool: true, summaries: false },

    async *stream(request, signal) {
      const events = channel<ModelEvent>();
      const unread = new AbortController();
      const stop = AbortSignal.any([signal, unread.signal, disposed.signal]);
      // What is being evaluated cannot be interrupted at once: the reader is let go, the next call waits for it.
      const onAbort = () => {
        events.push({ type: "failed", error: stopped });
        events.close();
      };
      stop.addEventListener("abort", onAbort, { once: true });
      if (stop.aborted) onAbort();
      last = last.then(() => work(request, events.push, stop)).finally(events.close);
      try {
        for await (const event of events.read()) {
          yield event;
          if (event.type === "finished" || event.type === "failed") return;
        }
      } finally {
        stop.removeEventListener("abort", onAbort);
        unread.abort();
      }
    },

    async dispose() {
      disposed.abort();
      await last;
      await engine?.dispose();
      engine = undefined;
    },
  };
}

const stopped: ModelFailure = { code: "aborted", message: "the model was stopped", retryable: false };

type Loaded = { readonly engine: Engine } | { readonly failure: ModelFailure };

async function load(
  { size, artefacts, gpu, contextSize = defaultContextSize }: EmbeddedModelOptions,
  emit: (event: ModelEvent) => void,
  signal: AbortSignal,
): Promise<Loaded> {
  const { artefact } = embeddedModels[size];
  let latest: ModelEvent = { type: "progress", code: "model_load", text: `Loading ${artefact.name}` };
  const say = (event: ModelEvent) => {
    latest = event;
    emit(event);
  };
  const heartbeat = setInterval(() => emit(latest), heartbeatMs);
  let runtime: Runtime | undefined;
  let engine: Engine | undefined;
  try {
    runtime = await startRuntime(gpu);
    const obtained = await obtain(
      artefact,
      {
        ...artefacts,
        onProgress: (progress) => {
          artefacts.onProgress?.(progress);
          const share = progress.bytes / progress.total;
          say({ type: "progress", code: "model_download", text: describeProgress(progress), progress: share });
        },
      },
      signal,
    );
    if (obtained.kind === "failed") {
      const { code, message, hint } = obtained.failure;
      if (code === "aborted") return { failure: stopped };
      return { failure: { code: "model_unavailable", message, ...(hint && { hint }), retryable: false } };
    }
    const onLoad = (progress: number) =>
      say({ type: "progress", code: "model_load", text: `Loading ${artefact.name}`, progress });
    onLoad(0);
    const weights = { modelPath: obtained.path, modelSha256: artefact.sha256, contextSize, onLoad };
    engine = await loadEngine(runtime, weights, signal);
    return { engine };
  } catch (error) {
    return { failure: signal.aborted ? stopped : unloadable(artefact.name, size, error) };
  } finally {
    clearInterval(heartbeat);
    if (!engine) await runtime?.llama.dispose();
  }
}

function unloadable(name: string, size: EmbeddedSize, error: unknown): ModelFailure {
  const reason = error instanceof Error ? error.message : String(error);
  const missing = error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
  const other = "use another model with --model or OPENAI_BASE_URL";
  if (missing) {
    return {
      code: "model_unavailable",
      message: "The embedded model needs the package node-llama-cpp, which is not installed.",
      hint: `Install again with optional dependencies, or ${other}.`,
      retryable: false,
    };
  }
  return {
    code: "model_unavailable",
    message: `${name} cannot be loaded on this machine: ${reason}`,
    hint: size === "default" ? `Try --model embedded:small, or ${other}.` : `You can ${other}.`,
    retryable: false,
  };
}

function broken(id: string, error: unknown): ModelFailure {
  const reason = error instanceof Error ? error.message : String(error);
  return { code: "internal", message: `The model ${id} broke off: ${reason}`, retryable: false };
}
