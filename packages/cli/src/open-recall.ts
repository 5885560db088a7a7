import { type AgentOptions, type Embedder, fetchEmbeddings, type Transport } from "@chingu/core";
import type { Io } from "./io.ts";
import { clock, indexFolder, resolve, type Settings } from "./settings.ts";

type RecallSettings = Required<Pick<NonNullable<AgentOptions["recall"]>, "folder" | "zone">> & {
  readonly embedder?: Embedder;
};

/** How this command searches: where the index lies, whose clock counts, and the embedding model, where one is configured. */
export function recallSettings(settings: Settings, io: Io, transport: Transport): RecallSettings {
  const embeddings = settings.config.memory?.embeddings;
  return {
    folder: indexFolder(settings),
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    ...(embeddings && { embedder: openEmbedder(embeddings, settings, io, transport) }),
  };
}

/** Finds its endpoint when it is first needed; one that cannot be found fails like one that does not answer. */
function openEmbedder(
  { model, provider }: { readonly model: string; readonly provider?: string | undefined },
  settings: Settings,
  io: Io,
  transport: Transport,
): Embedder {
  const name = provider === undefined ? model : `${provider}/${model}`;
  return {
    model: name,
    async embed(texts, signal) {
      const resolution = await resolve({ ...settings, flags: { ...settings.flags, model: name } }, io, transport);
      if (resolution.kind === "failed") throw new Error(resolution.failure.message);
      const { choice } = resolution;
      if (choice.kind === "embedded") throw new Error("the embedded model makes no embeddings");
      return fetchEmbeddings(choice, texts, { transport, now: clock.now(), signal });
    },
  };
}
