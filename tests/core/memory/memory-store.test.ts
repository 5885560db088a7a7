import { createMemoryStore } from "../../../packages/core/src/memory/memory-store.ts";
import type { StoreEnvironment } from "../../../packages/core/src/memory/open.ts";
import type { ThreadStore } from "../../../packages/core/src/memory/thread-store.ts";
import { factStoreContract } from "./fact-store.contract.ts";
import { type SearchableBackend, threadChangesContract } from "./thread-changes.contract.ts";
import { threadStoreContract } from "./thread-store.contract.ts";

const startBackend = async ({ clock }: StoreEnvironment): Promise<SearchableBackend> => {
  const shared = createMemoryStore({ clock });
  let opened = 0;
  return {
    // The data lives in the store itself: the first two are one store, the one that gets closed is another.
    open: async (): Promise<ThreadStore> => (opened++ < 2 ? shared : createMemoryStore({ clock })),
    placesWith: async () => [],
    stop: async () => {},
  };
};
threadStoreContract("in memory", startBackend);
threadChangesContract("in memory", startBackend);
factStoreContract("in memory", startBackend);
