import { english } from "./english.ts";
import { korean } from "./korean.ts";
import type { Messages } from "./messages.ts";

export type { Messages };
export type Language = "ko" | "en";

export const catalogues: Record<Language, Messages> = { en: english, ko: korean };

/** The language of a session: what was configured, else `CHINGU_LANG`, else the locale; English for all but Korean. */
export function languageOf(
  environment: { readonly [name: string]: string | undefined },
  configured: Language | undefined,
): Language {
  const locale =
    environment["CHINGU_LANG"] ||
    configured ||
    environment["LC_ALL"] ||
    environment["LC_MESSAGES"] ||
    environment["LANG"] ||
    "";
  return /^ko/i.test(locale) ? "ko" : "en";
}
