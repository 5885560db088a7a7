import { join } from "node:path";
import {
  type ChatModel,
  createCardFolder,
  createFallbackModel,
  defaultPolicy,
  makeId,
  openModel,
  type Resolution,
  type Transport,
  variable,
} from "@chingu/core";
import type { Io } from "./io.ts";
import { artefactOptions, clock, resolve, type Settings } from "./settings.ts";

/** A model and what led to it. */
export interface OpenedModel {
  readonly model: ChatModel;
  readonly resolution: Resolution;
}

export interface OpenedModels extends OpenedModel {
  /** The first is the one that is wanted; more where the configuration names models to fall back on. */
  readonly candidates: readonly OpenedModel[];
}

/** The model the settings lead to, with those behind it that take over when it cannot be had. */
export async function openModels(settings: Settings, io: Io, transport: Transport): Promise<OpenedModels> {
  const { flags, config, folders } = settings;
  const open = async (named: string | undefined): Promise<OpenedModel> => {
    const asked = named === undefined ? settings : { ...settings, flags: { ...flags, model: named } };
    const resolution = await resolve(asked, io, transport);
    const model = openModel(resolution, {
      clock,
      makeId,
      transport,
      artefacts: artefactOptions(settings, io),
      gpu: variable(io.environment, "CHINGU_GPU") === "off" ? false : "auto",
      cards: createCardFolder(join(folders.cache, "cards")),
    });
    io.cleanup.defer(async () => model.dispose?.());
    return { resolution, model };
  };
  const [first, others] = await Promise.all([open(undefined), Promise.all((config.fallback ?? []).map(open))]);
  if (others.length === 0) return { ...first, candidates: [first] };
  const candidates = [first, ...others];
  const model = createFallbackModel({
    models: candidates.map((candidate) => candidate.model),
    clock,
    retries: defaultPolicy.maxRetries,
  });
  return { model, resolution: first.resolution, candidates };
}
