import { palOf, type TurnOptions } from "@chingu/core";
import type { Messages } from "../language/index.ts";
import type { SettingFlags } from "../settings.ts";

/** How the next turns of a conversation are answered. */
export interface Answering {
  options(): Pick<TurnOptions, "pal" | "samples">;
  /** Switches programs on and off, or on with so many samples; gives back what is so now. */
  switch(argument: string): string;
}

export function createAnswering(flags: Pick<SettingFlags, "pal" | "samples">, messages: Messages): Answering {
  let samples = flags.pal ? (flags.samples ?? 1) : undefined;
  return {
    options: () => (samples === undefined ? {} : { pal: true, samples }),
    switch(argument) {
      if (argument === "") samples = samples === undefined ? 1 : undefined;
      else if (argument === "off") samples = undefined;
      else {
        const asked = palOf({ pal: true, samples: Number(argument) });
        if (!asked || "code" in asked) return messages.palUsage;
        samples = asked.samples;
      }
      return samples === undefined ? messages.palOff : messages.palOn(samples);
    },
  };
}
