import type { Passage } from "@chingu/core";
import { namespace } from "../settings.ts";
import type { TerminalCommand } from "../slash-command.ts";
import { passageLines } from "./search.ts";
import type { Talking } from "./talking.ts";
import { passageText } from "./threads/show.ts";

const shown = 8;

/** `/search TEXT` lists what was found in every thread, by number; `/search N` shows what stands around one. */
export function searchCommand({ agent: { recall, store }, messages }: Talking): TerminalCommand[] {
  if (!recall) return [];
  let last: readonly Passage[] = [];

  async function find(text: string): Promise<string> {
    const found = await recall?.search({ text, limit: shown }, AbortSignal.timeout(30_000));
    const notices = found?.notices.map(({ message }) => message) ?? [];
    last = found?.passages ?? [];
    if (last.length === 0) return [messages.search.nothing, ...notices].join("\n");
    const listed = last.map((passage, index) => `${index + 1}. ${passageLines(passage, quoted).join("\n")}`);
    return [...listed, ...notices, messages.search.open(1)].join("\n");
  }

  async function open(number: number): Promise<string> {
    const passage = last[number - 1];
    if (!passage) return messages.search.noSuchHit(number);
    const text = await passageText(store, { namespace, id: passage.thread }, passage.best, messages);
    if (text === undefined) return messages.search.gone;
    return `${text.trimEnd()}\n\n${messages.search.goOn(`chingu --thread ${passage.thread}`)}`;
  }

  return [
    {
      name: "search",
      description: messages.search.command,
      run: async (argument) => {
        if (argument === "") return { text: messages.search.usage };
        // A number is looked for as a word where there is no list to choose from.
        const chosen = last.length > 0 && /^\d{1,2}$/.test(argument);
        return { text: chosen ? await open(Number(argument)) : await find(argument) };
      },
    },
  ];
}

/** A command's text has no styles: finds are put between marks. */
const quoted = (text: string) => `«${text}»`;
