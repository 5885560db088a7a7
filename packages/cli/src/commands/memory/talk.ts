import { createFacts, currentFacts, findFactId, holdsIn, shortIds } from "@chingu/core";
import { sanitizeLine } from "@chingu/core/text";
import { errorText } from "../../output/turn-writer.ts";
import { clock, namespace } from "../../settings.ts";
import type { TerminalCommand } from "../../slash-command.ts";
import type { Talking } from "../talking.ts";
import { factLine } from "./show.ts";

/** `/memory`, `/remember TEXT` and `/forget ID`. What they change the model is told with the next words. */
export function memoryCommands({ agent: { store }, messages, project, threadId }: Talking): TerminalCommand[] {
  const { memory } = messages;
  const facts = createFacts({ store: store.facts(namespace), clock });
  const read = async () => {
    const all = await facts.all();
    const ids = all.map(({ id }) => id);
    const short = shortIds(ids);
    return { all, ids, short: (id: string) => short.get(id) ?? id };
  };
  return [
    {
      name: "memory",
      description: memory.listCommand,
      run: async () => {
        const { all, short } = await read();
        const here = currentFacts(all, clock.now()).filter(({ scope }) =>
          holdsIn(scope, { project, thread: threadId() }),
        );
        const lines = here.map((fact) => factLine({ ...fact, short: short(fact.id), holds: true }, messages));
        return { text: lines.length > 0 ? lines.toReversed().join("\n") : memory.none };
      },
    },
    {
      name: "remember",
      description: memory.rememberCommand,
      run: async (text) => {
        if (text === "") return { text: `/remember TEXT: ${memory.rememberCommand}` };
        const saved = await facts.save({ text, source: [], by: "user" });
        if (saved.kind === "refused") return { text: errorText(saved.failure, messages) };
        const id = (await read()).short(saved.fact.id);
        if (saved.kind === "similar") return { text: memory.similar(id, sanitizeLine(saved.fact.text)) };
        return { text: (saved.kind === "saved" ? memory.saved : memory.known)(id) };
      },
    },
    {
      name: "forget",
      description: memory.forgetCommand,
      run: async (argument) => {
        const [asked = "", sure] = argument.split(/\s+/);
        const { all, ids, short } = await read();
        const found = findFactId(ids, asked);
        const fact = found.kind === "found" ? all.find(({ id }) => id === found.id) : undefined;
        if (!fact) return { text: `/forget ID: ${memory.forgetCommand}\n${memory.noSuchFact}` };
        if (sure !== "yes") return { text: memory.forgetSure(short(fact.id), sanitizeLine(fact.text)) };
        return { text: memory.forgotten((await facts.forget(fact.id, { versions: "earlier" })).length) };
      },
    },
  ];
}
