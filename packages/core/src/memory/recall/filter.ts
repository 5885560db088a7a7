import type { Doc } from "./docs.ts";
import type { ThreadTable } from "./sync.ts";

/** What may be answered; what a field leaves out does not matter. */
export interface Filter {
  /** Only messages of this thread. */
  readonly thread?: string;
  /** Only threads that were started in this folder. */
  readonly folder?: string;
  /** Only messages from this instant on, and before that one; in ms since the epoch. */
  readonly after?: number;
  readonly before?: number;
}

/** The filter as a question about one document. */
export function filterOf(filter: Filter, threads: ThreadTable): (doc: Doc) => boolean {
  const { after = 0, before = Number.POSITIVE_INFINITY } = filter;
  const thread = filter.thread === undefined ? undefined : (threads.find(filter.thread)?.id ?? -1);
  const inFolder = filter.folder === undefined ? undefined : threads.inFolder(filter.folder);
  return (doc) =>
    doc.at >= after &&
    doc.at < before &&
    (thread === undefined || doc.thread === thread) &&
    (inFolder === undefined || inFolder.has(doc.thread));
}
