import { closeFunctions } from "./closed.ts";
import { addExactFunctions } from "./exact.ts";
import { defineFactors } from "./factors.ts";
import { guardSizes } from "./guards.ts";
import type { MathJs } from "./mathjs.ts";
import { ownUnits } from "./units.ts";

export interface ClosedMath {
  readonly math: MathJs;
  /** Forgets what earlier expressions left behind: mathjs keeps, for all that follow, which units it has seen. */
  forget(): void;
}

/** A mathjs of its own kind of numbers, closed and with our units. */
export function createMath(library: MathJs, kind: "Fraction" | "BigNumber" | "number", precision: number): ClosedMath {
  const math = library.create({ number: kind, ...(kind === "BigNumber" && { precision }) });
  const { isAlpha } = math.parse;
  const { isValidAlpha } = math.Unit;
  const hangul = (character: string) => /^[가-힣]$/.test(character);
  math.parse.isAlpha = (character, before, after) => isAlpha(character, before, after) || hangul(character);
  math.Unit.isValidAlpha = (character) => isValidAlpha(character) || hangul(character);
  const number = (value: bigint): unknown => {
    if (kind === "number") return Number(value);
    return kind === "Fraction" ? math.fraction(value) : math.bignumber(String(value));
  };
  defineFactors(math);
  for (const { name, aliases, of } of ownUnits) {
    const amount = of && math.divide(number(of.amount[0]), number(of.amount[1]));
    math.createUnit(name, { ...(of && { definition: math.unit(amount, of.unit) }), ...(aliases && { aliases }) });
  }
  if (kind === "Fraction") addExactFunctions(math);
  guardSizes(math);
  closeFunctions(math);
  const { si = {}, auto = {} } = math.Unit.UNIT_SYSTEMS;
  const money = new Set(ownUnits.flatMap(({ name, of }) => (of === undefined ? [name] : [])));
  const first = { ...si, ...Object.fromEntries(Object.entries(auto).filter(([, { unit }]) => money.has(unit.name))) };
  return {
    math,
    forget() {
      for (const dimension of Object.keys(auto)) delete auto[dimension];
      Object.assign(auto, first);
    },
  };
}
