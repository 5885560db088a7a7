/** The time, injected so that tests are deterministic. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Makes ids: ULIDs in the product, counted ones in tests. */
export type MakeId = () => string;

/** Environment variables as they are passed in; nothing reads the process's own. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The value of a variable; an empty one counts as unset. */
export function variable(environment: Environment, name: string): string | undefined {
  return environment[name]?.trim() || undefined;
}
