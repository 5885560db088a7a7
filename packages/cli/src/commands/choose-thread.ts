import { allThreads, type ThreadInfo, type ThreadStore, waitingCalls } from "@chingu/core";
import type { Io } from "../io.ts";
import { CommandFailure } from "../output/report-failure.ts";
import { namespace } from "../settings.ts";

/** The thread to go on with; undefined begins a new one. */
export async function chooseThread(
  flags: { readonly continue?: boolean; readonly thread?: string },
  store: ThreadStore,
  io: Io,
  onNone: () => void,
): Promise<string | undefined> {
  if (flags.thread !== undefined) return (await findThread(store, flags.thread)).id;
  if (!flags.continue) return undefined;
  const { threads } = await store.threads(namespace, { folder: io.folder, limit: 1 });
  if (threads.length === 0) onNone();
  return threads[0]?.id;
}

/** Whether calls of a thread wait for a person's answer. */
export async function callsWait(store: ThreadStore, id: string): Promise<boolean> {
  const rows = await store.read({ namespace, id });
  return waitingCalls(rows.flatMap((row) => ("message" in row ? [row.message] : []))) !== undefined;
}

/** The thread of that id, or the only one whose id starts or ends like it. */
export async function findThread(store: ThreadStore, id: string): Promise<ThreadInfo> {
  const exact = await store.info({ namespace, id });
  if (exact) return exact;
  const alike: ThreadInfo[] = [];
  for await (const thread of allThreads(store, namespace)) {
    if (id.length >= 4 && (thread.id.startsWith(id) || thread.id.endsWith(id))) alike.push(thread);
  }
  const [only] = alike;
  if (only && alike.length === 1) return only;
  throw new CommandFailure({
    code: "usage",
    message:
      alike.length > 1 ? `several threads have an id like "${id}"` : `there is no thread "${id}" in ${store.url}`,
    hint: "chingu threads list shows them",
  });
}
