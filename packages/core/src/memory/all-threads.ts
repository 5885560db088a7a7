import type { ThreadInfo, ThreadQuery, ThreadStore } from "./thread-store.ts";

const page = 200;

/** Every thread of a namespace, newest first, page by page. Throws a `StoreError` when the store cannot be used. */
export async function* allThreads(
  store: Pick<ThreadStore, "threads">,
  namespace: string,
  query: Pick<ThreadQuery, "folder"> = {},
): AsyncGenerator<ThreadInfo> {
  for (let cursor: string | undefined; ; ) {
    const { threads, next } = await store.threads(namespace, {
      ...query,
      limit: page,
      ...(cursor !== undefined && { cursor }),
    });
    yield* threads;
    if (next === undefined) return;
    cursor = next;
  }
}
