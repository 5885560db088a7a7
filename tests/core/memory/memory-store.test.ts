import { createMemoryStore } from "../../../packages/core/src/memory/memory-store.ts";
import type { ThreadStore } from "../../../packages/core/src/memory/thread-store.ts";
import { threadStoreContract } from "./thread-store.contract.ts";

threadStoreContract("in memory", async ({ clock }) => {
  const shared = createMemoryStore({ clock });
  let opened = 0;
  return {
    // The data lives in the store itself: the first two are one store, the one that gets closed is another.
    open: async (): Promise<ThreadStore> => (opened++ < 2 ? shared : createMemoryStore({ clock })),
    stop: async () => {},
  };
});
