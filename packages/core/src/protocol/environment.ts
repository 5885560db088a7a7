/** The time, injected so that tests are deterministic. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Makes ids: ULIDs in the product, counted ones in tests. */
export type MakeId = () => string;
