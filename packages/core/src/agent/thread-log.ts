import type { AppendOptions, Row, ThreadKey, ThreadStore } from "../memory/thread-store.ts";
import type { ThreadLog } from "./turn-log.ts";

/** The log of one thread in a store. `created` is what a new thread is given. Rows that cannot be read are passed over. */
export function openThreadLog(
  store: ThreadStore,
  key: ThreadKey,
  created: Pick<AppendOptions, "title" | "folder">,
): ThreadLog {
  return {
    threadId: key.id,
    load: async () => (await store.read(key)).flatMap((row: Row) => ("message" in row ? [row.message] : [])),
    append: async (message, op) => {
      await store.append(key, [message], { op, ...created });
    },
    saveText: (text) => store.saveText(key, text),
  };
}
