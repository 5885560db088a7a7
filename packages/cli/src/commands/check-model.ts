import { makeId, openModel, type Resolution, type Transport } from "@chingu/core";
import type { Failure } from "@chingu/core/protocol";
import type { Io } from "../io.ts";
import { artefactOptions, type Settings } from "../settings.ts";

const checkMs = 30_000;

/** Makes one small call. Undefined when the model answered; else why it did not. */
export async function checkModel(
  resolution: Resolution,
  settings: Settings,
  io: Io,
  transport: Transport,
): Promise<Failure | undefined> {
  const artefacts = artefactOptions(settings, io);
  const model = openModel(resolution, { clock: { now: Date.now }, makeId, transport, artefacts, gpu: "auto" });
  const at = new Date().toISOString();
  const parts = [{ type: "text" as const, text: "Answer with the one word OK." }];
  const request = {
    system: "You are being checked.",
    messages: [{ id: "check", turnId: "check", role: "user" as const, state: "complete" as const, at, parts }],
    tools: [],
    toolChoice: "none" as const,
  };
  const signal = AbortSignal.any([io.signal, AbortSignal.timeout(checkMs)]);
  try {
    for await (const event of model.stream(request, signal)) {
      if (event.type !== "failed") continue;
      if (event.error.code !== "aborted" || io.signal.aborted) return event.error;
      return { code: "timeout", message: `${model.id} did not answer within ${checkMs / 1000} s` };
    }
    return undefined;
  } finally {
    await model.dispose?.();
  }
}
