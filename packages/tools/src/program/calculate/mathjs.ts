/** Sign, numerator, denominator. */
export interface Fraction {
  readonly s: bigint;
  readonly n: bigint;
  readonly d: bigint;
  div(other: Fraction): Fraction;
}

export interface Big {
  readonly e: number;
  isFinite(): boolean;
  isInteger(): boolean;
  isZero(): boolean;
  toFixed(decimals?: number): string;
  toSignificantDigits(digits: number): Big;
  toString(): string;
  equals(other: Big): boolean;
  precision(): number;
}

export interface Unit {
  readonly dimensions: readonly number[];
  readonly units: readonly { readonly unit: UnitKind; readonly prefix: { readonly value: number } }[];
  to(other: Unit): Unit;
  simplify(): Unit;
  toJSON(): { readonly value: unknown; readonly unit: string | null; readonly skipSimp: boolean };
}

/** What a unit is of the base unit of its dimension. */
export interface UnitKind {
  readonly name: string;
  value: unknown;
}

export interface MathNode {
  readonly name?: string;
  readonly isSymbolNode?: boolean;
  readonly isFunctionNode?: boolean;
  readonly fn?: { readonly isAccessorNode?: boolean; readonly name?: string };
  traverse(visit: (node: MathNode) => void): void;
  compile(): { evaluate(scope: Map<string, unknown>): unknown };
}

type IsAlpha = (character: string, before: string, after: string) => boolean;

/** What we use of mathjs. */
export interface MathJs {
  readonly Unit: {
    isValuelessUnit(name: string): boolean;
    readonly BASE_DIMENSIONS: readonly string[];
    /** The unit in which each dimension is shown. */
    readonly UNIT_SYSTEMS: {
      readonly [system: string]: { [dimension: string]: { readonly unit: { readonly name: string } } };
    };
    isValidAlpha: (character: string) => boolean;
    readonly UNITS: { readonly [name: string]: UnitKind };
    /** How mathjs turns the factor of a unit or prefix into the numbers it computes with. */
    readonly typeConverters: { [kind: string]: (factor: unknown) => unknown };
  };
  readonly expression: { readonly mathWithTransform: { readonly [name: string]: unknown } };
  readonly parse: ((expression: string) => MathNode) & { isAlpha: IsAlpha };
  create(config: object): MathJs;
  config(config: object): object;
  typeOf(value: unknown): string;
  bignumber(value: string | bigint): Big;
  fraction(value: bigint): Fraction;
  divide(top: unknown, bottom: unknown): unknown;
  unit(value: unknown, unit?: string): Unit;
  createUnit(name: string, definition: { readonly definition?: Unit; readonly aliases?: readonly string[] }): unknown;
}

/** Puts a function in the place of one of mathjs, for what an expression sees; the library itself goes on using its own. */
export function replace(math: MathJs, name: string, make: (theirs: (...args: unknown[]) => unknown) => unknown): void {
  const theirs = math.expression.mathWithTransform[name];
  if (typeof theirs !== "function") return;
  Object.defineProperty(math.expression.mathWithTransform, name, {
    value: make(theirs as (...args: unknown[]) => unknown),
  });
}
