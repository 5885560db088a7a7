import type { Fact } from "../protocol/index.ts";

/** A fact as a store keeps it; what cannot be read says so and is never overwritten. */
export type FactRow = { readonly id: string; readonly fact: Fact } | { readonly id: string; readonly corrupt: string };

/** The long-term facts of one namespace. Every method throws a `StoreError` when the store cannot be used. */
export interface FactStore {
  /**
   * Stores a fact under its id, whole. With `expect: "absent"` one that is there already stays as it is, and the answer
   * is false; with `expect: "present"` the same where there is none.
   */
  put(fact: Fact, options?: { readonly expect?: "absent" | "present" }): Promise<boolean>;
  get(id: string): Promise<FactRow | undefined>;
  /** Every fact, oldest first by `at`, then by id. */
  list(): Promise<readonly FactRow[]>;
  /** Erases the fact with all its bytes in this store; false where there was none. */
  remove(id: string): Promise<boolean>;
}
