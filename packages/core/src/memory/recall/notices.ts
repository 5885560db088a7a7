import type { Failure } from "../../protocol/index.ts";

// What keeps an answer from being whole, for a person.

export const unfinished: Failure = {
  code: "index_incomplete",
  message: "The search index is still being built: older messages may be missing from this answer.",
  hint: "Ask again in a moment.",
};

export function unwritable(error: unknown): Failure {
  return {
    code: "index_unwritable",
    message: `The search index cannot be kept on disk (${reasonOf(error)}): it is built anew each time.`,
    hint: "Make the cache folder writable.",
  };
}

export function wordsOnly(error: unknown): Failure {
  return {
    code: "embedder_unavailable",
    message: `The embedding model did not answer (${reasonOf(error)}): found by words alone.`,
    hint: "Check memory.embeddings in the configuration.",
  };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
