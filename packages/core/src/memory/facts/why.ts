import type { Fact, FactSource, Message } from "../../protocol/index.ts";
import type { ThreadStore } from "../thread-store.ts";
import { versionsOf } from "./fact-view.ts";

/** Where a fact comes from: a message with its words, or without them where the thread is no longer there. */
export interface QuotedSource extends FactSource {
  readonly at?: string;
  readonly quote?: string;
}

export interface FactOrigin {
  readonly fact: Fact;
  readonly sources: readonly QuotedSource[];
  /** The fact and what came before and after it, oldest first. */
  readonly versions: readonly Fact[];
}

/** Why a fact is there: the messages it came from, in their own words, and its versions. */
export async function originOf(
  fact: Fact,
  facts: readonly Fact[],
  { store, namespace }: { readonly store: ThreadStore; readonly namespace: string },
): Promise<FactOrigin> {
  const sources = await Promise.all(
    fact.source.map(async (source): Promise<QuotedSource> => {
      const key = { namespace, id: source.thread };
      const [row] = await store.read(key, { after: source.seq - 1, before: source.seq + 1 });
      if (!row || !("message" in row)) return source;
      return { ...source, at: row.message.at, quote: ownWords(row.message) };
    }),
  );
  return { fact, sources, versions: versionsOf(facts, fact) };
}

function ownWords({ parts }: Message): string {
  return parts.flatMap((part) => (part.type === "text" && part.from === undefined ? [part.text] : [])).join("");
}
