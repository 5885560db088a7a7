import { join } from "node:path";
import { createCardFolder, probeEndpoint } from "@chingu/core";
import type { Io } from "../io.ts";
import { CommandFailure } from "../output/report-failure.ts";
import { writeRows } from "../output/rows.ts";
import { clock, openTransport, readSettings, resolve, type SettingFlags } from "../settings.ts";

/** `chingu models probe`: asks an endpoint again what it takes, and keeps what it showed. */
export async function probeModel(name: string | undefined, flags: SettingFlags, io: Io): Promise<number> {
  const settings = await readSettings(name === undefined ? flags : { ...flags, model: name }, io);
  const transport = openTransport(io);
  const resolution = await resolve(settings, io, transport);
  if (resolution.kind === "failed") throw new CommandFailure(resolution.failure);
  const { choice } = resolution;
  if (choice.kind === "embedded") {
    const hint = "name a model of an endpoint: chingu models probe PROVIDER/MODEL";
    throw new CommandFailure({ code: "usage", message: "the embedded model is known and needs no probe", hint });
  }
  const { baseURL, model, apiKey, headers } = choice;
  const endpoint = { baseURL, model, transport, clock, ...(apiKey && { apiKey }), ...(headers && { headers }) };
  const card = await probeEndpoint(endpoint, io.signal);
  if (!card) {
    throw new CommandFailure({
      code: "model_unavailable",
      message: `nothing could be found out about ${model} at ${baseURL}`,
      hint: "chingu doctor says whether it answers at all",
    });
  }
  await createCardFolder(join(settings.folders.cache, "cards")).write(card);
  const { profile } = card;
  writeRows([{ baseURL, model, at: card.at, profile }], () => profileText(profile), flags.output, io);
  return 0;
}

/** `tools: true`, a line each; what is as everywhere is not in a card. */
function profileText(profile: object): string {
  const lines = Object.entries(profile).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return lines.length > 0 ? lines.join("\n") : "takes everything that is common";
}
