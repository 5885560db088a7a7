import { createHash } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { profileSchema } from "./profile.ts";

/** What an endpoint nobody knows has shown of itself when it was asked once. */
export const cardSchema = z.strictObject({
  version: z.literal(1),
  baseURL: z.string(),
  model: z.string(),
  /** When it was asked: ISO 8601, UTC. */
  at: z.iso.datetime(),
  /** What differs from what is taken for granted. */
  profile: profileSchema.partial().strict(),
});
export type CapabilityCard = z.infer<typeof cardSchema>;

export interface CardKey {
  readonly baseURL: string;
  readonly model: string;
}

/** Where cards are kept. A card that cannot be read is one that is not there; neither method rejects. */
export interface CardCache {
  read(key: CardKey): Promise<CapabilityCard | undefined>;
  write(card: CapabilityCard): Promise<void>;
}

const longestAgeMs = 30 * 24 * 60 * 60 * 1000;

/** Whether a card is too old, or from the future, to be believed: endpoints change. */
export function isStale({ at }: CapabilityCard, now: number): boolean {
  const age = now - Date.parse(at);
  return age > longestAgeMs || age < -60_000;
}

/** Cards as files, one an endpoint and model, in a folder that may be deleted at any time. */
export function createCardFolder(folder: string): CardCache {
  return {
    async read(key) {
      try {
        const card = cardSchema.parse(JSON.parse(await readFile(fileOf(folder, key), "utf8")));
        // Of another endpoint whose name has the same hash, or moved here by hand.
        return card.baseURL === key.baseURL && card.model === key.model ? card : undefined;
      } catch {
        return undefined;
      }
    },
    async write(card) {
      const file = fileOf(folder, card);
      const next = `${file}.${process.pid}.new`;
      try {
        await mkdir(folder, { recursive: true });
        await writeFile(next, `${JSON.stringify(card, null, 2)}\n`);
        await rename(next, file);
      } catch {
        // Without it the endpoint is asked again next time.
        await rm(next, { force: true }).catch(() => {});
      }
    },
  };
}

function fileOf(folder: string, { baseURL, model }: CardKey): string {
  const hash = createHash("sha256").update(`${baseURL}\n${model}`).digest("hex").slice(0, 32);
  return join(folder, `${hash}.json`);
}
