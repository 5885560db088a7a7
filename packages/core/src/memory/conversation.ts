import type { Mark, Message, Summary } from "../protocol/index.ts";
import type { Row } from "./thread-store.ts";

/** A message with its place in the log. */
export interface Placed {
  readonly seq: number;
  readonly message: Message;
}

/** A thread as it is to be read now: what was said and not rewound, and the summaries that count. */
export interface Conversation {
  /** Oldest first. */
  readonly messages: readonly Placed[];
  /** Those that count, oldest first. A later one covers what an earlier one covers, or what lies behind it. */
  readonly summaries: readonly Summary[];
  /** The user took the newest summary back: none is made unasked until one is asked for. */
  readonly unsummarised: boolean;
  /** The number of the newest row, marks and unreadable rows included; 0 for an empty thread. */
  readonly seq: number;
  /** It had rows a moment ago: somebody has deleted it. */
  readonly erased?: true;
}

const nothing: Conversation = { messages: [], summaries: [], unsummarised: false, seq: 0 };

/**
 * Applies a log's marks, to all of its rows or to those behind what is known of it `before`. A rewind takes away every
 * message, and every summary that reaches, behind the row it goes back to; an `uncompact` takes away its summary alone.
 * Rows that cannot be read are passed over.
 */
export function conversationOf(rows: readonly Row[], before: Conversation = nothing): Conversation {
  let messages = [...before.messages];
  let summaries = [...before.summaries];
  let { unsummarised } = before;
  const apply = (mark: Mark): void => {
    switch (mark.type) {
      case "summary":
        summaries.push(mark);
        unsummarised = false;
        return;
      case "uncompact":
        summaries = summaries.filter(({ id }) => id !== mark.summary);
        unsummarised = true;
        return;
      case "rewind":
        messages = messages.filter(({ seq }) => seq <= mark.to);
        summaries = summaries.filter(({ to }) => to <= mark.to);
    }
  };
  for (const row of rows) {
    if ("message" in row) messages.push({ seq: row.seq, message: row.message });
    else if ("mark" in row) apply(row.mark);
  }
  return { messages, summaries, unsummarised, seq: rows.at(-1)?.seq ?? before.seq };
}
