import { availableParallelism } from "node:os";
import type { Llama, LlamaContext, LlamaGrammar, LlamaModel } from "node-llama-cpp";
import type { JsonSchema } from "../../protocol/index.ts";
import { grammarSchema } from "./grammar-schema.ts";
import { type Lane, openLane } from "./lane.ts";
import type { Prompt } from "./prompt.ts";
import { freeCores } from "./threads.ts";

/** The loaded weights and the sequences that work on them. */
export interface Engine {
  /** The lane of this name; opened at its first use, and anew when its prefix has changed. */
  lane(name: LaneName, prefix: Prompt, signal: AbortSignal, onPrepare: (progress: number) => void): Promise<Lane>;
  /** Undefined when the schema cannot be held by a grammar. */
  grammarFor(schema: JsonSchema): Promise<LlamaGrammar | undefined>;
  /** Tokens read and written so far, by all lanes. */
  used(): { readonly input: number; readonly output: number };
  dispose(): Promise<void>;
}

export type LaneName = "decide" | "program" | "pal" | "answer";

export interface EngineOptions {
  readonly modelPath: string;
  readonly modelSha256: string;
  /** Tokens of one lane. */
  readonly contextSize: number;
  readonly onLoad: (progress: number) => void;
}

const laneNames: readonly LaneName[] = ["decide", "program", "pal", "answer"];

/** The library with its native part, before any weights. */
export interface Runtime {
  readonly library: typeof import("node-llama-cpp");
  readonly llama: Llama;
}

/**
 * Brings in the library. Rejects when it is not installed or has no binary for this machine; known before a gigabyte is
 * fetched for it.
 */
export async function startRuntime(gpu: "auto" | false): Promise<Runtime> {
  // Only here: most users have another model, and the library is an optional dependency.
  const library = await import("node-llama-cpp");
  const llama = await library.getLlama({
    gpu,
    build: "never",
    skipDownload: true,
    progressLogs: false,
    logLevel: library.LlamaLogLevel.disabled,
  });
  return { library, llama };
}

/** Loads the weights. Rejects when there is too little memory, and on abort; the runtime is the caller's to free then. */
export async function loadEngine(runtime: Runtime, options: EngineOptions, signal: AbortSignal): Promise<Engine> {
  const { library, llama } = runtime;
  // A container may be granted fewer cores than there are.
  const cores = Math.min(llama.cpuMathCores, availableParallelism());
  const threads = freeCores(cores);
  const adapt = () => {
    // With a graphics card the library's own default is right.
    if (llama.gpu === false) llama.maxThreads = threads();
  };
  signal.throwIfAborted();
  const model = await llama.loadModel({
    modelPath: options.modelPath,
    loadSignal: signal,
    onLoadProgress: options.onLoad,
  });
  const context = await model.createContext({
    contextSize: options.contextSize,
    sequences: laneNames.length,
    ...(llama.gpu === false && { threads: cores }),
    createSignal: signal,
  });
  const version = await library.getModuleVersion();
  adapt();
  return engineOf(runtime, { model, context, version, options, adapt });
}

interface Loaded {
  readonly model: LlamaModel;
  readonly context: LlamaContext;
  readonly version: string;
  readonly options: EngineOptions;
  /** Called between evaluations: takes as many threads as there are free cores. */
  readonly adapt: () => void;
}

function engineOf({ library, llama }: Runtime, { model, context, version, options, adapt }: Loaded): Engine {
  const sequences = new Map(laneNames.map((name) => [name, context.getSequence()]));
  const lanes = new Map<LaneName, { readonly prefix: string; readonly lane: Lane }>();
  return {
    async lane(name, prefix, signal, onPrepare) {
      const sequence = sequences.get(name);
      if (!sequence) throw new Error(`There is no lane ${name}.`);
      const key = JSON.stringify(prefix);
      const open = lanes.get(name);
      if (open?.prefix === key) return open.lane;
      const lane = await openLane(
        {
          name,
          prefix,
          model,
          sequence,
          modelPath: options.modelPath,
          stateKey: `${options.modelSha256} ${version} ${llama.gpu}`,
          createGrammarState: (grammar) => new library.LlamaGrammarEvaluationState({ model, grammar }),
          onPrepare,
          adapt,
        },
        signal,
      );
      lanes.set(name, { prefix: key, lane });
      return lane;
    },
    async grammarFor(schema) {
      try {
        // The library infers a result type from a literal schema; ours is known at run time only.
        return await llama.createGrammarForJsonSchema(grammarSchema(schema) as { type: "object" });
      } catch {
        return undefined;
      }
    },
    used() {
      const meters = [...sequences.values()].map(({ tokenMeter }) => tokenMeter);
      return {
        input: meters.reduce((sum, meter) => sum + meter.usedInputTokens, 0),
        output: meters.reduce((sum, meter) => sum + meter.usedOutputTokens, 0),
      };
    },
    async dispose() {
      // Takes the model and its context along.
      await llama.dispose();
    },
  };
}
