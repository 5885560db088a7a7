import { openRecall, type ThreadStore } from "@chingu/core";
import type { Io } from "../../io.ts";
import { recallSettings } from "../../open-recall.ts";
import { clock, namespace, openTransport, type Settings } from "../../settings.ts";

/** Erases threads from the store, and from the search index at once. */
export async function eraseThreads(
  ids: readonly string[],
  store: ThreadStore,
  settings: Settings,
  io: Io,
): Promise<void> {
  const recall = openRecall({ store, namespace, clock, ...recallSettings(settings, io, openTransport(io)) });
  io.cleanup.defer(() => recall.close());
  for (const id of ids) {
    await store.erase({ namespace, thread: id });
    await recall.forget(id);
  }
}
