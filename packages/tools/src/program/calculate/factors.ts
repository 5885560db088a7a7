import type { MathJs } from "./mathjs.ts";

/**
 * Factors that mathjs holds rounded or out of date, as a quotient of what defines them, in SI: the international foot
 * (0.3048 m) and pound (0.45359237 kg), standard gravity (9.80665 m/s^2), the SI of 2019.
 */
const definitions: { readonly [unit: string]: readonly [string, string?] } = {
  rd: ["5.0292"],
  sqrd: ["25.29285264"],
  sqch: ["404.68564224"],
  acre: ["4046.8564224"],
  kip: ["4448.2216152605"],
  eV: ["1.602176634e-19"],
  electronvolt: ["1.602176634e-19"],
  // 550 foot-pounds of force a second.
  hp: ["745.69987158227022"],
  psi: ["4.4482216152605", "0.00064516"],
  torr: ["101325", "760"],
  mmHg: ["133.322387415"],
};

/** By custom only: a result with them is never exact. */
export const roughUnits: ReadonlySet<string> = new Set(["stick", "drop", "gtt"]);

/** Constants of nature that are measured, not defined. */
export const roughConstants: ReadonlySet<string> = new Set([
  ...["gravitationConstant", "electricConstant", "magneticConstant", "vacuumImpedance", "coulombConstant"],
  ...["bohrMagneton", "nuclearMagneton", "bohrRadius", "classicalElectronRadius", "electronMass", "fermiCoupling"],
  ...["fineStructure", "hartreeEnergy", "protonMass", "deuteronMass", "neutronMass", "quantumOfCirculation", "rydberg"],
  ...["thomsonCrossSection", "weakMixingAngle", "efimovFactor", "atomicMass", "molarMass", "molarMassC12"],
  ...["planckLength", "planckMass", "planckTime", "planckCharge", "planckTemperature", "loschmidt", "gasConstant"],
  ...["conductanceQuantum", "inverseConductanceQuantum", "magneticFluxQuantum", "josephson", "klitzing", "molarVolume"],
  ...["molarPlanckConstant", "sackurTetrode", "firstRadiation", "secondRadiation", "spectralRadiance"],
  ...["stefanBoltzmann", "wienDisplacement", "faraday", "reducedPlanckConstant"],
]);

/** Makes every factor of a unit the number its decimal digits say: mathjs takes the nearest fraction that is short. */
export function defineFactors(math: MathJs): void {
  for (const [name, [top, bottom = "1"]] of Object.entries(definitions)) {
    const unit = math.Unit.UNITS[name];
    if (unit !== undefined) unit.value = exactFraction(math, top).div(exactFraction(math, bottom));
  }
  const theirs = math.Unit.typeConverters["Fraction"];
  math.Unit.typeConverters["Fraction"] = (factor) =>
    typeof factor === "number" && Number.isFinite(factor) ? exactFraction(math, String(factor)) : theirs?.(factor);
}

/** The value of a decimal numeral, as `6.4516e-10`. */
function exactFraction(math: MathJs, numeral: string) {
  const [, sign = "", whole = "0", places = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/.exec(numeral) ?? [];
  const shift = Number(exponent) - places.length;
  const power = math.fraction(10n ** BigInt(Math.abs(shift)));
  const digits = math.fraction(BigInt(`${sign}${whole}${places}`));
  return shift < 0 ? digits.div(power) : digits.div(math.fraction(1n).div(power));
}
