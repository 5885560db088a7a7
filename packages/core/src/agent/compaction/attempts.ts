/** Remembers for which place of the cut a summary was asked for, so that one that failed is not asked for at every step. */
export interface Attempts {
  /** False where it was asked for already. */
  begin(threadId: string, to: number): boolean;
  /** It was stopped and may be asked for again. */
  forget(threadId: string): void;
}

const threadsKept = 100;

export function createAttempts(): Attempts {
  const tried = new Map<string, number>();
  return {
    begin(threadId, to) {
      if (tried.get(threadId) === to) return false;
      tried.delete(threadId);
      tried.set(threadId, to);
      for (const oldest of tried.keys()) if (tried.size > threadsKept) tried.delete(oldest);
      return true;
    },
    forget: (threadId) => void tried.delete(threadId),
  };
}
