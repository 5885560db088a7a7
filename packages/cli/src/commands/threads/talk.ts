import { makeId, rewind } from "@chingu/core";
import { sanitizeLine } from "@chingu/core/text";
import { clock, namespace } from "../../settings.ts";
import type { TerminalCommand } from "../../slash-command.ts";
import type { Talking } from "../talking.ts";

/** `/rewind [N]`, `/fork [ROW]` and `/rename TITLE`, on the thread of the conversation. */
export function threadCommands({
  agent: { store },
  messages: { threads },
  threadId,
  goTo,
}: Talking): TerminalCommand[] {
  const onThread =
    (work: (thread: { namespace: string; id: string }, argument: string) => Promise<string>) =>
    async (argument: string) => {
      const id = threadId();
      return { text: id === undefined ? threads.noThreadYet : await work({ namespace, id }, argument) };
    };
  return [
    {
      name: "rewind",
      description: threads.rewindCommand,
      run: onThread(async (thread, argument) => {
        const turns = argument === "" ? 1 : Number(argument);
        if (!Number.isInteger(turns) || turns < 1) return `/rewind [N]: ${threads.rewindCommand}`;
        const outcome = await rewind(store, thread, { turns }, { clock, makeId });
        if (outcome.kind === "nothing") return threads.nothingToRewind;
        return threads.rewoundTo(thread.id, outcome.to, outcome.left);
      }),
    },
    {
      name: "fork",
      description: threads.forkCommand,
      run: onThread(async (thread, argument) => {
        const at = argument === "" ? (await store.info(thread))?.seq : Number(argument);
        if (at === undefined) return threads.noThreadYet;
        if (!Number.isInteger(at)) return `/fork [ROW]: ${threads.forkCommand}`;
        const outcome = await store.fork(thread, at, makeId());
        if (outcome.kind !== "forked") return `/fork [ROW]: ${threads.forkCommand}`;
        goTo(outcome.info.id);
        return threads.goesOnIn(outcome.info.id);
      }),
    },
    {
      name: "rename",
      description: threads.renameCommand,
      run: onThread(async (thread, title) => {
        if (!(await store.rename(thread, title.normalize("NFC")))) return threads.noThreadYet;
        return threads.renamed(thread.id, sanitizeLine((await store.info(thread))?.title ?? title));
      }),
    },
  ];
}
